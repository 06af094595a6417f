"""Sentences, moments, tables and progress, as the commands print them."""

import re
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

import click

from ....goals.model import Goal
from ....goals.schemas import GoalAnswer, LedgerView, RankedView
from ....runtime.wording import shortened
from ..errors import safe_lines
from ..tables import console, line, safe, stderr_bar

_LONGEST = 200
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))
T = TypeVar("T")
_PATIENCE_S, _LINE_S = 2.0, 5.0
_MADE_HERE = re.compile(r"goal_[0-9a-z]{26}")
_ENDING = 8
_STATES = {"proposed": "default", "adopted": "green", "executing": "cyan", "satisfied": "blue",
           "abandoned": "dim"}  # fmt: skip
_LONGEST_TEXT = 160
_LEFT_OUT = ("why", "decision_record_id", "task_id")
"""Data of an event that a person does not want to read; --json has it."""
_PLAIN_BLOCKS = {"approval": "needs approval", "overdue": "overdue"}
_AROUND = ("id", "text", "updated_at", "version", "deleted_at", "metadata", "approved_by")
"""Fields that the page of a goal shows elsewhere than in a row of their own."""


def print_done(done: str, answer: GoalAnswer) -> None:
    """Print what was done, to which goal, and its warnings."""
    goal = answer.goal
    say(f"{done} {goal.id}: {one_line(goal.text, _LONGEST)}")
    for warning in answer.warnings:
        say(f"Note: {warning.belief_id}: {warning.detail}", err=True)


def say(text: Any, err: bool = False) -> None:
    """Print a line that may quote somebody: nothing in it acts on the terminal."""
    click.echo(safe_lines(str(text)), err=err)


def span(length: timedelta) -> str:
    """Put a length of time into words: 3 min, 5 h 12 min, 2 d 3 h."""
    left = round(length.total_seconds())
    parts = []
    for unit, seconds in _UNITS:
        if left >= seconds:
            parts.append(f"{left // seconds:,} {unit}")
            left %= seconds
    return " ".join(parts[:2]) or f"{left} s"


def due(deadline: datetime | None, now: datetime) -> str:
    """Put the time that is left until a deadline into words, in its largest unit."""
    if deadline is None:
        return ""
    if deadline <= now:
        return "overdue"
    return " ".join(span(deadline - now).split()[:2])


def minutes(count: int) -> str:
    """Put a number of minutes into words."""
    return span(timedelta(minutes=count))


def when(moment: datetime, now: datetime | None = None) -> str:
    """Put the distance to a moment into words: in 6 d 23 h, 3 min ago."""
    off = moment - (now or datetime.now(UTC))
    return f"in {span(off)}" if off > timedelta() else f"{span(-off)} ago"


