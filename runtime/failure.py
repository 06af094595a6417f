"""Supervision at work: what the kernel does when a handler has raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cell import IDLE, ISOLATED, Cell
from .errors import RunFailed
from .order import STEP_BITS
from .supervision import ActorFailed, Directive

if TYPE_CHECKING:
    from .kernel import Kernel


class Failures:
    """Decides on each failure by the failing actor's `Supervision`, and carries it out."""

    __slots__ = ("_kernel",)

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def handle(self, cell: Cell, error: Exception, where: str, message: Any) -> None:
        """Carry out the directive for a failure of `cell` in the handler `where`."""
        count = self._count(cell)
        supervision = cell.supervision
        directive = supervision.directive
        if directive is not Directive.ESCALATE and count > supervision.max_failures:
            directive = supervision.exceeded
        self._report(cell, error, where, message, directive.value, count)
        match directive:
            case Directive.RESUME:
                pass
            case Directive.RESTART:
                self._restart(cell)
            case Directive.STOP:
                self._kernel.registry.stop(cell, f"failed: {error}")
            case Directive.ISOLATE:
                self._kernel.registry.deactivate(cell, ISOLATED, "isolated")
            case Directive.ESCALATE:
                self._escalate(cell, error, where, message)

    def report_dropped(self, cell: Cell, error: Exception, where: str) -> None:
        """Report an error that changes nothing, of an actor that is being stopped."""
        self._report(cell, error, where, None, "dropped", len(cell.failures or ()))

    def _count(self, cell: Cell) -> int:
        """The failures that count now, this one included."""
        step = self._kernel.time >> STEP_BITS
        window = cell.supervision.within_steps
        recent = [at for at in cell.failures or () if window is None or step - at < window]
        cell.failures = [*recent, step]
        return len(cell.failures)

    def _restart(self, cell: Cell) -> None:
        """A new instance in the same place; children of the old one are stopped."""
        population = self._kernel.registry
        population.stop_children(cell, "parent restarted")
        population.abandon(cell, "restarted")
        cell.actor = cell.recipe.build()
        cell.state = IDLE
        population.start(cell)

    def _escalate(self, cell: Cell, error: Exception, where: str, message: Any) -> None:
        parent = cell.parent
        if parent is None or parent.parent is None:
            raise RunFailed(cell.path, where, error) from error
        self._kernel.registry.stop(cell, f"failed: {error}")
        self.handle(parent, error, f"{where} of its child {cell.path}", message)

    def _report(
        self, cell: Cell, error: Exception, where: str, message: Any, directive: str,
        failures: int,
    ) -> None:  # fmt: skip
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
                failures=failures,
            ),
        )
