"""The places that requests to the outside hold in the order of a run, until their outcomes come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .effects import EffectRequest, Outcome, Recalled, Slot
from .envelope import SLOT, Envelope
from .errors import ReplayDivergence

if TYPE_CHECKING:
    from .kernel import Kernel

Recall = Callable[[EffectRequest], Recalled | None]


class Reservations:
    """All reserved places of a kernel; its driver starts and cancels the effects behind them."""

    __slots__ = ("_kernel", "_open", "_released", "_requests", "arrival", "divergence", "horizon",
                 "recall", "saw")  # fmt: skip

    def __init__(self, kernel: Kernel, arrival: bool) -> None:
        self._kernel = kernel
        self.arrival = arrival
        """Outcomes take places as they arrive: replayable, not reproducible."""
        self.horizon = 0
        """What arrives from outside takes a place after this time: replay has facts up to here."""
        self.recall: Recall | None = None
        """Looks a request up in what was recorded; set by the driver."""
        self.saw: Callable[[EffectRequest], None] | None = None
        """Told of every request; set by the driver."""
        self.divergence: ReplayDivergence | None = None
        """Ends the run, even if the actor catches it."""
        self._requests: list[Slot] = []
        self._released: list[Slot] = []
        self._open: dict[Slot, tuple[str, int] | None] = {}

    def open(self, slot: Slot, delay: int, cause: tuple[str, int] | None) -> None:
        """Reserve the place of an outcome, `delay` ticks ahead, and ask for the effect."""
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
        """The effects to start, in the order of their requests; each is handed out once."""
        taken, self._requests = self._requests, []
        return [slot for slot in taken if not slot.cancelled]

    def take_released(self) -> list[Slot]:
        """The effects whose outcome nobody waits for any more, in or not."""
        taken, self._released = self._released, []
        return taken

    def release(self, slot: Slot) -> None:
        """Nobody waits for this outcome any more."""
        self._open.pop(slot, None)
        self._released.append(slot)

    def fill(self, slot: Slot, outcome: Outcome) -> bool:
        """Bring an outcome to its place; False for a late one, after a cancel."""
        if slot.cancelled:
            return False
        slot.outcome = outcome
        return True

    def arrival_time(self) -> int:
        """The place in time of what arrives from outside now."""
        return max(self._kernel.time, self.horizon) + 1

    def place(self, slot: Slot, time: int) -> None:
        """In the order of arrival: give a filled slot its place."""
        cause = self._open.pop(slot)
        request = slot.request
        self._kernel.enqueue(
            Envelope(
                time, 0, request.actor, request.number, SLOT, slot.owner, slot, slot.pending, cause
            )
        )

    @property
    def pending(self) -> bool:
        """Whether slots without a place are open (order of arrival only)."""
        return bool(self._open)
