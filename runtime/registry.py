"""Who lives in a run: actors come (`spawn`), start, fall silent and go (`stop`)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .actor import Actor
from .cell import STARTING, STOPPED, Cell, Recipe
from .context import Context
from .envelope import START
from .errors import NameTaken, TargetStopped
from .order import OUTSIDE
from .ref import ActorRef
from .supervision import Supervision, Terminated

if TYPE_CHECKING:
    from .kernel import Kernel


class ActorRegistry:
    """The actors of a kernel, by path."""

    __slots__ = ("_cells", "_kernel", "_numbers", "root")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._cells: dict[str, Cell] = {}
        self._numbers: dict[str, int] = {}
        """How far the stopped ones have counted: a new actor of the name goes on from there, so
        that (path, number) stays unique."""
        self.root = self._dress(Cell("", Actor(), Recipe(Actor, (), {}), None, Supervision()))
        """The program itself, parent of the actors at the top."""

    def _dress(self, cell: Cell) -> Cell:
        made = getattr(cell.actor, "context_class", None) or Context
        cell.context, cell.ref = made(self._kernel, cell), ActorRef(cell)
        return cell

    def find(self, path: str) -> ActorRef[Any] | None:
        """The living actor of a path."""
        cell = self._cells.get(path)
        return None if cell is None else cell.ref

    # --- coming -----------------------------------------------------------------------------

    def spawn(
        self,
        name: str,
        parent: Cell,
        recipe: Recipe,
        supervision: Supervision | None,
    ) -> ActorRef[Any]:
        """A new actor. Raises NameTaken."""
        if not name or name == OUTSIDE:
            raise ValueError(f"expected a name for the actor, got {name!r}")
        path = f"{parent.path}/{name}" if parent.path else name
        if path in self._cells:
            raise NameTaken(path)
        actor = recipe.build()
        rules = supervision or getattr(actor, "supervision", None) or Supervision()
        cell = self._dress(Cell(path, actor, recipe, parent, rules))
        cell.number = self._numbers.pop(path, 0)
        self._cells[path] = cell
        if parent.children is None:
            parent.children = {}
        parent.children[path] = cell
        self.start(cell)
        return cell.ref

    def start(self, cell: Cell) -> None:
        """Have a new instance's `on_start` run before anything else, if it has one."""
        if isinstance(cell.actor, Actor) and type(cell.actor).on_start is not Actor.on_start:
            cell.state = STARTING
            self._kernel.send(self.root, START, cell, None, None, None)

    def watch(self, watcher: Cell, target: Cell) -> None:
        """Have `watcher` told when `target` is gone."""
        if target.state == STOPPED:
            self._kernel.tell(watcher, Terminated(path=target.path, reason="stopped"))
            return
        if target.watchers is None:
            target.watchers = []
        if watcher not in target.watchers:
            target.watchers.append(watcher)

    # --- going ------------------------------------------------------------------------------

    def stop(self, cell: Cell, reason: str) -> None:
        """End an actor for good, its children first."""
        if cell.state == STOPPED:
            return
        self.stop_children(cell, reason)
        self.deactivate(cell, STOPPED, "stopped")
        if self._cells.pop(cell.path, None) is not None and cell.number:
            self._numbers[cell.path] = cell.number
        if cell.parent is not None and cell.parent.children is not None:
            cell.parent.children.pop(cell.path, None)
        if isinstance(cell.actor, Actor):
            try:
                cell.actor.on_stop()
            except Exception as error:
                self._kernel.failures.report_dropped(cell, error, "on_stop")
        for watcher in cell.watchers or ():
            self._kernel.tell(watcher, Terminated(path=cell.path, reason=reason))

    def stop_children(self, cell: Cell, reason: str) -> None:
        """End all actors under this one."""
        for child in list((cell.children or {}).values()):
            self.stop(child, reason)

    def deactivate(self, cell: Cell, state: int, why: str) -> None:
        """Isolated or stopped: whoever waits for this actor gets an error, its mail is buried."""
        self.abandon(cell, why)
        cell.state = state
        waiting, cell.mailbox = cell.mailbox, None
        for envelope in waiting or ():
            self._kernel.to_dead_letters(envelope, why, TargetStopped(cell.path, why))

    def abandon(self, cell: Cell, why: str) -> None:
        """Drop what the actor is in the middle of and what it owes; its askers get an error."""
        kernel = self._kernel
        coroutine, cell.coroutine = cell.coroutine, None
        awaiting, cell.awaiting = cell.awaiting, None
        kernel.waiting.pop(cell.path, None)
        cell.asks = None
        gone = TargetStopped(cell.path, why)
        if coroutine is not None:
            kernel.refuse(cell, gone)
        for question in cell.owed or ():
            kernel.answer_with(cell, question, gone)
        cell.owed = None
        for part in () if awaiting is None else awaiting.parts:
            if part.slot is not None:
                part.slot.cancel()
        if coroutine is not None:
            self._close(cell, coroutine)

    def _close(self, cell: Cell, coroutine: Any) -> None:
        """Unwind a handler; its `finally` blocks run, but may not wait for anything."""
        try:
            coroutine.close()
        except Exception as error:
            self._kernel.failures.report_dropped(cell, error, coroutine.__qualname__)
            with suppress(Exception):
                coroutine.close()
