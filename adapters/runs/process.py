"""What a run does to its process, where it is all that the process does: signals, the collector."""

import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
from anyio.abc import TaskStatus

from ...runtime.drivers.live import StopSwitch

_NEW_OBJECTS = 200_000
"""About as many objects as one step of a thousand agents holds at once."""


async def obey_signals(
    stop: StopSwitch,
    scope: anyio.CancelScope,
    say: Callable[[str], None],
    *,
    task_status: TaskStatus[None],
) -> None:
    """Listen for SIGINT and SIGTERM until cancelled: the first stops the run at the next step
    boundary, the second at once.

    It does nothing where Python can't: on Windows, and outside of the main thread.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        task_status.started()
        return
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            if stop.wished:
                scope.cancel()
                return
            stop.throw()
            say(
                "Stopping at the end of this step; once more to stop at once. "
                "The run can be resumed either way."
            )


class _Collector:
    """The collector's settings before the first of the runs that go on at once."""

    lock = threading.Lock()
    runs = 0
    before = (0, 0, 0)


@contextmanager
def tuned_collector() -> Iterator[None]:
    """Collect seldom, and leave alone what was built before.

    A step of a large population keeps many messages alive that are all about to be freed by
    reference count; looking through them again and again is a third of the cost of a run with
    thousands of agents. Cycles that agents make are still collected. Runs may overlap: the last
    one puts the settings back.
    """
    with _Collector.lock:
        _Collector.runs += 1
        if _Collector.runs == 1:
            _Collector.before = gc.get_threshold()
            gc.freeze()
            gc.set_threshold(_NEW_OBJECTS, *_Collector.before[1:])
    try:
        yield
    finally:
        with _Collector.lock:
            _Collector.runs -= 1
            if not _Collector.runs:
                gc.set_threshold(*_Collector.before)
                gc.unfreeze()
