"""A provider that is down holds its callers, and a run that waits too long pauses."""

from itertools import pairwise
from typing import Any

import anyio
import pytest

from gdg_runtime.adapters.llm.limits import Backoff
from gdg_runtime.adapters.llm.transport import Answer, TransportFault
from gdg_runtime.runtime.errors import EffectFault, EffectWithheld

DOWN = TransportFault("overloaded", 503)
QUICK = Backoff(base_s=0.01, cap_s=0.01)


async def test_it_opens_after_a_row_of_failures_and_only_probes_go_through(
    bench: Any, answer: Answer, autojump_clock: Any
) -> None:
    b = bench(*[DOWN] * 14, answer, backoff=QUICK, retries=20)
    replies = await b.ask_all(5)
    assert all(reply.content == "blue" for reply in replies)
    assert not b.breaker.is_open
    sent = b.transport.sent_at
    opened = sent[9]
    # Ten failures, then probes after 1, 2, 4, 8 s of cool-down fail, the one after 16 s passes.
    probes = [round(at - opened) for at in sent[10:15]]
    assert probes == [1, 3, 7, 15, 31]
    # The first answer lets all others go at once.
    assert [round(at - opened) for at in sent[15:]] == [31] * 4


async def test_an_outage_uses_up_nobodys_attempts(
    bench: Any, answer: Answer, autojump_clock: Any
) -> None:
    b = bench(*[DOWN] * 22, answer, backoff=QUICK, retries=9)
    replies = await b.ask_all(2)
    assert sum(reply.calls for reply in replies) == 24
    assert max(reply.calls for reply in replies) > 10


async def test_a_long_outage_pauses_the_run(bench: Any, autojump_clock: Any) -> None:
    b = bench(DOWN, backoff=QUICK, outage_s=100)
    ends = await b.ask_all(20)
    assert all(isinstance(end, EffectWithheld) for end in ends)
    assert "the provider of openai/toy has been down for 100 s" in str(ends[0])
    assert "gdg-runtime resume RUN" in str(ends[0])
    assert {record.outcome for record in b.records} == {"withheld"}
    with pytest.raises(EffectWithheld):
        await b.ask()


async def test_one_question_that_breaks_its_server_is_no_outage(
    bench: Any, autojump_clock: Any
) -> None:
    b = bench(TransportFault("server_error", 500), backoff=QUICK, retries=30)
    with pytest.raises(EffectFault):
        await b.ask()
    assert len(b.transport.sent_at) == 31
    assert not b.breaker.is_open


@pytest.mark.parametrize("kind", ["rate_limited", "empty"])
async def test_a_provider_that_answers_is_not_down(
    bench: Any, autojump_clock: Any, kind: Any
) -> None:
    b = bench(TransportFault(kind, 429), backoff=QUICK)
    ends = await b.ask_all(10)
    assert {end.kind for end in ends} == {kind}
    assert len(b.transport.sent_at) == 50


async def test_any_answer_ends_the_row(bench: Any, answer: Answer, autojump_clock: Any) -> None:
    nearly = [DOWN] * 9
    b = bench(*nearly, answer, *nearly, answer, backoff=QUICK, retries=20, terms={"threshold": 10})
    await b.ask_all(2)
    assert max(b.transport.sent_at) - min(b.transport.sent_at) < 1


async def test_a_probe_that_is_cancelled_makes_room_for_another(
    bench: Any, takes: Any, answer: Answer, autojump_clock: Any
) -> None:
    b = bench(*[DOWN] * 10, takes(3600), answer, backoff=QUICK, timeout_s=7200, retries=20)
    replies: list[Any] = []

    async def impatient() -> None:
        with anyio.move_on_after(30):
            replies.append(await b.ask())

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(impatient)
            await anyio.sleep(0.001)
        await anyio.sleep(29)
        tasks.start_soon(b.ask)
    assert b.transport.cancelled == 1
    assert not b.breaker.is_open


async def test_cool_downs_have_a_cap(bench: Any, answer: Answer, autojump_clock: Any) -> None:
    terms = {"threshold": 2, "cool_down_s": 1, "cool_down_cap_s": 4}
    b = bench(*[DOWN] * 8, answer, backoff=QUICK, terms=terms)
    await b.ask_all(2)
    opened_and_probes = b.transport.sent_at[1:9]
    gaps = [round(later - earlier) for earlier, later in pairwise(opened_and_probes)]
    assert gaps == [1, 2, 4, 4, 4, 4, 4]
