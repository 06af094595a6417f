"""The server inside a running program: how it begins, and how it ends."""

from functools import partial

import httpx2
import pytest
import trio

from gdg_runtime.adapters.goals_api.app import create_app
from gdg_runtime.adapters.goals_api.port import DatabasePort
from gdg_runtime.adapters.goals_api.server import allow_many_connections, serve
from gdg_runtime.goals.commands import ReadStatistics


class Held(DatabasePort):
    """Answers only when the test lets it."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.begun, self.let_go = trio.Event(), trio.Event()

    async def ask(self, command):
        if not isinstance(command, ReadStatistics):
            self.begun.set()
            await self.let_go.wait()
        return await super().ask(command)


@pytest.fixture
def held(store) -> Held:
    return Held(store)


async def test_requests_in_flight_are_finished_and_new_ones_refused(held) -> None:
    stop, answers = trio.Event(), []
    async with httpx2.AsyncClient() as client, trio.open_nursery() as nursery:

        async def ask() -> None:
            answers.append(await client.get(f"{url}/v1/goals"))

        (url,) = await nursery.start(partial(serve, create_app(held), "127.0.0.1", 0, stop))
        await client.get(f"{url}/healthz")  # leaves an idle connection
        nursery.start_soon(ask)
        await held.begun.wait()
        stop.set()
        while True:
            try:
                async with httpx2.AsyncClient() as other:
                    await other.get(f"{url}/healthz")
            except httpx2.ConnectError:
                break
        assert answers == []
        held.let_go.set()
    assert [answer.status_code for answer in answers] == [200]


async def test_what_takes_longer_than_the_grace_is_cut_off(held) -> None:
    stop = trio.Event()
    async with httpx2.AsyncClient() as client, trio.open_nursery() as nursery:

        async def ask() -> None:
            with pytest.raises(httpx2.HTTPError):
                await client.get(f"{url}/v1/goals")

        serving = partial(serve, create_app(held), "127.0.0.1", 0, stop, grace_s=0.05)
        (url,) = await nursery.start(serving)
        nursery.start_soon(ask)
        await held.begun.wait()
        stop.set()


async def test_ipv6_has_its_brackets(store) -> None:
    stop = trio.Event()
    async with httpx2.AsyncClient() as client, trio.open_nursery() as nursery:
        app = create_app(DatabasePort(store))
        (url,) = await nursery.start(partial(serve, app, "::1", 0, stop))
        assert url.startswith("http://[::1]:")
        assert (await client.get(f"{url}/healthz")).status_code == 200
        stop.set()


def test_the_process_may_have_many_connections() -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        allow_many_connections()
        raised, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert raised == (65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
