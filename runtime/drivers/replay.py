"""The replay driver: the journal is the world. No I/O, no event loop, no waiting."""

from __future__ import annotations

from ..errors import ReplayDivergence
from ..journal import Recorded
from ..kernel import Kernel, State
from ..slot import EffectRequest, Recalled
from .ending import Ending


def feed(kernel: Kernel, recorded: Recorded) -> None:
    """Give a kernel everything that was recorded, each fact for its own place.

    The program must have spawned its first actors already. Raises ReplayDivergence later, from
    the kernel's turns, where the program asks something else than was recorded.
    """
    kernel.reservations.horizon = recorded.horizon
    kernel.reservations.recall = recorded.recall
    for entry in sorted(recorded.inputs, key=lambda entry: entry.number):
        kernel.admit(entry.arrival, at=entry.at)


def replay(kernel: Kernel, recorded: Recorded, *, halt_at: int | None = None) -> Ending:
    """Execute a recorded run again.

    Returns EXHAUSTED where the recording ends before the program does. Raises what the kernel
    raises, ReplayDivergence first of all, also for a recorded outcome that was never asked for.
    """
    asked: set[tuple[str, int]] = set()

    def recall(request: EffectRequest) -> Recalled | None:
        asked.add((request.actor, request.number))
        return recorded.recall(request)

    feed(kernel, recorded)
    kernel.reservations.recall = recall
    kernel.expects_messages = bool(recorded.inputs)
    kernel.halt_at = halt_at
    state = kernel.run()
    if state is State.BOUNDARY:
        return Ending.STOPPED
    if state is not State.QUIET or kernel.reservations.pending or kernel.waiting:
        return Ending.EXHAUSTED
    unasked = recorded.first_unasked(asked)
    if unasked is not None:
        nothing = "nothing: the program ends without this request"
        raise ReplayDivergence(unasked["actor"], unasked["number"], unasked["asked"], nothing)
    return Ending.COMPLETED
