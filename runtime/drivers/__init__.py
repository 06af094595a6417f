"""Drivers host the kernel: `live` with real effects, `replay` from a journal.

A third one, for tests, is `runtime.testing`.
"""

from enum import Enum


class RunEnd(Enum):
    """The reason why a driver returned."""

    COMPLETED = "completed"
    """No message is left: the program is done."""
    STOPPED = "stopped"
    """Stopped from outside at the beginning of a step; resumable."""
    PAUSED = "paused"
    """An effect is withheld, and nothing can go on without it: the run stands in the middle of a
    step; resumable."""
    EXHAUSTED = "exhausted"
    """A replay needs an outcome that was never recorded: the recording ends here."""
