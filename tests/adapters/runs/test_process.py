"""A run's thread, also when it goes wrong, and the collector's settings when runs overlap."""

import gc
import threading

import anyio
import pytest

from gdg_runtime.adapters.runs.process import in_own_thread, tuned_collector
from gdg_runtime.runtime.drivers.live import StopSwitch


def test_the_collectors_settings_come_back_when_the_last_run_is_over() -> None:
    before = gc.get_threshold()
    first, second = tuned_collector(), tuned_collector()
    first.__enter__()
    tuned = gc.get_threshold()
    assert tuned[0] > before[0]
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == tuned, "one is still going on"
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_a_coroutine_in_a_thread_of_its_own_gives_its_result(backend: str) -> None:
    async def work(stop: StopSwitch) -> str:
        await anyio.sleep(0)
        return threading.current_thread().name

    assert in_own_thread(work, backend, print) == "gdg-run"


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_its_exception_is_raised_as_it_is(backend: str, error: type[BaseException]) -> None:
    async def work(stop: StopSwitch) -> None:
        raise error("wrong")

    with pytest.raises(error, match="wrong"):
        in_own_thread(work, backend, print)
