"""Reserved places: what requests to the outside hold in the order of a run for their outcomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .cell import Cell
from .effects import EffectRequest, Outcome, Recalled, Slot
from .envelope import SLOT, Cause, Envelope
from .errors import EffectCancelled, ReplayDivergence
from .waiting import Pending

Recall = Callable[[EffectRequest], Recalled | None]


class Scheduler(Protocol):
    """The part of the kernel that reservations need: its time, and its queue of envelopes."""

    time: int

    def enqueue(self, envelope: Envelope) -> None: ...

    def send(
        self, origin: Cell, kind: int, target: Cell, body: Any, pending: Pending[Any] | None,
        cause: Cause | None, at: int | None = None,
    ) -> None: ...  # fmt: skip

    def settle(self, pending: Pending[Any], value: Any, error: Exception | None) -> None: ...


class Reservations:
    """All reserved places of a kernel; the driver starts and cancels the effects behind them."""

    __slots__ = ("_kernel", "_open", "_released", "_requests", "arrival", "divergence", "horizon",
                 "recall", "saw")  # fmt: skip

    def __init__(self, kernel: Scheduler, arrival: bool) -> None:
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

    def open(self, slot: Slot, delay: int, cause: Cause | None) -> None:
        """Reserve an outcome's place, `delay` ticks (at least 1) ahead, and ask for the effect."""
        if delay < 1:
            raise ValueError(f"expected a delay of at least 1 tick, got {delay}")
        if self.saw is not None:
            self.saw(slot.request)
        recalled = self._recalled(slot.request)
        if recalled is None:
            self._requests.append(slot)
        else:
            slot.outcome = recalled.outcome
        if self.arrival:
            slot.owner.number += 1
            self._open[slot] = cause
            if recalled is not None:
                self.place(slot, recalled.at)
        else:
            at = self._kernel.time + delay
            self._kernel.send(slot.owner, SLOT, slot.owner, slot, slot.pending, cause, at)

    def _recalled(self, request: EffectRequest) -> Recalled | None:
        try:
            return None if self.recall is None else self.recall(request)
        except ReplayDivergence as divergence:
            self.divergence = divergence
            raise

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
        """Bring an outcome to its place; return False for a late one, after a cancel."""
        if slot.cancelled:
            return False
        slot.outcome = outcome
        return True

    def arrival_time(self) -> int:
        """Return the logical time that what arrives from outside now gets."""
        return max(self._kernel.time, self.horizon) + 1

    def place(self, slot: Slot, time: int) -> None:
        """Give a filled slot its place (order of arrival only)."""
        cause = self._open.pop(slot)
        request = slot.request
        self._kernel.enqueue(
            Envelope(
                time, 0, request.actor, request.number, SLOT, slot.owner, slot, slot.pending, cause
            )
        )

    @property
    def pending(self) -> bool:
        """True while slots without a place are open (order of arrival only)."""
        return bool(self._open)
