"""The simulation driver: effects in virtual time, with latencies and faults that a test draws.

Synchronous and cheap: thousands of schedules, crashes and faults in a second.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from .drivers import RunEnd
from .drivers.replay import feed
from .effects import EffectRequest, Outcome, Slot
from .journal import Journal, Recorded
from .kernel import Kernel, State

Respond = Callable[[EffectRequest], Outcome]
Latency = Callable[[EffectRequest], float]


class Crash(Exception):
    """The simulated process dies here."""


class Simulation:
    """Effects with drawn latencies under a capacity limit; counts what was asked."""

    def __init__(
        self,
        respond: Respond,
        latency: Latency,
        *,
        capacity: int = 1_000_000,
        crash_after: int | None = None,
    ) -> None:
        """`crash_after`: raise Crash after so many outcomes were journalled and delivered."""
        self.respond = respond
        self.latency = latency
        self.capacity = capacity
        self.crash_after = crash_after
        self.now = 0.0
        """Virtual seconds."""
        self.asked: list[EffectRequest] = []
        """Every request that was started."""
        self.delivered = 0
        self._flying: list[tuple[float, int, Slot]] = []
        self._queued: list[Slot] = []

    def drive(
        self,
        kernel: Kernel,
        journal: Journal | None = None,
        *,
        recorded: Recorded | None = None,
        turns: int | None = None,
    ) -> RunEnd:
        """Run a kernel to its end; `turns` bounds a batch, to vary when requests start."""
        if recorded is not None:
            feed(kernel, recorded)
        reservations = kernel.reservations
        while True:
            state = kernel.run(turns)
            self._queued += reservations.take_requests()
            for slot in reservations.take_released():
                if slot in self._queued:
                    self._queued.remove(slot)
                elif slot.outcome is not None and journal is not None:
                    journal.released(slot)
            self._start()
            if state is State.QUIET and not reservations.pending:
                return RunEnd.COMPLETED
            if state is not State.BUSY:
                self._arrive(kernel, journal)

    def _start(self) -> None:
        while self._queued and len(self._flying) < self.capacity:
            slot = self._queued.pop(0)
            self.asked.append(slot.request)
            due = self.now + self.latency(slot.request)
            heappush(self._flying, (due, len(self.asked), slot))

    def _arrive(self, kernel: Kernel, journal: Journal | None) -> None:
        """The next outcome in virtual time."""
        self.now, _, slot = heappop(self._flying)
        outcome = self.respond(slot.request)
        if journal is not None:
            journal.outcome(slot, outcome, late=slot.cancelled)
            journal.sync()
        reservations = kernel.reservations
        if reservations.fill(slot, outcome) and reservations.arrival:
            time = reservations.arrival_time()
            reservations.place(slot, time)
            if journal is not None:
                journal.placed(slot, time)
        self.delivered += 1
        self._start()
        if self.crash_after is not None and self.delivered >= self.crash_after:
            raise Crash
