"""Tables for people: the result of a run, a run's inside, lists; and the metrics that they show.

rich is imported when something is printed, since it takes its time.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from inspect import getdoc
from typing import TYPE_CHECKING, Any

from ...actors.resolved import default_catalogue
from ...runtime.wording import printable
from ...scenarios.catalogue import CatalogueError
from ...scenarios.measures.metric import METRICS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn
    from rich.table import Table

    from ..runs.live_run import Result

_STYLE = {"completed": "green", "stopped": "yellow", "interrupted": "yellow", "failed": "red",
          "running": "cyan"}  # fmt: skip

_MOST_AGENTS, _MOST_FAILED = 30, 10
_LONGEST_EVENT = 1_000
"""In characters."""
_PIPED_WIDTH = 160
"""Columns where there is no terminal: whoever reads a file or a pipe can scroll."""

_MOST_OF_THE_WORLD = 4

_USUAL = {
    "toxicity_rate": "toxicity",
    "quality_gap": "quality gap",
    "conditional_loss_initiator": "cond. loss",
    "total_welfare": "welfare",
    "acceptance_rate": "accepted",
    "participation_rate": "active",
    "mean_alignment": "aligned",
}
"""The usual metrics in order; their short headings stand side by side in 80 columns."""


def console() -> "Console":
    """Return the console that tables are printed on; plain where there is no terminal."""
    from rich.console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, emoji=False, width=_PIPED_WIDTH if piped else None)


def stderr_bar(*columns: "ProgressColumn", expand: bool = False) -> "Progress":
    """Make a progress bar on stderr, which goes away at its end."""
    from rich.console import Console
    from rich.progress import Progress

    out = Console(stderr=True, highlight=False, emoji=False)
    return Progress(*columns, console=out, transient=True, expand=expand)


def line(text: str, *, markup: bool = True) -> None:
    """Print a line of text, which is never broken."""
    console().print(text, soft_wrap=True, markup=markup)


def safe(text: Any) -> str:
    """Make any text a table's cell, in which neither markup nor terminal codes act."""
    from rich.markup import escape

    return escape(printable(str(text)))


def status_text(status: str) -> str:
    """Show a run's status in its colour."""
    return f"[{_STYLE.get(status, 'default')}]{safe(status)}[/]"


def shown(value: Any) -> str:
    """Show a metric's value for people."""
    if value is None:
        return "undefined"
    if isinstance(value, float):
        return f"{round(value, 3) + 0.0:,.3f}"  # no -0.000
    return f"{value:,}" if isinstance(value, int) else safe(value)


def heading(name: str) -> str:
    """Return a metric's name in a few short words."""
    return _USUAL.get(name, name.replace("_", " "))


