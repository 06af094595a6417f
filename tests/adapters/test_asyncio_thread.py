"""asyncio functions, called from trio and from asyncio."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Literal, NoReturn

import anyio
import pytest
import sniffio

from gdg_runtime.adapters.asyncio_thread import AsyncioThread, CancelledInside, on_asyncio

Library = Literal["trio", "asyncio"]
both = pytest.mark.parametrize("library", ["trio", "asyncio"])
where: ContextVar[str] = ContextVar("where")


@pytest.fixture
def thread() -> Iterator[AsyncioThread]:
    made = AsyncioThread()
    yield made
    made.close()


class Sleeper:
    """Sleeps for ever, and takes its time to wake up."""

    def __init__(self) -> None:
        self.asleep = threading.Event()
        self.over = threading.Event()

    async def sleep(self) -> None:
        self.asleep.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.1)
            self.over.set()


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def fail() -> NoReturn:
    await asyncio.sleep(0)
    raise LookupError("nothing there")


async def leave() -> NoReturn:
    raise SystemExit(3)


@both
def test_what_the_function_gives_comes_back(thread: AsyncioThread, library: Library) -> None:
    assert anyio.run(thread.run, double, 21, backend=library) == 42


@both
def test_what_the_function_raises_comes_back(thread: AsyncioThread, library: Library) -> None:
    with pytest.raises(LookupError, match="nothing there"):
        anyio.run(thread.run, fail, backend=library)


async def test_a_function_that_wants_to_leave_does_not_take_the_thread_along(
    thread: AsyncioThread,
) -> None:
    with pytest.raises(SystemExit):
        await thread.run(leave)
    assert await thread.run(double, 1) == 2


@both
def test_a_cancelled_call_has_ended_when_its_caller_goes_on(
    thread: AsyncioThread, library: Library
) -> None:  # fmt: skip
    sleeper = Sleeper()

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(thread.run, sleeper.sleep)
            with anyio.fail_after(30):
                while not sleeper.asleep.is_set():
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        assert sleeper.over.is_set()
        assert await thread.run(double, 2) == 4

    anyio.run(main, backend=library)


async def test_a_call_cancelled_before_it_began_never_begins(thread: AsyncioThread) -> None:
    began = []

    async def begin() -> None:
        began.append(True)

    with anyio.CancelScope() as scope:
        scope.cancel()
        await thread.run(begin)
    assert scope.cancelled_caught
    assert await thread.run(double, 2) == 4
    assert not began


async def test_many_calls_run_at_once(thread: AsyncioThread) -> None:
    gate = asyncio.Barrier(50)

    async def meet() -> None:
        await gate.wait()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(thread.run, meet)


async def test_a_function_that_is_cancelled_from_inside_is_an_error(thread: AsyncioThread) -> None:
    async def give_up() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    with pytest.raises(CancelledInside, match="give_up was cancelled"):
        await thread.run(give_up)


@both
def test_the_callers_context_goes_along_but_not_its_library(
    thread: AsyncioThread, library: Library
) -> None:  # fmt: skip
    async def look() -> tuple[str, str]:
        await anyio.sleep(0)  # anyio, too, must know where it is
        return where.get(), sniffio.current_async_library()

    async def main() -> tuple[str, str]:
        where.set("here")
        return await thread.run(look)

    assert anyio.run(main, backend=library) == ("here", "asyncio")


async def test_the_loop_stays_the_same(thread: AsyncioThread) -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert await thread.run(loop) is await thread.run(loop)


async def test_a_call_within_a_call_runs_in_place(thread: AsyncioThread) -> None:
    async def outer() -> int:
        return await thread.run(double, 4)

    with anyio.fail_after(30):
        assert await thread.run(outer) == 8


async def test_a_closed_thread_cancels_what_runs_and_can_start_anew(thread: AsyncioThread) -> None:
    closed = []

    async def closer() -> None:
        closed.append(threading.current_thread().name)

    sleeper = Sleeper()
    thread.at_end(closer)
    with pytest.raises(CancelledInside):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, _close, thread, sleeper)
            try:
                await thread.run(sleeper.sleep)
            except CancelledInside as error:
                caught = error
        raise caught
    assert closed == ["asyncio"]
    assert await thread.run(double, 3) == 6


def _close(thread: AsyncioThread, sleeper: Sleeper) -> None:
    assert sleeper.asleep.wait(30)
    thread.close()


async def test_keywords_are_passed_on() -> None:
    assert await on_asyncio(double, number=5) == 10


PROGRAM = """
import asyncio, sys, trio
from gdg_runtime.adapters.asyncio_thread import at_asyncio_end, on_asyncio

async def work():
    asyncio.create_task(asyncio.sleep(600))  # still there at the end
    await asyncio.to_thread(int)
    return "done"

async def closer():
    print("closed", flush=True)

at_asyncio_end(closer)
print(trio.run(on_asyncio, work), flush=True)
"""


def test_a_process_ends_in_silence() -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\nclosed\n", "")
