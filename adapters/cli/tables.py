"""Tables for people: the result of a run, a run's inside, lists."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...actors.transcript import printable
from ..runs.result import Result
from .metric_columns import chosen, heading

_STYLE = {"completed": "green", "stopped": "yellow", "interrupted": "yellow", "failed": "red",
          "running": "cyan"}  # fmt: skip

_PIPED_WIDTH = 160
"""Columns where there is no terminal: whoever reads a file or a pipe can scroll."""


def console() -> Console:
    """The console that tables are printed on; plain where there is no terminal."""
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, emoji=False, width=_PIPED_WIDTH if piped else None)


def safe(text: Any) -> str:
    """Somebody else's text as a table's cell: neither markup nor terminal codes act in it."""
    return escape(printable(str(text)))


def status_text(status: str) -> str:
    """A run's status in its colour."""
    return f"[{_STYLE.get(status, 'default')}]{safe(status)}[/]"


def shown(value: Any) -> str:
    """A figure's value for people."""
    if value is None:
        return "undefined"
    if isinstance(value, float):
        return f"{round(value, 3) + 0.0:,.3f}"  # no -0.000
    return f"{value:,}" if isinstance(value, int) else safe(value)


def print_result(result: Result, track: Sequence[str]) -> None:
    """The table at the end of a run, and where its files are."""
    out = console()
    if result.overall:
        out.print(_figures(result, track))
    rate = result.agent_steps / result.cpu_s if result.cpu_s else 0.0
    out.print(
        f"{status_text(result.status)}: {_counted(result.epochs, 'epoch')}, "
        f"{_counted(result.agent_steps, 'agent-step')}, {result.cpu_s:.2f} s of CPU "
        f"({rate:,.0f} agent-steps per CPU-second)",
        soft_wrap=True,
    )
    if result.language_models is not None:
        for line in bill_lines(result.language_models):
            out.print(line, soft_wrap=True, markup=False)
    out.print(f"run: {result.directory}", soft_wrap=True, markup=False)
    if result.paused is not None:
        out.print(f"[yellow]paused[/]: {safe(result.paused)}", soft_wrap=True)
    elif result.status == "stopped":
        out.print(
            f"go on with: gdg-runtime resume {result.directory}", soft_wrap=True, markup=False
        )


def _figures(result: Result, track: Sequence[str]) -> Table:
    table = Table(title=f"{result.scenario}, seed {result.seed}", title_justify="left")
    table.add_column("figure of the whole run")
    table.add_column("value", justify="right")
    table.add_column("what it says", style="dim", overflow="fold")
    for name, says in chosen(track, result.overall).items():
        figure = result.overall[name]
        note = says if figure["value"] is not None else figure.get("reason")
        table.add_row(safe(name), shown(figure["value"]), safe(note))
    return table


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rows_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()
) -> Table:
    """A plain table; `right` names the columns of numbers. Cells of text are markup already.

    What stands in the first column can be copied: it is never broken.
    """
    table = Table(title=safe(title), title_justify="left")
    for place, column in enumerate(columns):
        justify: Any = "right" if column in right else "left"
        table.add_column(safe(column), overflow="fold", justify=justify, no_wrap=place == 0)
    for row in rows:
        cells = ["" if cell is None else cell for cell in row]
        table.add_row(*[cell if isinstance(cell, str) else shown(cell) for cell in cells])
    return table


def epochs_table(epochs: Sequence[Mapping[str, Any]], track: Sequence[str], last: int) -> Table:
    """Metrics per epoch: the last so many epochs."""
    names = list(chosen(track, epochs[0]["metrics"] if epochs else {}))
    table = Table(
        title="Metrics per epoch"
        + (f" (the last {last} of {len(epochs)})" if len(epochs) > last else ""),
        title_justify="left",
    )
    table.add_column("epoch", justify="right")
    for name in names:
        words = safe(heading(name)).replace(" ", "\n")
        table.add_column(words, justify="right", overflow="fold")
    for entry in epochs[-last:]:
        figures = [entry["metrics"].get(name, {"value": None}) for name in names]
        table.add_row(shown(entry["epoch"]), *[shown(figure["value"]) for figure in figures])
    return table


def bill_lines(models: Mapping[str, Any]) -> list[str]:
    """The bill of a run, as `LanguageModels.to_json` gives it. Money that is unknown says so."""
    run = models["run"]
    line = (
        f"language models: {run['calls']:,} calls, {run['prompt_tokens']:,} prompt and "
        f"{run['completion_tokens']:,} completion tokens, {_cost(run)}"
    )
    lines = [line]
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
