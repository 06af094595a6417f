"""Whatever the weather, the books agree: of calls, of requests, of money."""

from typing import Any

import anyio
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from gdg_runtime.actors.llm.chat import ModelTrouble, Usage
from gdg_runtime.adapters.llm.ledger import RUN, Ledger
from gdg_runtime.adapters.llm.transport import Answer, TransportFault
from gdg_runtime.runtime.errors import EffectFault, EffectWithheld
from gdg_runtime.scenarios.schema.language_model import Budget, Price

FAULTS: list[Any] = [
    "rate_limited", "overloaded", "server_error", "disconnected", "malformed", "empty",
    "bad_request", "context_too_long",
]  # fmt: skip

STEPS = st.one_of(
    st.builds(Answer, st.just("blue"), usage=st.none() | st.just(Usage(5, 7))),
    st.builds(
        TransportFault, st.sampled_from(FAULTS), st.just(500), st.none() | st.integers(0, 400)
    ),
    st.just(ValueError("a bug")),
)


@settings(max_examples=80, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from([0, 1, 90]), STEPS), max_size=60),
    patience=st.lists(st.sampled_from([5, 100, 10_000]), min_size=1, max_size=12),
    tokens=st.none() | st.integers(0, 20_000),
    retries=st.integers(0, 3),
    requests_per_minute=st.sampled_from([None, 1.0, 600.0]),
)
def test_every_request_is_recorded_charged_and_told_once(
    bench: Any, takes: Any, steps: Any, patience: list[int], tokens: int | None, retries: int,
    requests_per_minute: float | None,
) -> None:  # fmt: skip
    """`patience`: after how many seconds each caller gives up."""
    ledger = Ledger({RUN: Budget(tokens=tokens)})
    b = bench(
        *[takes(seconds, step) for seconds, step in steps], Answer("blue", usage=Usage(5, 7)),
        ledger=ledger, price=Price(input=1, output=1), retries=retries, outage_s=50,
        requests_per_minute=requests_per_minute, timeout_s=60,
    )  # fmt: skip
    told: list[int] = []

    async def ask(seconds: int) -> None:
        with anyio.move_on_after(seconds):
            try:
                told.append((await b.ask()).calls)
            except EffectFault as fault:
                told.append(ModelTrouble.of_json(fault.facts).calls)
            except EffectWithheld:
                pass

    async def all_at_once() -> None:
        async with trio.open_nursery() as nursery:
            for seconds in patience:
                nursery.start_soon(ask, seconds)

    trio.run(all_at_once, clock=trio.testing.MockClock(autojump_threshold=0))
    sent = len(b.transport.sent_at)
    assert len(b.records) == len(patience)
    assert sum(len(record.attempts) for record in b.records) == sent
    assert ledger.spent().calls == sent
    ended = [record for record in b.records if record.outcome in ("ok", "failed")]
    assert sorted(told) == sorted(len(record.attempts) for record in ended)
    known = sum(record.to_json()["prompt_tokens"] or 0 for record in b.records)
    assert ledger.spent().prompt_tokens >= known
    assert tokens is None or ledger.spent().tokens <= tokens
