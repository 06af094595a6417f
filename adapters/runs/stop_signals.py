"""SIGINT and SIGTERM: the first stops a run at the next step boundary, the second at once."""

import signal
import sys
import threading
from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus

from ...runtime.drivers.live import StopSwitch


async def obey_signals(
    stop: StopSwitch,
    scope: anyio.CancelScope,
    say: Callable[[str], None],
    *,
    task_status: TaskStatus[None],
) -> None:
    """Listen until cancelled. Does nothing where Python can't: on Windows, and off the main thread
    (a run inside a server or a notebook's worker), whose owner stops it."""
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
