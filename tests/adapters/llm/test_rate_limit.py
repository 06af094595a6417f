"""Rates are kept, in the order in which callers came."""

from typing import Any

import anyio
import pytest

from gdg_runtime.actors.llm.chat import Usage
from gdg_runtime.adapters.llm.limits import RateLimit
from gdg_runtime.adapters.llm.transport import Answer


async def _times(limit: RateLimit, number: int, tokens: int) -> list[float]:
    """When each of so many callers was let through, in the order in which they came."""
    began = anyio.current_time()
    let = [0.0] * number

    async def one(index: int) -> None:
        await limit.acquire(tokens)
        let[index] = anyio.current_time() - began

    async with anyio.create_task_group() as tasks:
        for index in range(number):
            tasks.start_soon(one, index)
            await anyio.sleep(0.001)
    return let


async def test_requests_keep_their_rate_after_a_burst(autojump_clock: Any) -> None:
    let = await _times(RateLimit(60, None), 66, 0)
    assert let[5] < 0.1
    assert let[6] == pytest.approx(1, abs=0.1)
    assert let[65] == pytest.approx(60, abs=0.1)


async def test_tokens_keep_their_rate(autojump_clock: Any) -> None:
    let = await _times(RateLimit(None, 6000), 5, 300)
    assert let == pytest.approx([0, 0, 3, 6, 9], abs=0.1)


async def test_a_request_greater_than_the_burst_passes_and_the_next_pays(
    autojump_clock: Any,
) -> None:
    let = await _times(RateLimit(None, 600), 2, 300)
    assert let == pytest.approx([0, 30], abs=0.1)


async def test_first_come_first_served(autojump_clock: Any) -> None:
    let = await _times(RateLimit(30, None), 20, 0)
    assert let == sorted(let)


async def test_without_limits_nobody_waits(autojump_clock: Any) -> None:
    assert max(await _times(RateLimit(None, None), 50, 10**9)) < 0.1


async def test_an_estimate_that_was_too_high_is_given_back(autojump_clock: Any) -> None:
    limit = RateLimit(None, 600)
    began = anyio.current_time()
    await limit.acquire(60)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limit.acquire, 60)
        await anyio.sleep(1)
        limit.give_back(60 - 10)
    assert anyio.current_time() - began == pytest.approx(1, abs=0.1)


async def test_an_estimate_that_was_too_low_slows_the_next(autojump_clock: Any) -> None:
    limit = RateLimit(None, 600)
    began = anyio.current_time()
    await limit.acquire(60)
    limit.give_back(60 - 120)
    await limit.acquire(60)
    assert anyio.current_time() - began == pytest.approx(12, abs=0.1)


async def test_a_caller_who_leaves_the_queue_takes_nothing(autojump_clock: Any) -> None:
    limit = RateLimit(10, None)
    began = anyio.current_time()
    await limit.acquire(0)
    with anyio.move_on_after(3):
        await limit.acquire(0)
    await limit.acquire(0)
    assert anyio.current_time() - began == pytest.approx(6, abs=0.1)


async def test_a_provider_keeps_to_its_limit(bench: Any, autojump_clock: Any) -> None:
    b = bench(Answer("blue", usage=Usage(10, 5)), requests_per_minute=60)
    await b.ask_all(66)
    sent = b.transport.sent_at
    assert sent[-1] - sent[0] == pytest.approx(60, abs=0.1)
    assert max(record.waited_s for record in b.records) == pytest.approx(60, abs=0.1)