def stamp(moment: datetime) -> str:
    """Write a moment to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def one_line(text: str, longest: int) -> str:
    """Put the beginning of a text on one line."""
    return shortened(" ".join(text.split()), longest)


def short_id(goal_id: str) -> str:
    """Shorten an id to its end, which can be typed in its place."""
    return goal_id[-_ENDING:] if _MADE_HERE.fullmatch(goal_id) else goal_id


class Progress:
    """A progress display on stderr: nothing for two seconds; then a bar on a terminal, a line now
    and then elsewhere."""

    def __init__(self, done: str, total: int | None = None) -> None:
        """Begin to count. `done`: what happened to those that were counted, such as imported."""
        self._words, self._total = done, total
        self.count = 0
        self._told = time.monotonic() + _PATIENCE_S - _LINE_S
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, count: int) -> None:
        """Count so many more as done."""
        self.count += count
        if self._bar is not None:
            self._bar.update(self._task, completed=self.count)
        elif time.monotonic() - self._told >= _LINE_S:
            if sys.stderr.isatty():
                self._begin_bar()
            else:
                self._told = time.monotonic()
                of = "" if self._total is None else f" of {self._total:,}"
                click.echo(f"{self.count:,}{of} goals {self._words}", err=True)

    def through(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items, each counted."""
        for item in items:
            yield item
            self.advance(1)

    def _begin_bar(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

        words = TextColumn("goals {task.description}")
        self._bar = stderr_bar(words, BarColumn(), MofNCompleteColumn())
        self._task = self._bar.add_task(self._words, total=self._total, completed=self.count)
        self._bar.start()


# --- tables -----------------------------------------------------------------------------------


def state_text(state: str) -> str:
    """Put a goal's state in its colour."""
    return f"[{_STATES.get(state, 'default')}]{safe(state)}[/]"


def text_cell(text: str) -> str:
    """Put a goal's text on one line, shortened."""
    return safe(one_line(text, _LONGEST_TEXT))


def blocks_text(ranked: RankedView) -> str:
    """Put what keeps a goal from being selected into words."""
    return "; ".join([_block(reason, ranked.goal) for reason in ranked.blocked_by])


def _block(reason: str, goal: Goal) -> str:
    kind, _, what = reason.partition(":")
    if kind == "belief":
        return f"belief {safe(what)}"
    if kind == "dependency":
        return f"waits for {safe(short_id(what))}"
    if kind == "not_started":
        return f"starts {when(goal.starts_at)}"
    return _PLAIN_BLOCKS.get(reason, safe(reason.replace("_", " ")))


def text_and_blocks(ranked: RankedView) -> str:
    """Make the cell of a goal's text; what blocks the goal is below it."""
    text, blocks = text_cell(ranked.goal.text), blocks_text(ranked)
    return f"{text}\n[yellow]blocked: {blocks}[/]" if blocks else text


def happened(event: LedgerView) -> str:
    """Make the cell of an event; its data are below its name."""
    name, facts = safe(event.event.removeprefix("goal_").replace("_", " ")), safe(_facts(event))
    return f"{name}\n[dim]{facts}[/]" if facts else name


def _facts(event: LedgerView) -> str:
    """Put the data of an event into a few words; its reason comes first."""
    why = event.data.get("why") or (event.reason or "").replace("_", " ")
    told = [str(why)] if why else []
    for name, value in event.data.items():
        if name not in _LEFT_OUT and value not in (None, [], False):
            told.append(_fact(name.replace("_", " "), value))
    return one_line(", ".join(told), _LONGEST_TEXT)


def _fact(name: str, value: object) -> str:
    if value is True:
        return name
    words = " ".join(map(str, value)) if isinstance(value, list) else value
    return f"{name} {words:g}" if isinstance(words, float) else f"{name} {words}"


def print_goal(goal: Goal) -> None:
    """Print one goal, without the fields that have their usual value."""
    targets = [f"{name} ≥ {target:g}" for name, target in goal.success_metrics.items()]
    again = goal.repeat_every_min
    rows = {
        "state": ("state", "deleted" if goal.deleted_at else state_text(goal.state)),
        "category": ("category", str(goal.category)),
        "value": ("value", f"{goal.value:g}"),
        "effort": ("effort", f"{goal.effort:g}"),
        "risk": ("risk", f"{goal.risk:g}"),
        "created_at": ("proposed", _moment(goal.created_at)),
        "horizon_min_min": ("may begin", _moment(goal.starts_at) if goal.horizon_min_min else ""),
        "horizon_max_min": ("deadline", _moment(goal.deadline)),
        "aligns_with": ("aligns with", safe(", ".join(goal.aligns_with))),
        "contradicts": ("contradicts", safe(", ".join(goal.contradicts))),
        "success_metrics": ("satisfied if", safe(", ".join(targets))),
        "owner": ("owner", safe(goal.owner or "")),
        "depends_on": ("waits for", safe(", ".join(goal.depends_on))),
        "repeat_every_min": ("comes again", "" if again is None else f"every {minutes(again)}"),
        "requires_approval": ("approval", _approval(goal)),
        "previous_id": ("came before", safe(goal.previous_id or "")),
        "attempts": ("attempts", str(goal.attempts or "")),
        "selection_key": ("selected as", safe(goal.selection_key or "")),
    }
    for name, value in goal:
        if name not in rows and name not in _AROUND and value:
            rows[name] = (name.replace("_", " "), safe(value))
    line(f"[bold]{safe(goal.id)}[/]")
    for part in goal.text.split("\n"):
        line(safe(part))
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, words in rows.values():
        if words:
            grid.add_row(name, words)
    for key, value in goal.metadata.items():
        grid.add_row(safe(f"meta {key}"), safe(value))
    grid.add_row("changed", f"{_moment(goal.updated_at)}, version {goal.version}")
    console().print(grid)


def _approval(goal: Goal) -> str:
    if goal.approved_by is not None:
        return f"given by {safe(goal.approved_by)}"
    return "needed before it can be adopted" if goal.requires_approval else ""


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{stamp(moment)}, {when(moment)}"
