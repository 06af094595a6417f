"""The process around a run: signals, task groups, a thread of its own, the garbage collector."""

import gc
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup, TaskStatus

from ...runtime.drivers.live import StopSwitch

T = TypeVar("T")

NOTICE = (
    "Stopping at the end of this step; once more to stop at once. "
    "The run can be resumed either way."
)

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
            say(NOTICE)


@asynccontextmanager
async def unwrapped_group() -> AsyncIterator[TaskGroup]:
    """Open a task group that raises its first error as it is, not as a group of errors."""
    failure: BaseException | None = None
    try:
        async with anyio.create_task_group() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        failure = innermost(group)
    if failure is not None:
        raise failure


def innermost(error: BaseException) -> BaseException:
    """Return the first error of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def in_own_thread(
    work: Callable[[StopSwitch], Awaitable[T]], backend: str, say: Callable[[str], None]
) -> T:
    """Run a coroutine in a thread and event loop of its own, and wait for it.

    This works where a loop runs already, as in a notebook. The first KeyboardInterrupt throws the
    coroutine's stop switch; the next one cancels it, and is raised when it has ended.
    """
    stop, at_once, over = StopSwitch(), threading.Event(), threading.Event()
    results: list[T] = []
    failures: list[BaseException] = []

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_at, at_once, tasks.cancel_scope)
            try:
                results.append(await work(stop))
            finally:
                at_once.set()

    def thread() -> None:
        try:
            anyio.run(main, backend=backend)
        except BaseException as error:
            failures.append(innermost(error))
        finally:
            over.set()

    with _interruptible():
        threading.Thread(target=thread, name="gdg-run").start()
        try:
            while not over.is_set():
                try:
                    over.wait()
                except KeyboardInterrupt:
                    if stop.wished:
                        raise
                    stop.throw()
                    say(NOTICE)
        except BaseException:
            # The second interrupt; it may come while the notice of the first is printed.
            at_once.set()
            over.wait()
            raise
    if failures:
        raise failures[0]
    return results[0]


async def _cancel_at(event: threading.Event, scope: anyio.CancelScope) -> None:
    # A thread waits, since trio lets no thread that runs trio reach into another loop.
    await anyio.to_thread.run_sync(event.wait, abandon_on_cancel=True)
    scope.cancel()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt in this thread.

    `asyncio.run` would cancel its main task instead, which can't run while this thread waits.
    """
    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT) if main else None
    if not callable(handler):  # ignored on purpose, or another thread's affair
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


class _Collector:
    """The collector's settings before the first of the runs that overlap; one per process, as the
    collector is."""

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
