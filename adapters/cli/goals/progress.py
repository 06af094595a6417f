"""How far something long is, such as an import."""

import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import click

T = TypeVar("T")
_PATIENCE_S, _LINE_S = 2.0, 5.0


class Progress:
    """Shows nothing for two seconds; then a bar on a terminal, a line now and then elsewhere; on
    stderr."""

    def __init__(self, done: str, total: int | None = None) -> None:
        """`done`: what has happened to those that were counted, such as imported."""
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
        """So many more are done."""
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
        """The items, each counted."""
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
