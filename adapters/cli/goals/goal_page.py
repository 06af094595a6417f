"""One goal with all that is known about it."""

from datetime import datetime

from rich.table import Table

from ....goals.schemas import GoalView
from ..tables import console, safe
from .moments import minutes, stamp, when
from .table import state_text


def print_goal(goal: GoalView, now: datetime) -> None:
    """All of a goal that is not as it always is."""
    whole = goal.to_goal()
    rows: list[tuple[str, str]] = [
        ("state", "deleted" if goal.deleted_at else state_text(goal.state)),
        ("category", str(goal.category)),
        ("value", f"{goal.value:g}"),
        ("effort", f"{goal.effort:g}"),
        ("risk", f"{goal.risk:g}"),
        ("proposed", _moment(goal.created_at, now)),
    ]
    if goal.horizon_min_min:
        rows.append(("may begin", _moment(whole.starts_at, now)))
    if whole.deadline is not None:
        rows.append(("deadline", _moment(whole.deadline, now)))
    rows += _conditions(goal)
    rows += [(safe(f"meta {key}"), safe(value)) for key, value in goal.metadata.items()]
    rows.append(("changed", f"{_moment(goal.updated_at, now)}, version {goal.version}"))
    out = console()
    out.print(f"[bold]{safe(goal.id)}[/]", soft_wrap=True)
    for line in goal.text.split("\n"):
        out.print(safe(line), soft_wrap=True)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(name, value)
    out.print(grid)


def _conditions(goal: GoalView) -> list[tuple[str, str]]:
    rows = [
        ("aligns with", safe(", ".join(goal.aligns_with))),
        ("contradicts", safe(", ".join(goal.contradicts))),
        ("satisfied if", safe(
            ", ".join(f"{name} ≥ {target:g}" for name, target in goal.success_metrics.items())
        )),
        ("owner", safe(goal.owner or "")),
        ("waits for", safe(", ".join(goal.depends_on))),
        ("comes again", f"every {minutes(goal.repeat_every_min)}" if goal.repeat_every_min else ""),
        ("approval", _approval(goal)),
        ("came before", safe(goal.previous_id or "")),
        ("attempts", f"{goal.attempts}" if goal.attempts else ""),
        ("selected as", safe(goal.selection_key or "")),
    ]  # fmt: skip
    return [(name, value) for name, value in rows if value]


def _approval(goal: GoalView) -> str:
    if goal.approved_by is not None:
        return f"given by {safe(goal.approved_by)}"
    return "needed before it can be adopted" if goal.requires_approval else ""


def _moment(moment: datetime, now: datetime) -> str:
    return f"{stamp(moment)}, {when(moment, now)}"
