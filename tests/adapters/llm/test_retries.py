"""How long callers wait between attempts."""

from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.adapters.llm.limits import Backoff
from gdg_runtime.adapters.llm.transport import Answer, TransportFault
from gdg_runtime.runtime.errors import EffectWithheld


@given(st.integers(1, 10_000), st.none() | st.floats(0, 300))
def test_a_pause_stays_in_its_range_and_obeys_the_provider(
    failures: int, retry_after_s: float | None
) -> None:
    pause_s = Backoff().pause_s(failures, retry_after_s)
    widest = min(30.0, 0.5 * 2 ** min(failures - 1, 10))
    asked = retry_after_s or 0.0
    assert asked <= pause_s <= max(widest, asked)


def test_pauses_are_spread() -> None:
    assert len({Backoff().pause_s(3, None) for _ in range(50)}) > 40


async def test_retry_after_is_obeyed(bench: Any, answer: Answer, autojump_clock: Any) -> None:
    b = bench(TransportFault("overloaded", 503, retry_after_s=42), answer)
    await b.ask()
    first, second = b.transport.sent_at
    assert second - first >= 42
    assert b.records[0].attempts[0].retry_after_s == 42
    assert b.records[0].waited_s >= 42


async def test_a_429_holds_all_callers_of_its_model(
    bench: Any, answer: Answer, autojump_clock: Any
) -> None:
    b = bench(TransportFault("rate_limited", 429, retry_after_s=20), answer)

    async def a_second_later() -> None:
        await anyio.sleep(1)
        await b.ask()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(b.ask)
        tasks.start_soon(a_second_later)
    first, *others = b.transport.sent_at
    assert len(others) == 2
    assert min(others) - first >= 20


async def test_a_wait_of_an_hour_pauses_the_run(bench: Any, autojump_clock: Any) -> None:
    b = bench(TransportFault("rate_limited", 429, retry_after_s=3600))
    with pytest.raises(EffectWithheld, match="asks to wait for 3600 s"):
        await b.ask()
    assert len(b.transport.sent_at) == 1
