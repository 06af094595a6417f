"""The replay driver: the journal is the world. No I/O, no event loop, no waiting."""

from __future__ import annotations

from ..journal import Recorded
from ..kernel import Kernel, State
from .ending import Ending


def feed(kernel: Kernel, recorded: Recorded) -> None:
    """Give a kernel everything that was recorded, each fact for its own place.

    The program must have spawned its first actors already. Raises ReplayDivergence later, from
    the kernel's turns, where the program asks something else than was recorded.
    """
    kernel.horizon = recorded.horizon
    kernel.recall = recorded.recall
    for entry in sorted(recorded.inputs, key=lambda entry: entry.number):
        target = kernel.find(entry.to)
        if target is None:
            raise LookupError(f"the journal has a message for {entry.to!r}, which is not there")
        for accepted in target.cell.handlers:
            if accepted.message_name == entry.message:
                kernel.admit(target.cell, accepted.model_validate(entry.body), at=entry.at)
                break
        else:
            raise LookupError(f"{entry.to!r} does not handle the recorded {entry.message!r}")


def replay(kernel: Kernel, recorded: Recorded, *, halt_at: int | None = None) -> Ending:
    """Execute a recorded run again.

    Returns EXHAUSTED where the recording ends before the program does. Raises what the kernel
    raises, ReplayDivergence first of all.
    """
    feed(kernel, recorded)
    kernel.halt_at = halt_at
    state = kernel.run()
    if state is State.BOUNDARY:
        return Ending.STOPPED
    if state is State.QUIET and not kernel.expects_outcomes:
        return Ending.COMPLETED
    return Ending.EXHAUSTED
