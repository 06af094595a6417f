"""The registry of actors: they come (`spawn`), start, fail, fall silent and go (`stop`)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .actor import Actor
from .cell import IDLE, ISOLATED, STARTING, STOPPED, Cell, Make
from .context import Context
from .envelope import START
from .errors import NameTaken, RunFailed, TargetStopped
from .message import ActorRef
from .order import OUTSIDE, STEP_BITS
from .supervision import ActorFailed, Directive, Supervision, Terminated

if TYPE_CHECKING:
    from .kernel import Kernel  # cycle: each part knows the kernel that it is a part of


class ActorRegistry:
    """The actors of a kernel, by path."""

    __slots__ = ("_kernel", "_numbers", "cells", "root")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.cells: dict[str, Cell] = {}
        """The living actors."""
        self._numbers: dict[str, int] = {}
        """Message numbers of stopped actors: a new actor of the same name continues from there, so
        that (path, number) stays unique."""
        self.root = self._equip(Cell("", Actor(), Actor, None, Supervision()))
        """The program itself, parent of the actors at the top."""

    def _equip(self, cell: Cell) -> Cell:
        made = getattr(cell.actor, "context_class", None) or Context
        cell.context, cell.ref = made(self._kernel, cell), ActorRef(cell)
        return cell

    # --- coming -----------------------------------------------------------------------------

    def spawn(
        self, name: str, parent: Cell, make: Make, supervision: Supervision | None
    ) -> ActorRef[Any]:
        """Make a new actor. Raises NameTaken."""
        if not name or name == OUTSIDE:
            raise ValueError(f"expected a name for the actor, got {name!r}")
        path = f"{parent.path}/{name}" if parent.path else name
        if path in self.cells:
            raise NameTaken(path)
        actor = make()
        rules = supervision or getattr(actor, "supervision", None) or Supervision()
        cell = self._equip(Cell(path, actor, make, parent, rules))
        cell.number = self._numbers.pop(path, 0)
        self.cells[path] = cell
        if parent.children is None:
            parent.children = {}
        parent.children[path] = cell
        self._start(cell)
        return cell.ref

    def _start(self, cell: Cell) -> None:
        """Have a new instance's `on_start` run before anything else, if it has one."""
        if isinstance(cell.actor, Actor) and type(cell.actor).on_start is not Actor.on_start:
            cell.state = STARTING
            self._kernel.send(self.root, START, cell, None, None, None)

    # --- failing ----------------------------------------------------------------------------

    def fail(self, cell: Cell, error: Exception, where: str, message: Any) -> None:
        """Carry out what the actor's `Supervision` says about a failure in the handler `where`.

        Raises RunFailed for a failure that reaches the top.
        """
        count = self._count_failure(cell)
        supervision = cell.supervision
        directive = supervision.directive
        if directive is not Directive.ESCALATE and count > supervision.max_failures:
            directive = supervision.exceeded
        self._report(cell, error, where, message, directive.value)
        match directive:
            case Directive.RESUME:
                pass
            case Directive.RESTART:
                self._restart(cell)
            case Directive.STOP:
                self.stop(cell, f"failed: {error}")
            case Directive.ISOLATE:
                self._silence(cell, ISOLATED, "isolated")
            case Directive.ESCALATE:
                self._escalate(cell, error, where, message)

    def _count_failure(self, cell: Cell) -> int:
        """Note a failure; return how many count now, this one included."""
        step = self._kernel.time >> STEP_BITS
        window = cell.supervision.within_steps
        recent = [at for at in cell.failures or () if window is None or step - at < window]
        cell.failures = [*recent, step]
        return len(cell.failures)

    def _restart(self, cell: Cell) -> None:
        """Put a new instance in the same place; stop the children of the old one."""
        self._stop_children(cell, "parent restarted")
        self._abandon(cell, "restarted")
        cell.actor = cell.make()
        cell.state = IDLE
        self._start(cell)

    def _escalate(self, cell: Cell, error: Exception, where: str, message: Any) -> None:
        parent = cell.parent
        if parent is None or parent.parent is None:
            raise RunFailed(cell.path, where, error) from error
        self.stop(cell, f"failed: {error}")
        self.fail(parent, error, f"{where} of its child {cell.path}", message)

    def _report(
        self, cell: Cell, error: Exception, where: str, message: Any, directive: str
    ) -> None:
        listener = self._kernel.listener
        if listener is None or listener.cell is cell:
            return
        self._kernel.tell(
            listener.cell,
            ActorFailed(
                path=cell.path,
                handler=where,
                error=f"{type(error).__name__}: {error}",
                message="" if message is None else type(message).message_name,
                directive=directive,
                failures=len(cell.failures or ()),
            ),
        )

    # --- going ------------------------------------------------------------------------------

    def stop(self, cell: Cell, reason: str) -> None:
        """End an actor for good, its children first."""
        if cell.state == STOPPED:
            return
        self._stop_children(cell, reason)
        self._silence(cell, STOPPED, "stopped")
        if self.cells.pop(cell.path, None) is not None and cell.number:
            self._numbers[cell.path] = cell.number
        if cell.parent is not None and cell.parent.children is not None:
            cell.parent.children.pop(cell.path, None)
        if isinstance(cell.actor, Actor):
            try:
                cell.actor.on_stop()
            except Exception as error:
                self._report(cell, error, "on_stop", None, "dropped")
        for watcher in cell.watchers or ():
            self._kernel.tell(watcher, Terminated(path=cell.path, reason=reason))

    def _stop_children(self, cell: Cell, reason: str) -> None:
        for child in list((cell.children or {}).values()):
            self.stop(child, reason)

    def _silence(self, cell: Cell, state: int, why: str) -> None:
        """Isolate or stop: askers of this actor get an error, its mail becomes dead letters."""
        self._abandon(cell, why)
        cell.state = state
        waiting, cell.mailbox = cell.mailbox, None
        for envelope in waiting or ():
            self._kernel.to_dead_letters(envelope, why, TargetStopped(cell.path, why))

    def _abandon(self, cell: Cell, why: str) -> None:
        """Drop the handler that waits, and the open questions; their askers get an error."""
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
            self._report(cell, error, coroutine.__qualname__, None, "dropped")
            # A handler that awaits in its `finally` is closed a second time, at that await.
            with suppress(Exception):
                coroutine.close()
