"""What a call comes to: attempts, refusals, cancellation, what is told of it."""

from typing import Any

import anyio
import pytest

from gdg_runtime.actors.llm.chat import Fault, ModelTrouble, ToolCall, Usage
from gdg_runtime.adapters.llm.ledger import Scope
from gdg_runtime.adapters.llm.limits import Backoff
from gdg_runtime.adapters.llm.transport import MAY_PASS, Answer, TransportFault
from gdg_runtime.runtime.errors import EffectFault, EffectWithheld
from gdg_runtime.scenarios.schema.language_model import Price

QUICK = Backoff(base_s=0.001, cap_s=0.001)


async def test_an_answer_comes_back_with_its_cost(bench: Any) -> None:
    b = bench(price=Price(input=1.0, output=2.0))
    reply = await b.ask()
    assert reply.content == "blue"
    assert (reply.calls, reply.faults) == (1, ())
    assert reply.usage == Usage(10, 5)
    (record,) = b.records
    assert (record.actor, record.number, record.outcome) == ("agents/ann", 7, "ok")
    assert record.usd == 20e-6
    assert record.to_json()["attempts"][0]["provider_id"] == "chatcmpl-1"


async def test_outside_of_a_run_nobody_asks(bench: Any) -> None:
    b = bench()
    await b.provider.chat(b.question())
    assert (b.records[0].actor, b.records[0].number) == ("", 0)
    assert b.ledger.spent().calls == 1


@pytest.mark.parametrize("kind", sorted(MAY_PASS))
async def test_what_may_pass_is_tried_again(
    bench: Any, answer: Answer, autojump_clock: Any, kind: Any
) -> None:
    b = bench(TransportFault(kind, 500), TransportFault(kind, 500), answer)
    reply = await b.ask()
    assert reply.calls == 3
    assert reply.faults == (Fault(kind, 500), Fault(kind, 500))
    assert [attempt.fault for attempt in b.records[0].attempts] == [kind, kind, None]


async def test_it_gives_up_after_its_retries_with_the_facts(
    bench: Any, autojump_clock: Any
) -> None:
    b = bench(TransportFault("server_error", 500), retries=2)
    with pytest.raises(EffectFault) as gave_up:
        await b.ask()
    assert gave_up.value.kind == "server_error"
    assert str(gave_up.value) == ("no answer from openai/toy after 3 attempts: server_error (500)")
    trouble = ModelTrouble.of_json(gave_up.value.facts)
    assert trouble == ModelTrouble(3, (Fault("server_error", 500),) * 3, untold=3)
    assert b.records[0].outcome == "failed"


@pytest.mark.parametrize("kind", ["bad_request", "context_too_long"])
async def test_what_will_not_pass_fails_at_once(bench: Any, kind: Any) -> None:
    b = bench(TransportFault(kind, 400))
    with pytest.raises(EffectFault, match="after 1 attempt:"):
        await b.ask()
    assert len(b.transport.sent_at) == 1
    assert b.ledger.spent().to_json()["prompt_tokens"] == 0


@pytest.mark.parametrize(
    ("fault", "config", "told"),
    [
        (TransportFault("unauthorised", 401), {"api_key_env": "TOY_KEY"}, "set TOY_KEY"),
        (TransportFault("unauthorised", 403), {}, "refuses the key for openai/toy"),
        (TransportFault("unknown_model", 404), {}, "does not know the model openai/toy"),
        (TransportFault("out_of_credit", 402), {}, "has no credit left"),
        (
            TransportFault("unauthorised", 401),
            {"api_base": "http://user:hunter2@llm.example/v1"},
            "the server llm.example refuses",
        ),
    ],
)
async def test_what_would_fail_every_call_pauses_the_run(
    bench: Any, fault: TransportFault, config: dict[str, Any], told: str
) -> None:
    b = bench(fault, **config)
    with pytest.raises(EffectWithheld) as withheld:
        await b.ask()
    text = str(withheld.value)
    assert told in text
    assert text.endswith("then: gdg-runtime resume RUN")
    assert "hunter2" not in text
    assert b.records[0].outcome == "withheld"


