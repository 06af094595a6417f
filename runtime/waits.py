"""Who waits for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .cell import Cell
from .errors import Deadlock


def _awaited(cell: Cell) -> list[Cell]:
    """Whose answers the actor's coroutine waits for at this moment."""
    parts = () if cell.awaiting is None else cell.awaiting.parts
    return [part.target for part in parts if part.target is not None and not part.done]


def _needed(cell: Cell) -> list[Cell]:
    """Whose answers the actor needs to end its turn: all that it asked, awaited yet or not."""
    if cell.coroutine is None:
        return []
    asked = [ask.target for ask in cell.asks or () if ask.target is not None]
    return asked + _awaited(cell)


def wait_cycle(asker: Cell, target: Cell) -> Sequence[str]:
    """The circle that an ask from `asker` to `target` would close; empty if it is none."""
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
    """The error for actors that wait when nothing is left to happen; names their circle."""
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
