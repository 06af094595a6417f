"""Waiting: the answers that an async handler may await, and the search for waiting circles."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from .errors import Deadlock

if TYPE_CHECKING:
    from .cell import Cell
    from .effects import Slot  # cycle: stored here, used by the kernel

T = TypeVar("T")


class Pending(Generic[T]):
    """One answer that is on its way to `owner`; await it to get the value or the error.

    Asking and awaiting are apart: `first = ctx.ask(a, x); second = ctx.ask(b, y)` sends both, then
    `await first` waits.
    """

    __slots__ = ("done", "error", "owner", "slot", "target", "value")

    def __init__(self, owner: Cell, target: Cell | None) -> None:
        self.owner = owner
        self.target = target
        self.slot: Slot | None = None
        """The place reserved for the outcome, if an effect gives the answer."""
        self.done = 0
        """0 until the answer is in, then its rank (from 1) in the order of all answers."""
        self.value: Any = None
        self.error: Exception | None = None

    def __await__(self) -> Generator[Pending[T], None, T]:
        if not self.done:
            yield self
        if self.error is not None:
            raise self.error
        result: T = self.value
        return result

    @property
    def parts(self) -> tuple[Pending[Any], ...]:
        """Return the answers that an await of this waits for."""
        return (self,)

    def settle(self, rank: int, value: Any, error: Exception | None) -> None:
        """Take the answer, or the error that stands in its place."""
        self.done, self.value, self.error = rank, value, error
        # Each holds the other: the prompt and the reply would wait for the cycle collector.
        self.slot = None

    def unblocks(self, answered: Pending[Any]) -> bool:
        """Return True if an await of this can go on now that `answered` is done."""
        return answered is self


class Gathered(Generic[T]):
    """Several answers, awaited together; the results stand in the order of the arguments.

    The first error in that order is raised, after all answers have come.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Pending[T], ...]) -> None:
        self.parts = parts

    def __await__(self) -> Generator[Pending[T], None, list[T]]:
        for part in self.parts:
            if not part.done:
                yield part
        results = []
        for part in self.parts:
            results.append((yield from part.__await__()))
        return results


class Winner(NamedTuple):
    """The first answer of a race in logical order."""

    place: int
    """Index among the race's arguments."""
    value: Any


class Race:
    """Waits for the first of several answers in logical order.

    Effects that lose are cancelled: a later await of one of them raises EffectCancelled.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Pending[Any], ...]) -> None:
        if not parts:
            raise ValueError("race() needs at least one answer to wait for, got none")
        self.parts = parts

    def __await__(self) -> Generator[Race, None, Winner]:
        if not any(part.done for part in self.parts):
            yield self
        winner = min((part for part in self.parts if part.done), key=lambda part: part.done)
        index = self.parts.index(winner)
        for part in self.parts:
            if not part.done and part.slot is not None:
                part.slot.cancel()
        if winner.error is not None:
            raise winner.error
        return Winner(index, winner.value)

    def unblocks(self, answered: Pending[Any]) -> bool:
        """Return True if an await of this can go on now that `answered` is done."""
        return any(part is answered for part in self.parts)


def _awaited(cell: Cell) -> list[Cell]:
    """Return the actors whose answers a handler waits for at this moment."""
    parts = () if cell.awaiting is None else cell.awaiting.parts
    return [part.target for part in parts if part.target is not None and not part.done]


def _needed(cell: Cell) -> list[Cell]:
    """Return the actors whose answers a turn needs: of all that it asked, awaited yet or not."""
    if cell.coroutine is None:
        return []
    asked = [ask.target for ask in cell.asks or () if ask.target is not None]
    return asked + _awaited(cell)


def wait_cycle(asker: Cell, target: Cell) -> Sequence[str]:
    """Return the circle of paths that an ask would close; empty if it closes none."""
    trail: dict[Cell, Cell | None] = {target: None}
    frontier = [target]
    while frontier:
        cell = frontier.pop()
        if cell is asker:
            circle = []
            link: Cell | None = cell
            while link is not None:
                circle.append(link.path)
                link = trail[link]
            return [asker.path, *reversed(circle)]
        for needed in _needed(cell):
            if needed not in trail:
                trail[needed] = cell
                frontier.append(needed)
    return ()


def deadlock(waiting: Mapping[str, Cell]) -> Deadlock:
    """Return the error for actors that wait when nothing is left to happen, with their circle."""
    waits = [(path, on.path) for path in sorted(waiting) for on in _awaited(waiting[path])]
    first = dict(reversed(waits))
    for path, _ in waits:
        trail: list[str] = []
        at: str | None = path
        while at is not None and at not in trail:
            trail.append(at)
            at = first.get(at)
        if at is not None:
            return Deadlock(waits, [*trail[trail.index(at) :], at])
    return Deadlock(waits, ())
