"""Simulation: hosts a kernel in virtual time, with latencies and outcomes that a test chooses.

It is synchronous and cheap: thousands of schedules, crashes and faults in a second. Use it to test
programs of actors of your own: whatever the latencies, the same program with the same outcomes must
do the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from heapq import heappop, heappush

from .drivers import RunEnd
from .drivers.replay import feed
from .effects import Done, EffectRequest, Outcome, Slot
from .journal import Journal, Recorded
from .kernel import Kernel, State

Respond = Callable[[EffectRequest], Outcome]
"""Gives the outcome of a request; the effect's own function does not run."""
Latency = Callable[[EffectRequest], float]
"""Gives the virtual seconds that a request takes."""


class Crash(Exception):
    """The simulated process dies here; raised by `Simulation.drive`."""


@dataclass(eq=False)
class Simulation:
    """A driver whose effects take virtual time, under a limit of requests at once.

    ```python
    simulation = Simulation(lambda request: Outcome("ok", 42), lambda request: 0.5)
    assert simulation.drive(kernel) is RunEnd.COMPLETED
    ```

    The kernel's first actors must have been spawned. One simulation drives one kernel.
    """

    respond: Respond
    latency: Latency
    _: KW_ONLY
    capacity: int = 1_000_000
    """Most requests under way at once; the others wait in the order in which they were made."""
    crash_after: int | None = None
    """Number of outcomes (at least 1) that are journalled and delivered before `drive` raises
    Crash; the journal that is left can be read and the run resumed."""

    def __post_init__(self) -> None:
        self.now = 0.0
        """Virtual seconds."""
        self.asked: list[EffectRequest] = []
        """Every request that was started, in order."""
        self.delivered = 0
        """Number of outcomes so far."""
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
        """Run a kernel to its end, and write what a live run would to the journal, if there is one.

        `recorded` holds the facts of an earlier execution, which are used up first. `turns` bounds
        a batch (None: no bound), to vary when requests start. Raises what the kernel raises, and
        Crash.
        """
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
        """Take the next outcome in virtual time."""
        self.now, _, slot = heappop(self._flying)
        outcome = self.respond(slot.request)
        if journal is not None:
            journal.outcome(Done(slot, outcome, 0.0, late=slot.cancelled))
            journal.sync()
        kernel.reservations.fill(slot, outcome)
        if slot.at is not None and journal is not None:
            journal.placed(slot, slot.at)
        self.delivered += 1
        self._start()
        if self.crash_after is not None and self.delivered >= self.crash_after:
            raise Crash
