"""Episodes inside somebody else's event loop: the same bytes, no signals, and a clean end."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

import gdg_runtime as gdg
from gdg_runtime.actors.llm.chat import Chat, ChatReply
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE
from gdg_runtime.runtime.drivers.live import StopSwitch

HERE = Path(__file__).parent
CONSULTING = HERE / "consulting.yaml"
BACKENDS = ("trio", "asyncio")
MODEL = "openai/nobody"
SOCIETY = {
    "scenario_id": "society",
    "llm": {"model": MODEL},
    "agents": [{"type": "llm", "count": 3}, {"type": "honest", "count": 2}],
    "simulation": {"epochs": 1, "steps_per_epoch": 2, "seed": 5},
}


def files(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in REPRODUCIBLE}


async def until_recorded(run: Path, lines: int) -> None:
    """Return when the run's journal has so many lines."""
    with anyio.fail_after(30):
        while True:
            journal = run / "journal.jsonl"
            if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
                return
            await anyio.sleep(0.005)


class Echo:
    """A provider of the test's own, which passes every turn."""

    def __init__(self) -> None:
        self.asked = 0

    async def chat(self, question: Chat) -> ChatReply:
        self.asked += 1
        await anyio.sleep(0.001)
        return ChatReply(content='{"tool": null, "args": {}}', model=question.model)


@pytest.mark.parametrize("backend", BACKENDS)
def test_episodes_at_once_in_one_loop_write_what_each_writes_alone(
    tmp_path: Path, promised, backend: str
) -> None:
    async def main() -> list[gdg.Run]:
        runs: list[gdg.Run] = []

        async def one(name: str) -> None:
            runs.append(await gdg.run_episode(CONSULTING, tmp_path / name))

        async with anyio.create_task_group() as tasks:
            for name in ("a", "b", "c"):
                tasks.start_soon(one, name)
        return runs

    runs = anyio.run(main, backend=backend)
    assert sorted(run.directory.name for run in runs) == ["a", "b", "c"]
    for run in runs:
        assert (run.status, run.error, run.meta["backend"]) == ("completed", None, backend)
        assert files(run.directory) == promised
        assert not (tmp_path / "catalogue.db").exists(), "a directory elsewhere is in no catalogue"


def test_no_signal_handler_and_no_collector_setting_is_touched(tmp_path: Path) -> None:
    seen: list[object] = []

    class Watching:
        def step_closed(self, moment: object, agent_steps: int) -> None:
            seen.append(signal.getsignal(signal.SIGINT))

        def epoch_closed(self, moment: object, figures: object) -> None: ...
        def episode_closed(self, figures: object) -> None: ...

    async def main() -> None:
        seen.append(signal.getsignal(signal.SIGINT))
        options = gdg.RunOptions(observer=Watching())
        await gdg.run_episode("baseline", tmp_path / "run", options=options)

    asyncio.run(main())
    assert len(seen) > 10
    assert len(set(seen)) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_runs_in_a_loop_of_another_thread(tmp_path: Path, promised, backend: str) -> None:
    made: list[gdg.Run] = []

    def work() -> None:
        run = anyio.run(
            partial(gdg.run_episode, CONSULTING, tmp_path / "run"), backend=backend
        )  # fmt: skip
        made.append(run)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert files(made[0].directory) == promised


def by_scope(episode: Callable[[], Awaitable[Any]], run: Path, lines: int) -> bool:
    """Cancel the scope around an episode; say whether the cancellation went on."""

    async def main() -> bool:
        went_on = False

        async def cancelled() -> None:
            nonlocal went_on
            try:
                await episode()
            except anyio.get_cancelled_exc_class():
                went_on = True
                raise

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cancelled)
            await until_recorded(run, lines)
            tasks.cancel_scope.cancel()
        return went_on

    return anyio.run(main, backend="trio")


def by_task(episode: Callable[[], Awaitable[Any]], run: Path, lines: int) -> bool:
    """Cancel the asyncio task of an episode, twice at once, as an impatient caller does."""

    async def main() -> bool:
        task = asyncio.ensure_future(episode())
        await until_recorded(run, lines)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    return asyncio.run(main())


