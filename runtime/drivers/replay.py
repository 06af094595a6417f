"""The replay driver: all outcomes come from the journal. No I/O, no event loop, no waiting."""

from __future__ import annotations

from collections import deque

from ..effects import EffectRequest, Outcome
from ..errors import JournalError, ReplayDivergence
from ..journal import Recorded
from ..kernel import Kernel, State
from . import RunEnd


class Playback:
    """Hands each recorded outcome to the request that it was recorded for, and to no other."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._left: dict[str, deque[int]] = {}
        """By actor, the ascending numbers of the recorded requests that were not made again yet."""
        for actor, number in recorded.requests():
            self._left.setdefault(actor, deque()).append(number)

    def recall(self, request: EffectRequest) -> tuple[Outcome, int | None] | None:
        """Return this very request's outcome and place, None if there is none (or no place yet).

        Raises ReplayDivergence if another request stands in its place, or if the actor passed
        over a request that it made when recorded.
        """
        left = self._left.get(request.actor)
        if not left or left[0] > request.number:
            return None
        number = left.popleft()
        if number < request.number:
            asked = self._recorded.asked(request.actor, number)
            raise ReplayDivergence(request.actor, number, asked, request.canonical)
        outcome = self._recorded.outcome_of(request)
        assert outcome is not None
        at = self._recorded.places.get((request.actor, request.number))
        return None if self._recorded.arrival and at is None else (outcome, at)

    def check_all_asked(self) -> None:
        """Raise ReplayDivergence for a recorded request that the program never made."""
        for actor, left in self._left.items():
            for number in left:
                nothing = "nothing: the program ends without this request"
                raise ReplayDivergence(actor, number, self._recorded.asked(actor, number), nothing)


def feed(kernel: Kernel, recorded: Recorded) -> Playback:
    """Give a kernel everything that was recorded, each fact for its own place.

    The program must have spawned its first actors already. Raises JournalError if the kernel's
    order is not the recorded one, and later, from the kernel's turns, ReplayDivergence where the
    program asks something else than was recorded.
    """
    if recorded.arrival != kernel.reservations.arrival:
        raise JournalError(
            f"the journal was recorded in the order {_ORDER[recorded.arrival]!r}, "
            f"the kernel is made for {_ORDER[kernel.reservations.arrival]!r}"
        )
    playback = Playback(recorded)
    kernel.reservations.horizon = recorded.horizon
    kernel.reservations.recall = playback.recall
    for _, at, arrival in sorted(recorded.inputs):
        kernel.admit(arrival, at=at)
    return playback


_ORDER = {False: "logical", True: "arrival"}


def replay(kernel: Kernel, recorded: Recorded, *, halt_at: int | None = None) -> RunEnd:
    """Execute a recorded run again.

    Returns EXHAUSTED where the recording ends before the program does. Raises what the kernel
    raises, ReplayDivergence first of all, also for a recorded outcome that was never asked for.
    """
    playback = feed(kernel, recorded)
    kernel.expects_messages = bool(recorded.inputs)
    kernel.halt_at = halt_at
    state = kernel.run()
    if state is State.BOUNDARY:
        return RunEnd.STOPPED
    if state is not State.QUIET or kernel.reservations.pending or kernel.waiting:
        return RunEnd.EXHAUSTED
    playback.check_all_asked()
    return RunEnd.COMPLETED
