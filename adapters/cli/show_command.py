"""`gdg-runtime show`."""

import json
from pathlib import Path
from typing import Any

import click

from ..runs.catalogue import find_run
from ..runs.reader import RunReader
from .errors import reported
from .options import json_option, out_option, run_argument

_MOST_AGENTS = 30
_LONGEST_EVENT = 1_000


@click.command("show")
@run_argument
@click.option(
    "--events",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How many of the last events.",
)
@click.option(
    "--epochs", type=click.IntRange(1), default=10, show_default=True,
    help="How many of the last epochs.",
)  # fmt: skip
@json_option
@out_option
def command(run: str, events: int, epochs: int, as_json: bool, out: Path) -> None:
    """Show RUN: its path, its name, or latest."""
    with reported():
        document = _read(RunReader(find_run(run, out)), events)
    if as_json:
        click.echo(json.dumps(document))
        return
    _print(document, epochs)


def _read(run: RunReader, events: int) -> dict[str, Any]:
    """Return the document of `--json`, of which the tables are a view."""
    document = {
        "run_dir": str(run.path),
        "status": run.status,
        "meta": run.meta,
        "config": run.config.model_dump(mode="json"),
        "schedule": run.schedule,
        "overall": run.overall or {},
        "epochs": run.epochs,
        "agents": run.agents or {},
        "last_events": run.events().last(events),
    }
    if run.other_release is not None:
        document["absent"] = run.absent
    return document


def _print(document: dict[str, Any], epochs: int) -> None:
    from .tables import console, epochs_table

    out, config = console(), document["config"]
    _print_heading(out, document)
    if document["overall"]:
        _print_overall(out, document["overall"])
    if document["epochs"]:
        out.print(epochs_table(document["epochs"], tuple(config["metrics"]["track"]), epochs))
    if document["agents"]:
        _print_agents(out, document["agents"])
    if document["last_events"]:
        _print_events(out, document["last_events"])
    out.print(f"run: {document['run_dir']}", markup=False, soft_wrap=True)
    if document["status"] in ("interrupted", "stopped"):
        out.print(
            f"go on with: gdg-runtime resume {document['run_dir']}", markup=False, soft_wrap=True
        )


def _print_heading(out: Any, document: dict[str, Any]) -> None:
    from .tables import bill_lines, safe, shown, status_text

    config, meta = document["config"], document["meta"]
    simulation = config["simulation"]
    out.print(f"[bold]{safe(config['scenario_id'])}[/]  {status_text(document['status'])}")
    if config["description"]:
        out.print(safe(config["description"]), soft_wrap=True)
    out.print(
        f"{simulation['epochs']:,} epochs of {simulation['steps_per_epoch']:,} steps, seed "
        f"{simulation['seed']}, {simulation['turn_order'].replace('_', ' ')} turns, schedule "
        f"{safe(document['schedule'])}",
        soft_wrap=True,
    )
    facts = [f"begun {meta['created_at'][:19]}"] if "created_at" in meta else []
    if "agent_steps" in meta:
        facts.append(f"{shown(meta['agent_steps'])} agent-steps in {shown(meta['wall_s'])} s")
    if meta.get("effects"):
        by_status = ", ".join(f"{n:,} {status}" for status, n in meta["effects_by_status"].items())
        facts.append(f"{meta['effects']:,} effects ({by_status})")
    facts.append(f"gdg-runtime {meta.get('version', 'unknown')}")
    out.print(safe(", ".join(facts)), soft_wrap=True)
    if meta.get("language_models"):
        for line in bill_lines(meta["language_models"]):
            out.print(safe(line), soft_wrap=True)
    if meta.get("paused"):
        out.print(f"[yellow]paused[/]: {safe(meta['paused'])}", soft_wrap=True)
    if meta.get("error"):
        out.print(f"[red]{safe(meta['error'])}[/]", soft_wrap=True)


def _print_overall(out: Any, overall: dict[str, Any]) -> None:
    from .tables import rows_table, safe, shown

    rows = [
        [safe(name), shown(figure["value"]), figure["n"], safe(figure.get("reason") or "")]
        for name, figure in overall.items()
    ]
    columns = ["figure", "value", "n", "note"]
    out.print(rows_table("The whole run", columns, rows, right=("value", "n")))


def _print_agents(out: Any, agents: dict[str, Any]) -> None:
    from .tables import rows_table, safe, shown

    rows = [
        [
            safe(agent),
            shown(entry["drift"]["mean_alignment"]["value"]),
            shown(entry["drift"]["slope"]["value"]),
            safe(", ".join(f"{tool} {n}" for tool, n in entry["gdg_compat"]["tool_usage"].items())),
        ]
        for agent, entry in list(agents.items())[:_MOST_AGENTS]
    ]
    title = "Agents"
    if len(agents) > _MOST_AGENTS:
        title += f" (the first {_MOST_AGENTS} of {len(agents):,}; metrics.json has all)"
    columns = ["agent", "mean alignment", "slope per step", "tools"]
    out.print(rows_table(title, columns, rows, right=columns[1:3]))


def _print_events(out: Any, events: list[dict[str, Any]]) -> None:
    from .tables import safe

    out.print("Last events", style="italic")
    for event in events:
        facts = {name: value for name, value in event.items()
                 if name not in ("n", "epoch", "step", "at", "type", "metrics")}  # fmt: skip
        text = json.dumps(facts, ensure_ascii=True) if facts else ""
        place = f"{event['epoch']}.{event['step']}"
        what = safe(event["type"])
        line = f"  {place:>7}  {what}  {safe(text[:_LONGEST_EVENT])}".rstrip()
        out.print(line, no_wrap=True, overflow="ellipsis")