async def test_a_flagged_prompt_does_not_pause_a_run_whose_key_works(
    bench: Any, answer: Answer
) -> None:
    b = bench(answer, TransportFault("unauthorised", 403))
    await b.ask()
    with pytest.raises(EffectFault) as failed:
        await b.ask()
    assert failed.value.kind == "unauthorised"


async def test_secrets_are_taken_out_of_a_reply(bench: Any) -> None:
    leak = Answer(
        "my key is sk-1", (ToolCall(id="sk-1", name="sk-1", arguments='{"k": "sk-1"}'),),
        "sk-1", None, "sk-1", "sk-1", "sk-1",
    )  # fmt: skip
    b = bench(leak, redact=lambda text: text.replace("sk-1", "[key]"))
    reply = await b.ask()
    assert "sk-1" not in reply.model_dump_json()
    assert "sk-1" not in str(b.records[0].to_json())
    assert reply.tool_calls[0].arguments == '{"k": "[key]"}'


async def test_an_attempt_is_cut_off_at_its_time_limit(
    bench: Any, takes: Any, answer: Answer, autojump_clock: Any
) -> None:
    b = bench(takes(3600), answer, timeout_s=5, backoff=QUICK)
    reply = await b.ask()
    assert reply.faults == (Fault("timed_out"),)
    assert b.transport.cancelled == 1
    (late, _) = b.records[0].attempts
    assert late.seconds == pytest.approx(5)
    assert b.ledger.spent().unknown_usage_calls == 1


async def test_a_cancelled_call_is_charged_and_recorded(
    bench: Any, takes: Any, autojump_clock: Any
) -> None:
    b = bench(takes(3600))
    with anyio.move_on_after(1):
        await b.ask()
    assert b.transport.cancelled == 1
    spent = b.ledger.spent(Scope("agent", "agents/ann"))
    assert (spent.calls, spent.unknown_usage_calls) == (1, 1)
    assert spent.completion_tokens == b.config.max_tokens
    (record,) = b.records
    assert record.outcome == "cancelled"
    assert [attempt.fault for attempt in record.attempts] == ["cancelled"]


async def test_a_call_that_is_cancelled_between_attempts_holds_no_room(
    bench: Any, autojump_clock: Any
) -> None:
    b = bench(TransportFault("rate_limited", 429, retry_after_s=60))
    with anyio.move_on_after(1):
        await b.ask()
    assert b.ledger.spent().calls == 1
    assert b.ledger.spent().tokens == 0
    assert b.records[0].outcome == "cancelled"
    assert b.records[0].waited_s == pytest.approx(1, abs=0.01)


async def test_a_bug_in_an_adapter_is_told_without_its_text(bench: Any) -> None:
    b = bench(ValueError("bad header: Bearer sk-secret"))
    with pytest.raises(EffectFault, match="failed with ValueError") as failed:
        await b.ask()
    assert "sk-secret" not in str(failed.value)
    assert failed.value.kind == "ValueError"
    assert b.ledger.spent().unknown_usage_calls == 1
    assert ModelTrouble.of_json(failed.value.facts).calls == 1


async def test_usage_of_a_failed_attempt_is_charged_as_told(
    bench: Any, answer: Answer, autojump_clock: Any
) -> None:
    b = bench(TransportFault("empty", 200, usage=Usage(7, 1)), answer)
    reply = await b.ask()
    assert reply.usage == Usage(10, 5)
    spent = b.ledger.spent()
    assert (spent.prompt_tokens, spent.completion_tokens) == (17, 6)
    assert b.records[0].usage == Usage(17, 6)


async def test_closing_closes_the_transport(bench: Any) -> None:
    b = bench()
    await b.provider.aclose()
    assert b.transport.closed


def test_it_works_on_asyncio_too(bench: Any, answer: Answer) -> None:
    fault = TransportFault("overloaded", 503)
    b = bench(fault, fault, answer, backoff=QUICK, requests_per_minute=60_000)

    async def many() -> list[Any]:
        return await b.ask_all(20)

    replies = anyio.run(many, backend="asyncio")
    assert {reply.content for reply in replies} == {"blue"}
    assert b.ledger.spent().calls == 22
