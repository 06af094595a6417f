"""Sentences, moments and progress, as the commands print them."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import click
from pydantic import BaseModel

from ....goals.schemas import GoalAnswer
from ....runtime.wording import shortened
from ..errors import safe_lines

_LONGEST = 200
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))
T = TypeVar("T")
_PATIENCE_S, _LINE_S = 2.0, 5.0


def print_json(answer: BaseModel) -> None:
    """Print an answer as one JSON document."""
    click.echo(json.dumps(answer.model_dump(mode="json")))


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


class Progress:
    """A progress display on stderr: nothing for two seconds; then a bar on a terminal, a line now
    and then elsewhere."""

    def __init__(self, done: str, total: int | None = None) -> None:
        """Begin to count. `done`: what happened to those that were counted, such as imported."""
        self._words, self._total = done, total
        self._count = 0
        self._told = time.monotonic() + _PATIENCE_S - _LINE_S
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._bar is not None:
            self._bar.stop()

    def advance(self, count: int) -> None:
        """Count so many more as done."""
        self._count += count
        if self._bar is not None:
            self._bar.update(self._task, completed=self._count)
        elif time.monotonic() - self._told >= _LINE_S:
            if sys.stderr.isatty():
                self._begin_bar()
            else:
                self._told = time.monotonic()
                of = "" if self._total is None else f" of {self._total:,}"
                click.echo(f"{self._count:,}{of} goals {self._words}", err=True)

    def through(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items, each counted."""
        for item in items:
            yield item
            self.advance(1)

    def _begin_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("goals {task.description}"), BarColumn(), MofNCompleteColumn(),
            console=Console(stderr=True, highlight=False, emoji=False), transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task(self._words, total=self._total, completed=self._count)
        self._bar.start()
