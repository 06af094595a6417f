"""How the garbage collector behaves while an episode runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 200_000
"""About what one step of a thousand agents holds at once."""


@contextmanager
def tuned_collector() -> Iterator[None]:
    """Collect seldom, and leave alone what was built before.

    A step of a large population keeps many messages alive that are all about to be freed by
    reference count; looking through them again and again is a third of the cost of a run with
    thousands of agents. Cycles that agents make are still collected.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