@pytest.mark.parametrize("lines", [1, 2, 9, 23, 40])
@pytest.mark.parametrize("cancelling", [by_scope, by_task])
def test_a_cancelled_run_is_whole_and_resumed_to_the_same_bytes(
    tmp_path: Path, promised, monkeypatch: pytest.MonkeyPatch, cancelling, lines: int
) -> None:
    monkeypatch.setenv("GDG_TEST_LATENCY", "0.02")
    place = tmp_path / "run"
    assert cancelling(partial(gdg.run_episode, CONSULTING, place), place, lines)
    run = gdg.load_run(place)
    assert (run.status, run.error) == ("stopped", None)
    assert run.metrics == {}
    assert run.absent["metrics"] == "the run is stopped; metrics are written at its end"
    assert run.verify().verified
    recorded = (place / "journal.jsonl").read_bytes()
    assert cancelling(partial(gdg.resume_episode, run), place, recorded.count(b"\n") + 5)
    assert (place / "journal.jsonl").read_bytes().startswith(recorded)
    resumed = anyio.run(gdg.resume_episode, place)
    assert resumed.status == "completed"
    assert files(place) == promised


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_stop_switch_ends_it_at_a_step_boundary(tmp_path: Path, promised, backend: str) -> None:
    stop = StopSwitch()
    stop.throw()
    place = tmp_path / "run"
    run = anyio.run(gdg.run_episode, CONSULTING, place, None, stop, backend=backend)
    assert run.status == "stopped"
    assert [step["step"] for step in run.steps()] in ([], [0] * 6)
    assert run.resume().status == "completed"
    assert files(place) == promised


def test_own_providers_answer_for_the_scenarios_models(tmp_path: Path) -> None:
    echo, asked = Echo(), []

    def by_function(path: str, config: Any) -> Echo:
        asked.append((path, config.model))
        return echo

    first = anyio.run(gdg.run_episode, SOCIETY, tmp_path / "first", {MODEL: echo})
    assert first.status == "completed", first.error
    assert echo.asked >= 6
    assert first.meta["language_models"] is None, "no account is kept of foreign providers"
    second = anyio.run(gdg.run_episode, SOCIETY, tmp_path / "second", by_function)
    assert asked == [("models/1", MODEL)]
    assert files(first.directory) == files(second.directory)
    assert first.verify().verified


def test_a_model_without_a_provider_is_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(gdg.ProviderMissing, match=f"no provider was given for {MODEL}, which"):
        anyio.run(gdg.run_episode, SOCIETY, tmp_path / "run", {"other": Echo()})
    assert not (tmp_path / "run").exists()


def test_a_directory_with_a_run_is_not_written_over(tmp_path: Path) -> None:
    run = anyio.run(gdg.run_episode, "baseline", tmp_path / "run")
    before = files(run.directory)
    with pytest.raises(gdg.RunExists, match="resume it, or choose another directory"):
        anyio.run(gdg.run_episode, "baseline", tmp_path / "run")
    assert files(run.directory) == before


def test_a_directory_that_cannot_be_made_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(gdg.RunUnwritable, match=r"cannot write to .*: Not a directory"):
        anyio.run(gdg.run_episode, "baseline", tmp_path / "file" / "run")
    with pytest.raises(gdg.RunUnwritable, match="choose another place"):
        anyio.run(gdg.run_episode, "baseline", Path("/proc/run"))


def test_a_failure_of_the_episode_is_in_the_run(tmp_path: Path) -> None:
    class Broken(Echo):
        async def chat(self, question: Chat) -> ChatReply:
            raise SystemExit(3)

    broken = {MODEL: Broken()}
    run = anyio.run(gdg.run_episode, SOCIETY, tmp_path / "run", broken, backend="trio")
    assert run.status == "failed"
    assert run.error == "SystemExit: 3"
    assert isinstance(run.cause, SystemExit)
