"""Awaiting what is not the context's to give is an error that names actor, handler and thing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import anyio
import pytest
import trio
from vocabulary import Go

from gdg_runtime.runtime import Actor, Context, Kernel, State, handles
from gdg_runtime.runtime.errors import KernelInEventLoop, NondeterministicAwait


class Bare:
    def __await__(self) -> Generator[Any, None, None]:
        yield


async def _trio_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        await trio.socket.from_stdlib_socket(ours).recv(1)


async def _asyncio_socket() -> None:
    await asyncio.get_running_loop().sock_recv(socket.socket(), 1)


async def _nursery() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 0)


async def _asyncio_future() -> None:
    loop = asyncio.new_event_loop()
    try:
        await loop.create_future()
    finally:
        loop.close()


FOREIGN: dict[str, tuple[Callable[[], Awaitable[Any]], str]] = {
    "trio.sleep": (lambda: trio.sleep(1), "trio's sleep"),
    "trio.checkpoint": (lambda: trio.lowlevel.checkpoint(), "trio"),
    "trio.Event": (lambda: trio.Event().wait(), "trio's wait"),
    "trio.Lock": (lambda: trio.Lock().acquire(), "trio"),
    "trio channel": (lambda: trio.open_memory_channel[int](0)[0].send(1), "trio"),
    "trio nursery": (_nursery, "trio"),
    "trio thread": (lambda: trio.to_thread.run_sync(int), "trio"),
    "trio socket": (_trio_socket, "trio"),
    "asyncio.sleep(0)": (lambda: asyncio.sleep(0), "a bare yield"),
    "asyncio.sleep": (lambda: asyncio.sleep(0.1), "asyncio's sleep"),
    "asyncio future": (_asyncio_future, "Future"),
    "asyncio socket": (_asyncio_socket, "asyncio's running loop"),
    "anyio.sleep": (lambda: anyio.sleep(1), "anyio's sleep"),
    "anyio.Event": (lambda: anyio.Event().wait(), "anyio"),
    "anyio thread": (lambda: anyio.to_thread.run_sync(int), "anyio"),
    "a bare yield": (Bare, "a bare yield"),
}


class Careless(Actor):
    def __init__(self, await_it: Callable[[], Awaitable[Any]]) -> None:
        self.await_it = await_it

    @handles
    async def on_go(self, message: Go, ctx: Context) -> None:
        await self.await_it()


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.filterwarnings("ignore")
def test_a_foreign_await_ends_the_run_naming_actor_handler_and_awaited_thing(name: str) -> None:
    await_it, told = FOREIGN[name]
    kernel = Kernel()
    kernel.root.tell(kernel.spawn("careless", Careless, await_it), Go())
    with pytest.raises(NondeterministicAwait) as caught:
        kernel.run()
    assert caught.value.actor == "careless"
    assert caught.value.handler.endswith("Careless.on_go")
    assert told in caught.value.awaited


@pytest.mark.filterwarnings("ignore")
def test_an_actor_that_swallows_the_error_leaves_the_run_healthy() -> None:
    log: list[str] = []

    class Stubborn(Actor):
        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            for await_it, _ in (FOREIGN["trio.Event"], FOREIGN["trio.sleep"]):
                try:
                    await await_it()
                except Exception:
                    log.append("swallowed")
            await ctx.sleep(1)
            log.append("went on")

    kernel = Kernel()
    kernel.root.tell(kernel.spawn("stubborn", Stubborn), Go())
    assert kernel.run() is State.QUIET
    assert log == ["swallowed", "swallowed", "went on"]


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_the_kernel_refuses_to_run_inside_an_event_loop(backend: str) -> None:
    async def main() -> None:
        with pytest.raises(KernelInEventLoop, match=backend):
            Kernel().run()

    anyio.run(main, backend=backend)
