"""The server inside a running program: how it begins, and how it ends."""

import json
from contextlib import suppress
from functools import partial

import httpx2
import pytest
import trio

from gdg_runtime.adapters.goals.app import create_app
from gdg_runtime.adapters.goals.ports import DatabasePort
from gdg_runtime.adapters.goals.server import allow_many_connections, serve
from gdg_runtime.goals.commands import ListGoals, ReadStatistics

NEW = {"text": "Tidy the test data", "category": "maintenance"}
_BODY = json.dumps(NEW).encode()
POST = (
    b"POST /v1/goals HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


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
    """In words, on old connections and new ones, until the last answer has been given."""
    stop, answers = trio.Event(), []
    async with httpx2.AsyncClient(verify=False) as client, trio.open_nursery() as nursery:

        async def ask() -> None:
            answers.append(await client.get(f"{url}/v1/goals"))

        (url,) = await nursery.start(partial(serve, create_app(held), "127.0.0.1", 0, stop))
        await client.get(f"{url}/healthz")  # leaves an idle connection
        async with httpx2.AsyncClient(verify=False) as other:
            await other.get(f"{url}/healthz")
            nursery.start_soon(ask)
            await held.begun.wait()
            stop.set()
            for _ in range(2):
                refused = await other.post(f"{url}/v1/goals", json=NEW)
                assert (refused.status_code, refused.json()["code"]) == (503, "not-ready")
                assert refused.headers["Connection"] == "close"
        assert answers == []
        held.let_go.set()
    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].headers["Connection"] == "close"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{url}/healthz")


@pytest.mark.parametrize("ticks", range(16))
async def test_a_request_that_comes_with_the_stop_is_answered_or_not_carried_out(
    store, ticks: int
) -> None:
    """And it does not hold up the stop, however long the grace may be."""
    stop, came = trio.Event(), b""
    app = create_app(DatabasePort(store))
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            serving = partial(serve, app, "127.0.0.1", 0, stop, grace_s=3600.0)
            (url,) = await nursery.start(serving)
            stream = await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2]))
            await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
            await stream.send_all(POST)
            for _ in range(ticks):
                await trio.lowlevel.checkpoint()
            stop.set()
            with suppress(trio.BrokenResourceError):
                async for part in stream:
                    came += part
            await stream.aclose()
    assert len(store.execute(ListGoals()).items) == came.count(b"HTTP/1.1 201")


async def test_under_load_all_that_was_carried_out_is_answered_and_idle_clients_wait_for_nobody(
    store,
) -> None:
    stop, statuses = trio.Event(), []

    async def load() -> None:
        async with httpx2.AsyncClient(timeout=60, verify=False) as client:
            while True:
                try:
                    statuses.append((await client.post(f"{url}/v1/goals", json=NEW)).status_code)
                except httpx2.HTTPError:
                    return

    with trio.fail_after(120):
        async with httpx2.AsyncClient(verify=False) as idle, trio.open_nursery() as nursery:
            app = create_app(DatabasePort(store))
            serving = partial(serve, app, "127.0.0.1", 0, stop, grace_s=3600.0)
            (url,) = await nursery.start(serving)
            await idle.get(f"{url}/healthz")
            for _ in range(4):
                nursery.start_soon(load)
            while len(statuses) < 20:
                await trio.sleep(0.01)
            stop.set()
    assert set(statuses) <= {201, 503}
    assert store.execute(ReadStatistics()).by_state["proposed"] == statuses.count(201)


async def test_what_takes_longer_than_the_grace_is_cut_off(held) -> None:
    stop = trio.Event()
    async with httpx2.AsyncClient(verify=False) as client, trio.open_nursery() as nursery:

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
    async with httpx2.AsyncClient(verify=False) as client, trio.open_nursery() as nursery:
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
