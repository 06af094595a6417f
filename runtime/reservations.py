"""Reserved places: what requests to the outside hold in the order of a run for their outcomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .cell import Cell
from .effects import EffectRequest, Outcome, Slot
from .envelope import SLOT, Cause, Envelope
from .errors import EffectCancelled, ReplayDivergence
from .waiting import Pending

if TYPE_CHECKING:
    from .kernel import Kernel  # cycle: each part knows the kernel that it is a part of

Recall = Callable[[EffectRequest], tuple[Outcome, int | None] | None]
"""Returns a request's recorded outcome, and the time that it got (order of arrival only)."""


class Reservations:
    """All reserved places of a kernel; the driver starts and cancels the effects behind them."""

    __slots__ = ("_kernel", "_open", "_released", "_requests", "arrival", "divergence", "horizon",
                 "recall", "saw")  # fmt: skip

    def __init__(self, kernel: Kernel, arrival: bool) -> None:
        self._kernel = kernel
        self.arrival = arrival
        """Outcomes take places as they arrive: replayable, not reproducible."""
        self.horizon = 0
        """A replay has facts up to this time; what arrives from outside gets a later one."""
        self.recall: Recall | None = None
        """Looks a request up in what was recorded; set by the driver."""
        self.saw: Callable[[EffectRequest], None] | None = None
        """Called with every request; set by the driver."""
        self.divergence: ReplayDivergence | None = None
        """Ends the run, even if the actor catches the error."""
        self._requests: list[Slot] = []
        self._released: list[Slot] = []
        self._open: dict[Slot, Cause | None] = {}

    def open(
        self, owner: Cell, request: EffectRequest, pending: Pending[Any] | None, delay: int,
        cause: Cause | None,
    ) -> Slot:  # fmt: skip
        """Reserve an outcome's place, `delay` ticks (at least 1) ahead, and ask for the effect."""
        if delay < 1:
            raise ValueError(f"expected a delay of at least 1 tick, got {delay}")
        if self.saw is not None:
            self.saw(request)
        slot = Slot(owner, request, pending, self.give_up)
        try:
            recalled = None if self.recall is None else self.recall(request)
        except ReplayDivergence as divergence:
            self.divergence = divergence
            raise
        if recalled is None:
            self._requests.append(slot)
        else:
            slot.outcome, slot.at = recalled
        if self.arrival:
            owner.number += 1
            self._open[slot] = cause
            if slot.at is not None:
                self._place(slot, slot.at)
        else:
            at = self._kernel.time + delay
            self._kernel.send(owner, SLOT, owner, slot, pending, cause, at)
        return slot

    def take_requests(self) -> list[Slot]:
        """Return the effects to start, in the order of their requests; each is handed out once."""
        taken, self._requests = self._requests, []
        return [slot for slot in taken if not slot.cancelled]

    def take_released(self) -> list[Slot]:
        """Return the effects whose outcome is not needed any more, in or not."""
        taken, self._released = self._released, []
        return taken

    def give_up(self, slot: Slot) -> None:
        """Let a cancelled slot's answer be EffectCancelled, and its driver end the effect."""
        if slot.pending is not None:
            self._kernel.settle(slot.pending, None, EffectCancelled(slot.request.effect))
        self._open.pop(slot, None)
        self._released.append(slot)

    def fill(self, slot: Slot, outcome: Outcome) -> bool:
        """Bring an outcome to its place; return False for a late one, after a cancel.

        In the order of arrival it gets its place now, `slot.at`.
        """
        if slot.cancelled:
            return False
        slot.outcome = outcome
        if self.arrival:
            slot.at = self.arrival_time()
            self._place(slot, slot.at)
        return True

    def arrival_time(self) -> int:
        """Return the logical time that what arrives from outside now gets."""
        return max(self._kernel.time, self.horizon) + 1

    def _place(self, slot: Slot, time: int) -> None:
        cause = self._open.pop(slot)
        actor, number = slot.request.actor, slot.request.number
        self._kernel.enqueue(
            Envelope(time, 0, actor, number, SLOT, slot.owner, slot, slot.pending, cause)
        )

    @property
    def pending(self) -> bool:
        """True while slots without a place are open (order of arrival only)."""
        return bool(self._open)