def chosen(track: Sequence[str], present: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the metrics to show, each with what it says; in order.

    Those that the scenario tracks, else the usual ones; then the world's own.
    """
    wanted = dict(_tracked(name) for name in track) or {name: METRICS[name] for name in _USUAL}
    found = {name: says for name, says in wanted.items() if name in present}
    others = [name for name in present if name not in METRICS and name not in found]
    return found | dict.fromkeys(others[:_MOST_OF_THE_WORLD], "") or dict.fromkeys(present, "")


def _tracked(name: str) -> tuple[str, str]:
    """Return the name and the meaning of a tracked metric, which may be a `module:Class`."""
    if name in METRICS:
        return name, METRICS[name]
    try:
        found = default_catalogue().resolve("metrics", name)
    except CatalogueError:
        return name, ""
    return found.name, first_line(found)


def first_line(found: type) -> str:
    """Return the first line of a class's docstring."""
    return (getdoc(found) or "").partition("\n")[0]


def print_result(result: "Result", track: Sequence[str]) -> None:
    """Print the table at the end of a run, and where its files are."""
    if result.overall:
        console().print(_figures(result, track))
    rate = result.agent_steps / result.cpu_s if result.cpu_s else 0.0
    line(
        f"{status_text(result.status)}: {counted(result.epochs, 'epoch')}, "
        f"{counted(result.agent_steps, 'agent-step')}, {result.cpu_s:.2f} s of CPU "
        f"({rate:,.0f} agent-steps per CPU-second)"
    )
    for text in cost_lines(result.language_models):
        line(text, markup=False)
    line(f"run: {result.directory}", markup=False)
    if result.paused is not None:
        line(f"[yellow]paused[/]: {safe(result.paused)}")
    elif result.status == "stopped":
        _print_resume(result.directory)


def _print_resume(run_dir: object) -> None:
    line(f"go on with: gdg-runtime resume {run_dir}", markup=False)


def _figures(result: "Result", track: Sequence[str]) -> "Table":
    table = _table(f"{result.scenario}, seed {result.seed}")
    table.add_column("figure of the whole run")
    table.add_column("value", justify="right")
    table.add_column("what it says", style="dim", overflow="fold")
    for name, says in chosen(track, result.overall).items():
        figure = result.overall[name]
        note = says if figure["value"] is not None else figure.get("reason")
        table.add_row(safe(name), shown(figure["value"]), safe(note))
    return table


def _table(title: str) -> "Table":
    from rich.table import Table

    return Table(title=title, title_justify="left")


def counted(count: int, noun: str) -> str:
    """Show a number of things: `1 step`, `1,200 steps`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Show a time for people in at most two units: 45 s, 3 min 20 s, 2 h, 5 h 12 min, 2 d 3 h."""
    whole = round(seconds)
    for unit, part, size, fraction in (("d", "h", 86_400, 3_600), ("h", "min", 3_600, 60),
                                       ("min", "s", 60, 1)):  # fmt: skip
        if whole >= size:
            parts = whole % size // fraction
            return f"{whole // size:,} {unit}" + (f" {parts} {part}" if parts else "")
    return f"{whole} s"


def rows_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> "Table":  # fmt: skip
    """Make a plain table; `right` names the columns of numbers, `optional` those that are left out
    if nothing is in them. Cells of text are markup already.

    What stands in the first column can be copied: it is never broken.
    """
    table = _table(safe(title))
    kept = [place for place, column in enumerate(columns)
            if column not in optional or any(row[place] for row in rows)]  # fmt: skip
    for place in kept:
        justify: Any = "right" if columns[place] in right else "left"
        table.add_column(safe(columns[place]), overflow="fold", justify=justify, no_wrap=not place)
    for row in rows:
        cells = ["" if row[place] is None else row[place] for place in kept]
        table.add_row(*[cell if isinstance(cell, str) else shown(cell) for cell in cells])
    return table


def epochs_table(epochs: Sequence[Mapping[str, Any]], track: Sequence[str], last: int) -> "Table":
    """Make the table of the metrics of the `last` epochs."""
    names = list(chosen(track, epochs[0]["metrics"] if epochs else {}))
    shortened = f" (the last {last} of {len(epochs)})" if len(epochs) > last else ""
    table = _table(f"Metrics per epoch{shortened}")
    table.add_column("epoch", justify="right")
    for name in names:
        words = safe(heading(name)).replace(" ", "\n")
        table.add_column(words, justify="right", overflow="fold")
    for entry in epochs[-last:]:
        figures = [entry["metrics"].get(name, {"value": None}) for name in names]
        table.add_row(shown(entry["epoch"]), *[shown(figure["value"]) for figure in figures])
    return table


def cost_lines(models: Mapping[str, Any] | None) -> list[str]:
    """Describe the cost of a run from `LanguageModels.to_json`; an unknown cost says so."""
    if not models:
        return []
    run = models["run"]
    lines = [
        f"language models: {run['calls']:,} calls, {run['prompt_tokens']:,} prompt and "
        f"{run['completion_tokens']:,} completion tokens, {_cost(run)}"
    ]
    if run["unknown_usage_calls"]:
        lines.append(
            f"of these, {run['unknown_usage_calls']:,} calls failed without telling their tokens; "
            f"they are counted at their estimate"
        )
    return lines


def _cost(run: Mapping[str, Any]) -> str:
    if run["usd"] is None:
        return "cost unknown (no price for the model: `price:` in the scenario file gives one)"
    unpriced = run["calls_without_price"]
    more = f" and {unpriced:,} calls at unknown prices" if unpriced else ""
    return f"${run['usd']:,.6f}".rstrip("0").rstrip(".") + more


def print_run(document: Mapping[str, Any], epochs: int) -> None:
    """Print a run as `show` has it: summary, metrics, the last so many epochs, agents, events."""
    out, track = console(), document["config"]["metrics"]["track"]
    _print_heading(document)
    if document["overall"]:
        rows = [
            [safe(name), shown(figure["value"]), figure["n"], safe(figure.get("reason") or "")]
            for name, figure in document["overall"].items()
        ]
        columns = ["figure", "value", "n", "note"]
        out.print(rows_table("The whole run", columns, rows, right=("value", "n")))
    if document["epochs"]:
        out.print(epochs_table(document["epochs"], tuple(track), epochs))
    if document["agents"]:
        out.print(_agents_table(document["agents"]))
    _print_failures(document.get("failed_agents", {}))
    _print_events(document["last_events"])
    line(f"run: {document['run_dir']}", markup=False)
    if "note" in document:
        line(f"note: {document['note']}", markup=False)
    elif document["status"] in ("interrupted", "stopped"):
        _print_resume(document["run_dir"])


def _print_heading(document: Mapping[str, Any]) -> None:
    config, meta = document["config"], document["meta"]
    simulation = config["simulation"]
    console().print(f"[bold]{safe(config['scenario_id'])}[/]  {status_text(document['status'])}")
    if config["description"]:
        line(safe(config["description"]))
    line(
        f"{simulation['epochs']:,} epochs of {simulation['steps_per_epoch']:,} steps, seed "
        f"{simulation['seed']}, {simulation['turn_order'].replace('_', ' ')} turns, schedule "
        f"{safe(document['schedule'])}"
    )
    facts = [f"begun {meta['created_at'][:19]}"] if "created_at" in meta else []
    if "agent_steps" in meta:
        facts.append(f"{shown(meta['agent_steps'])} agent-steps in {shown(meta['wall_s'])} s")
    if meta.get("effects"):
        by_status = ", ".join(f"{n:,} {status}" for status, n in meta["effects_by_status"].items())
        facts.append(f"{meta['effects']:,} effects ({by_status})")
    facts.append(f"gdg-runtime {meta.get('version', 'unknown')}")
    line(safe(", ".join(facts)))
    for text in cost_lines(meta.get("language_models")):
        line(safe(text))
    if meta.get("paused"):
        line(f"[yellow]paused[/]: {safe(meta['paused'])}")
    if meta.get("error"):
        line(f"[red]{safe(meta['error'])}[/]")


def _agents_table(agents: Mapping[str, Any]) -> "Table":
    rows = []
    for agent, entry in list(agents.items())[:_MOST_AGENTS]:
        drift, used = entry["drift"], entry["gdg_compat"]["tool_usage"]
        alignments = [shown(drift[name]["value"]) for name in ("mean_alignment", "slope")]
        tools = ", ".join([f"{tool} {count}" for tool, count in used.items()])
        rows.append([safe(agent), *alignments, safe(tools)])
    title = "Agents"
    if len(agents) > _MOST_AGENTS:
        title += f" (the first {_MOST_AGENTS} of {len(agents):,}; metrics.json has all)"
    columns = ["agent", "mean alignment", "slope per step", "tools"]
    return rows_table(title, columns, rows, right=columns[1:3])


def _print_failures(failed: Mapping[str, Mapping[str, Any]]) -> None:
    if failed:
        line("[italic]Agents whose code failed[/]")
    for agent, failure in list(failed.items())[:_MOST_FAILED]:
        count = failure["failures"]
        if failure["directive"] == "isolate":
            what = f"was isolated after {counted(count, 'failure')}"
        else:
            what = f"failed {'once' if count == 1 else f'{count:,} times'}"
        line(f"  {safe(agent)} {what}: {safe(failure['error'])}")
    if len(failed) > _MOST_FAILED:
        line(f"  and {len(failed) - _MOST_FAILED:,} more; --json has all")


def _print_events(events: Sequence[Mapping[str, Any]]) -> None:
    out = console()
    if events:
        out.print("Last events", style="italic")
    for event in events:
        facts = {name: value for name, value in event.items()
                 if name not in ("n", "epoch", "step", "at", "type", "metrics")}  # fmt: skip
        text = json.dumps(facts, ensure_ascii=True)[:_LONGEST_EVENT] if facts else ""
        place = f"{event['epoch']}.{event['step']}"
        row = f"  {place:>7}  {safe(event['type'])}  {safe(text)}".rstrip()
        out.print(row, no_wrap=True, overflow="ellipsis")
