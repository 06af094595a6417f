"""Episodes with language models at once in one foreign loop, as the config says or cancelled."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from serving import FaultServer, start_server
from society import SERVER, digests, society

import gdg_runtime as gdg
from gdg_runtime.adapters.runs.execution import start_run

AGENTS, STEPS = 8, 3


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with start_server(**SERVER) as running:
        yield running


@pytest.fixture(scope="module")
def alone(server: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    result = start_run(society(server.url, AGENTS, STEPS), out=tmp_path_factory.mktemp("runs"))
    assert result.status == "completed", result.error
    return digests(result.directory)


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_episodes_at_once_ask_and_write_what_one_alone_does(
    server: FaultServer, alone: dict[str, str], tmp_path: Path, backend: str
) -> None:
    config = society(server.url, AGENTS, STEPS)
    runs: list[gdg.Run] = []

    async def main() -> None:
        async def one(name: str) -> None:
            runs.append(await gdg.run_episode(config, tmp_path / name))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one, "a")
            tasks.start_soon(one, "b")

    anyio.run(main, backend=backend)
    for run in runs:
        assert (run.status, run.error) == ("completed", None)
        assert digests(run.directory) == alone
        assert run.meta["language_models"]["run"]["calls"] > 0


def test_a_cancelled_one_keeps_what_was_paid_for(
    server: FaultServer, alone: dict[str, str], tmp_path: Path
) -> None:
    config, place = society(server.url, AGENTS, STEPS), tmp_path / "run"

    async def main() -> None:
        task = asyncio.ensure_future(gdg.run_episode(config, place))
        journal = place / "journal.jsonl"
        while not journal.exists() or journal.read_bytes().count(b'"t":"outcome"') < 6:
            await asyncio.sleep(0.005)
            assert not task.done()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(asyncio.wait_for(main(), 60))
    run = gdg.load_run(place)
    assert run.status == "stopped"
    paid = run.meta["language_models"]["run"]["calls"]
    assert paid >= 6
    resumed = run.resume()
    assert digests(place) == alone
    assert resumed.meta["language_models"]["run"]["calls"] >= paid
