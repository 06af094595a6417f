"""A bridge to libraries that only run under asyncio, for programs that run under trio.

    answer = await on_asyncio(client.ask, "a question")

runs `client.ask("a question")` in the process's one asyncio thread and gives back what it gives
back. It may be called under trio and under asyncio. One loop lives as long as the process, so
that clients may keep their connections from call to call.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Generic, ParamSpec, TypeVar

import anyio
import anyio.lowlevel
import trio

T = TypeVar("T")
P = ParamSpec("P")

_PATIENCE_S = 5.0
"""Seconds that the end of the process waits for calls that don't end."""


class CancelledInside(RuntimeError):
    """The function was cancelled, but not by who called it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was cancelled from inside of asyncio, not by its caller")


class AsyncioThread:
    """A thread with an asyncio loop, started when it is first needed."""

    def __init__(self, name: str = "asyncio") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._live: _Live | None = None
        self._closers: list[Callable[[], Awaitable[object]]] = []

    async def run(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an asyncio function in the thread, in the caller's context variables.

        Cancelling the caller cancels the function; the cancellation is over when the function
        has really ended, so whatever it closes on its way out is closed. Raises what the function
        raises, and CancelledInside.
        """
        live = self._started()
        if live.is_here():
            return await function(*args, **kwargs)
        # A caller that is cancelled already shall start nothing in the other thread.
        await anyio.lowlevel.checkpoint_if_cancelled()
        call = _Call(live.loop, partial(function, *args, **kwargs))
        live.loop.call_soon_threadsafe(call.begin)
        try:
            await call.ended.wait()
        except BaseException:
            call.cancel()
            with anyio.CancelScope(shield=True):
                await call.ended.wait()
            raise
        return call.result()

    def at_end(self, closer: Callable[[], Awaitable[object]]) -> None:
        """Have an asyncio function called in the thread when the process ends, the newest first.

        Functions that are to run while the loop lives must be known before the loop's end: that
        is why the loop's own end is put off to the front here.
        """
        with self._lock:
            self._closers.append(closer)
            if self._live is not None:
                atexit.unregister(self.close)
                atexit.register(self.close)

    def close(self) -> None:
        """End the thread; calls that still run are cancelled. Done by itself when the process
        ends. The next call starts a new thread."""
        with self._lock:
            live, self._live = self._live, None
            closers, self._closers = self._closers[::-1], []
        atexit.unregister(self.close)
        if live is not None and live.process == os.getpid():
            live.close(closers)

    def _started(self) -> _Live:
        live = self._live
        if live is not None and live.process == os.getpid():
            return live
        with self._lock:
            # A forked child has the object but not the thread.
            if self._live is None or self._live.process != os.getpid():
                self._live = _Live(self._name)
                atexit.unregister(self.close)
                atexit.register(self.close)
            return self._live


class _Live:
    """The loop and its thread."""

    def __init__(self, name: str) -> None:
        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.workers = ThreadPoolExecutor(thread_name_prefix=f"{name}-worker")
        self.loop.set_default_executor(self.workers)
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def is_here(self) -> bool:
        return threading.current_thread() is self.thread

    def close(self, closers: list[Callable[[], Awaitable[object]]]) -> None:
        """End the loop, and wait for a while until the thread has ended."""
        self.loop.call_soon_threadsafe(self._end, closers)
        self.thread.join(_PATIENCE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.workers.shutdown(wait=False, cancel_futures=True)
        self.loop.close()

    def _end(self, closers: list[Callable[[], Awaitable[object]]]) -> None:
        self._last = self.loop.create_task(self._wind_up(closers))
        self._last.add_done_callback(lambda _: self.loop.stop())

    async def _wind_up(self, closers: list[Callable[[], Awaitable[object]]]) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for closer in closers:
            with suppress(Exception):
                await closer()
        await self.loop.shutdown_asyncgens()


class _Call(Generic[T]):
    """One function on its way through the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, function: partial[Awaitable[T]]) -> None:
        self.ended = anyio.Event()
        self._loop = loop
        self._function = function
        self._wake = _waker(self.ended.set)
        self._context = _asyncio_context()
        self._task: asyncio.Task[None] | None = None
        self._value: T | None = None
        self._error: BaseException | None = None

    def cancel(self) -> None:
        """Cancel the task. The loop keeps the order, so this comes after `begin`."""
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    def result(self) -> T:
        error, self._error = self._error, None
        if error is None:
            return self._value  # type: ignore[return-value]  # set, where there is no error
        try:
            if isinstance(error, asyncio.CancelledError):
                function = self._function.func
                name = getattr(function, "__qualname__", None) or type(function).__name__
                raise CancelledInside(name) from None
            raise error
        finally:
            del error  # its traceback holds this frame: a cycle

    def begin(self) -> None:
        """Start the task, in the loop's thread."""
        self._task = self._loop.create_task(self._work(), context=self._context)
        # By a callback, since a task cancelled before its first step runs nothing of its own.
        self._task.add_done_callback(self._finish)

    async def _work(self) -> None:
        try:
            self._value = await self._function()
        except BaseException as error:  # also what would end the loop's thread
            self._error = error

    def _finish(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._error = asyncio.CancelledError()
        # The caller's loop may be gone, if it was ended by force.
        with suppress(RuntimeError, trio.RunFinishedError):
            self._wake()


def _waker(wake: Callable[[], None]) -> Callable[[], object]:
    """Return `wake` as a function to be called from another thread."""
    if trio.lowlevel.in_trio_task():
        token = trio.lowlevel.current_trio_token()
        return lambda: token.run_sync_soon(wake)
    loop = asyncio.get_running_loop()
    return lambda: loop.call_soon_threadsafe(wake)


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
