"""A bridge to libraries that only run under asyncio, for programs that run under trio.

    answer = await on_asyncio(client.ask, "a question")

runs `client.ask("a question")` in the process's one asyncio thread and gives back what it gives
back. It may be called under trio and under asyncio. One loop lives as long as the process, so
that clients may keep their connections from call to call.

This is own code, not anyio's `BlockingPortal`: a cancelled call of a portal is over before its
function has ended, what the function awaits while it cleans up is interrupted too, and a function
that raises SystemExit takes the portal along.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

import anyio
import anyio.lowlevel
import trio

T = TypeVar("T")
P = ParamSpec("P")
Closer = Callable[[], Awaitable[object]]

_PATIENCE_S = 5.0
"""Seconds that the end of the process waits for calls that don't end."""


class CancelledInside(RuntimeError):
    """The function was cancelled, but not by who called it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was cancelled from inside of asyncio, not by its caller")


class AsyncioThread:
    """A thread with an asyncio loop, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._closers: list[Closer] = []

    async def run(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an asyncio function in the thread, in the caller's context variables.

        Cancelling the caller cancels the function; the cancellation is over when the function
        has really ended, so whatever it closes on its way out is closed. Raises what the function
        raises, and CancelledInside.
        """
        loop = self._started()
        if threading.current_thread() is self._thread:
            return await function(*args, **kwargs)
        # A caller that is cancelled already shall start nothing in the other thread.
        await anyio.lowlevel.checkpoint_if_cancelled()
        ended, context = anyio.Event(), _asyncio_context()
        wake = _waker(ended.set)
        result: list[Any] = [None, asyncio.CancelledError()]
        tasks: list[asyncio.Task[None]] = []

        async def work() -> None:
            try:
                result[:] = await function(*args, **kwargs), None
            except BaseException as error:  # also what would end the loop's thread
                result[1] = error

        def begin() -> None:
            tasks.append(loop.create_task(work(), context=context))
            # By a callback, since a task cancelled before its first step runs nothing of its own.
            tasks[0].add_done_callback(wake)

        loop.call_soon_threadsafe(begin)
        try:
            await ended.wait()
        except BaseException:
            # The loop keeps the order, so this comes after `begin`.
            loop.call_soon_threadsafe(lambda: tasks[0].cancel())
            with anyio.CancelScope(shield=True):
                await ended.wait()
            raise
        value, error = result
        result.clear()  # the error's traceback holds this frame: a cycle, as below
        if error is None:
            return value  # type: ignore[no-any-return]  # what `function` has returned
        try:
            if isinstance(error, asyncio.CancelledError):
                name = getattr(function, "__qualname__", None) or type(function).__name__
                raise CancelledInside(name) from None
            raise error
        finally:
            del error

    def at_end(self, closer: Closer) -> None:
        """Have an asyncio function called in the thread when the process ends, the newest first.

        Functions that are to run while the loop lives must be known before the loop's end: that
        is why the loop's own end is put off to the front here.
        """
        with self._lock:
            self._closers.append(closer)
            if self._loop is not None:
                self._close_at_exit()

    def close(self) -> None:
        """End the thread; calls that still run are cancelled. Done by itself when the process
        ends. The next call starts a new thread."""
        with self._lock:
            loop, self._loop = self._loop, None
            closers, self._closers = self._closers[::-1], []
        atexit.unregister(self.close)
        if loop is not None and self._thread is not None and self._process == os.getpid():
            ended = asyncio.run_coroutine_threadsafe(_wind_up(closers), loop)
            ended.add_done_callback(lambda _: loop.call_soon_threadsafe(loop.stop))
            self._thread.join(_PATIENCE_S)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            # A forked child has the object but not the thread.
            if self._loop is None or self._process != os.getpid():
                self._loop, self._process = asyncio.new_event_loop(), os.getpid()
                self._thread = threading.Thread(
                    target=_serve, args=[self._loop], name="asyncio", daemon=True
                )
                self._thread.start()
                self._close_at_exit()
            return self._loop

    def _close_at_exit(self) -> None:
        atexit.unregister(self.close)
        atexit.register(self.close)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped."""
    asyncio.set_event_loop(loop)
    workers = ThreadPoolExecutor(thread_name_prefix="asyncio-worker")
    loop.set_default_executor(workers)
    loop.run_forever()
    workers.shutdown(wait=False, cancel_futures=True)
    loop.close()


async def _wind_up(closers: Sequence[Closer]) -> None:
    """Cancel all tasks of this loop, then call the functions that are to be called at its end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for closer in closers:
        with suppress(Exception):
            await closer()
    await asyncio.get_running_loop().shutdown_asyncgens()


def _waker(wake: Callable[[], None]) -> Callable[[object], None]:
    """Return `wake` as a callback for tasks of another thread."""
    call: Callable[..., object]
    if trio.lowlevel.in_trio_task():
        call = trio.lowlevel.current_trio_token().run_sync_soon
    else:
        call = asyncio.get_running_loop().call_soon_threadsafe

    def callback(task: object) -> None:
        # The caller's loop may be gone, if it was ended by force.
        with suppress(RuntimeError, trio.RunFinishedError):
            call(wake)

    return callback


def _asyncio_context() -> contextvars.Context:
    """Copy the caller's context, but with asyncio as the async library.

    anyio and sniffio note the library in a context variable, and libraries on the other side
    would believe themselves under trio.
    """
    context = contextvars.copy_context()
    for variable in context:
        if variable.name == "current_async_library_cvar":
            context.run(variable.set, "asyncio")
            break
    return context


_thread = AsyncioThread()

on_asyncio = _thread.run
"""Runs an asyncio function in the process's asyncio thread."""
at_asyncio_end = _thread.at_end
"""Has an asyncio function called in that thread when the process ends."""
