"""Tables for people: the result of a run, a run's inside, lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ...scenarios.measures.catalogue import METRICS
from ..execution import Result

_DEFAULT = (
    "toxicity_rate",
    "quality_gap",
    "conditional_loss_initiator",
    "total_welfare",
    "acceptance_rate",
    "participation_rate",
    "mean_alignment",
)

_STYLE = {"completed": "green", "stopped": "yellow", "interrupted": "yellow", "failed": "red",
          "running": "cyan"}  # fmt: skip


def console() -> Console:
    """The console that tables are printed on; plain where there is no terminal."""
    return Console(highlight=False)


def status_text(status: str) -> str:
    """A run's status in its colour."""
    return f"[{_STYLE.get(status, 'white')}]{status}[/]"


def shown(value: Any) -> str:
    """A figure's value for people."""
    if value is None:
        return "undefined"
    if isinstance(value, float):
        return f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def print_result(result: Result, track: Sequence[str]) -> None:
    """The table at the end of a run, and where its files are."""
    out = console()
    table = Table(title=f"{result.scenario}, seed {result.seed}", title_justify="left")
    table.add_column("figure of the whole run")
    table.add_column("value", justify="right")
    table.add_column("what it says", style="dim", overflow="fold")
    names = [name for name in (track or _DEFAULT) if name in result.overall]
    for name in names or list(result.overall):
        figure = result.overall[name]
        note = METRICS.get(name, "")
        if figure["value"] is None:
            note = f"undefined: {figure.get('reason')}"
        table.add_row(escape(name), shown(figure["value"]), escape(note))
    if result.overall:
        out.print(table)
    rate = result.agent_steps / result.cpu_s if result.cpu_s else 0.0
    out.print(
        f"{status_text(result.status)}: {result.epochs:,} epochs, {result.agent_steps:,} "
        f"agent-steps, {result.cpu_s:.2f} s of CPU ({rate:,.0f} agent-steps per CPU-second)"
    )
    out.print(f"run: {result.directory}", soft_wrap=True, markup=False)
    if result.status in ("stopped", "failed"):
        out.print(
            f"go on with: gdg-runtime resume {result.directory}", soft_wrap=True, markup=False
        )


def rows_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A plain table."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*[cell if isinstance(cell, str) else shown(cell) for cell in row])
    return table


def epochs_table(epochs: Sequence[Mapping[str, Any]], track: Sequence[str], last: int) -> Table:
    """Metrics per epoch: the last so many epochs."""
    present = list(epochs[0]["metrics"]) if epochs else []
    names = [name for name in (track or _DEFAULT) if name in present] or present[:7]
    rows = [
        [str(entry["epoch"]), *[shown(entry["metrics"][name]["value"]) for name in names]]
        for entry in epochs[-last:]
    ]
    title = "Metrics per epoch" + (f" (last {last} of {len(epochs)})" if len(epochs) > last else "")
    return rows_table(title, ["epoch", *names], rows)
