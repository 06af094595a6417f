"""What holds for each transport, whichever way it takes to the provider."""

import json
import logging
import socket
import traceback
from typing import Any, Literal

import anyio
import pytest
from serving import FaultServer

from gdg_runtime.actors.llm.chat import ChatMessage, ToolCall, ToolSpec, Usage
from gdg_runtime.adapters.llm.transport import Answer, Transport, TransportFault

from .conftest import KEY, SCHEMA, Reached, ask, wait_until

FAULTS = {
    "rate_limited": ("rate_limited", 429, 7.0),
    "out_of_credit": ("out_of_credit", 429, None),
    "payment_required": ("out_of_credit", 402, None),
    "request_timeout": ("timed_out", 408, None),
    "server_error": ("server_error", 500, None),
    "bad_gateway": ("server_error", 502, None),
    "unavailable": ("overloaded", 503, 7.0),
    "overloaded": ("overloaded", 529, None),
    "bad_request": ("bad_request", 400, None),
    "context_too_long": ("context_too_long", 400, None),
    "unauthorised": ("unauthorised", 401, None),
    "unauthorised_echo": ("unauthorised", 401, None),
    "not_found": ("unknown_model", 404, None),
    "disconnect": ("disconnected", None, None),
    "reset": ("disconnected", None, None),
    "truncated_body": ("disconnected", None, None),
    "truncated_json": ("malformed", None, None),
    "malformed": ("malformed", None, None),
    "html": ("malformed", None, None),
    "empty_choices": ("empty", None, None),
    "null_content": ("empty", None, None),
}


async def failed(transport: Transport, server: FaultServer, fault: str) -> TransportFault:
    """The fault of a call that this happens to."""
    server.control(faults=1, fault_kinds=[fault], retry_after=7)
    try:
        with anyio.fail_after(60), pytest.raises(TransportFault) as caught:
            await transport.send(ask())
    finally:
        await transport.aclose()
    return caught.value


async def told(transport: Transport, **parts: Any) -> Answer:
    """The answer to a question."""
    try:
        with anyio.fail_after(60):
            return await transport.send(ask(**parts))
    finally:
        await transport.aclose()


async def test_an_answer_comes_with_what_it_cost(
    transport: Transport, server: FaultServer
) -> None:  # fmt: skip
    server.control(answers=[{"contains": "Where", "content": "Nach Süden, näher ans Meer 🌊"}])
    answer = await told(transport)
    assert answer.content == "Nach Süden, näher ans Meer 🌊"
    assert answer.finish_reason == "stop"
    assert answer.usage == Usage(server.stats()["prompt_tokens"], 9)
    assert (answer.model, answer.fingerprint) == ("toy", "fp_mock")
    assert answer.provider_id


async def test_the_question_arrives_as_it_was_asked(
    transport: Transport, server: FaultServer
) -> None:  # fmt: skip
    sampling = {"temperature": 0.0, "max_tokens": 20, "seed": 3, "top_p": 0.5, "stop": ["\n\n"]}
    await told(transport, text="Über Größe", sampling=sampling)
    (body,) = server.requests()
    assert {name: body[name] for name in sampling} == sampling
    assert body["model"] == "toy"
    assert [(part["role"], part["content"]) for part in body["messages"]] == [
        ("system", "You are a toy."),
        ("user", "Über Größe"),
    ]
    assert not body.get("stream")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_named_after_one_request(
    transport: Transport, server: FaultServer, fault: str
) -> None:  # fmt: skip
    error = await failed(transport, server, fault)
    kind, status, retry_after_s = FAULTS[fault]
    assert (error.kind, error.retry_after_s) == (kind, retry_after_s)
    assert error.status in ({status, 200} if status is None else {status})
    assert server.stats()["requests"] == 1


async def test_a_date_to_wait_for_becomes_seconds(
    transport: Transport, server: FaultServer
) -> None:  # fmt: skip
    error = await failed(transport, server, "rate_limited_date")
    assert error.retry_after_s is not None
    assert 0 < error.retry_after_s <= 7


async def test_an_empty_answer_tells_what_it_cost(
    transport: Transport, server: FaultServer
) -> None:  # fmt: skip
    error = await failed(transport, server, "empty_choices")
    assert error.usage is not None
    assert error.usage.prompt_tokens == server.stats()["prompt_tokens"]


async def test_nobody_listens(adapter: str, reached: Reached) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with anyio.fail_after(60), pytest.raises(TransportFault) as caught:
            await reached(api_base=base).send(ask())
    assert (caught.value.kind, caught.value.status) == ("disconnected", None)


async def test_an_answer_cut_short_is_an_answer(transport: Transport, server: FaultServer) -> None:
    server.control(faults=1, fault_kinds=["length"])
    answer = await told(transport)
    assert answer.finish_reason == "length"
    assert answer.content


async def test_a_refusal_is_what_the_model_says(transport: Transport, server: FaultServer) -> None:
    server.control(faults=1, fault_kinds=["refusal"])
    answer = await told(transport)
    assert (answer.content, answer.finish_reason) == ("I cannot help with that.", "content_filter")


@pytest.mark.parametrize("structured", ["auto", "json_schema", "tools"])
async def test_a_schema_shapes_the_content(
    reached: Reached, server: FaultServer, structured: str
) -> None:  # fmt: skip
    answer = await told(reached(structured=structured), json_schema=SCHEMA)
    assert json.loads(answer.content) in ({"move": "stay"}, {"move": "go"})
    assert (answer.tool_calls, answer.finish_reason) == ((), "stop")
    (body,) = server.requests()
    if structured == "tools":
        assert body["tools"][0]["function"]["parameters"] == SCHEMA
        assert body["tool_choice"]["function"]["name"] == body["tools"][0]["function"]["name"]
    else:
        form = body["response_format"]["json_schema"]
        assert (form["name"], form["strict"], form["schema"]) == ("action", True, SCHEMA)


@pytest.mark.parametrize("structured", ["json_object", "instruction"])
async def test_a_schema_in_words_stands_in_the_system_message(
    reached: Reached, server: FaultServer, structured: str
) -> None:  # fmt: skip
    await told(reached(structured=structured), json_schema=SCHEMA)
    (body,) = server.requests()
    system, user = body["messages"]
    assert system["content"].startswith("You are a toy.\n\n")
    assert json.dumps(SCHEMA, separators=(",", ":")) in system["content"]
    assert user["content"] == "Where to?"
    assert body.get("response_format") == (
        {"type": "json_object"} if structured == "json_object" else None
    )


async def test_tools_are_offered_and_their_calls_read(
    transport: Transport, server: FaultServer
) -> None:  # fmt: skip
    look = ToolSpec(name="look", description="Look around.", parameters=SCHEMA)
    call = ToolCall(id="call_1", name="look", arguments='{"move":"go"}')
    spoken = (
        ChatMessage(role="user", content="What is there?"),
        ChatMessage(role="assistant", tool_calls=(call,)),
        ChatMessage(role="tool", content="a tree", tool_call_id="call_1"),
        ChatMessage(role="user", content="And now?"),
    )
    answer = await told(
        transport, messages=spoken, tools=(look,), sampling={"tool_choice": "required"}
    )
    (made,) = answer.tool_calls
    assert made.name == "look"
    assert json.loads(made.arguments)["move"] in ("stay", "go")
    assert (answer.content, answer.finish_reason) == ("", "tool_calls")
    (body,) = server.requests()
    assert body["tools"][0]["function"]["description"] == "Look around."
    assert body["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"move":"go"}'
    assert body["messages"][2]["tool_call_id"] == "call_1"


@pytest.mark.parametrize("fault", ["hang", "drip"])
async def test_cancelling_closes_the_connection(
    transport: Transport, server: FaultServer, fault: str
) -> None:  # fmt: skip
    await transport.send(ask())
    server.reset()
    server.control(faults=1, fault_kinds=[fault], drip_s=600)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(transport.send, ask())
        await wait_until(lambda: server.stats()["in_flight"] == 1)
        tasks.cancel_scope.cancel()
    await wait_until(lambda: server.stats()["clients_gone"] == 1)
    server.control(faults=0)
    assert (await told(transport)).content


async def test_calls_may_be_cancelled_at_any_moment(reached: Reached, server: FaultServer) -> None:
    transport = reached(max_concurrency=8)
    await transport.send(ask())
    server.control(latency="uniform:0:0.02", latency_seed=1)

    async def one(number: int) -> None:
        with anyio.move_on_after(number / 2000):
            await transport.send(ask(f"Number {number}?"))

    with anyio.fail_after(120):
        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(one, number)
        await wait_until(lambda: server.stats()["in_flight"] == 0)
        answers = []

        async def again(number: int) -> None:
            answers.append(await transport.send(ask(f"Number {number} again?")))

        async with anyio.create_task_group() as tasks:
            for number in range(16):
                tasks.start_soon(again, number)
    await transport.aclose()
    assert len(answers) == 16


async def test_the_callers_time_limit_is_real(transport: Transport, server: FaultServer) -> None:
    server.control(faults=1, fault_kinds=["drip"], drip_s=600)
    with anyio.move_on_after(0.3) as limit:
        await transport.send(ask())
    assert limit.cancelled_caught
    await wait_until(lambda: server.stats()["in_flight"] == 0)
    assert server.stats()["clients_gone"] == server.stats()["requests"]
    await transport.aclose()


async def test_a_hundred_calls_are_in_flight_at_once(
    reached: Reached, server: FaultServer
) -> None:  # fmt: skip
    transport = reached(max_concurrency=100)
    await transport.send(ask())
    server.control(latency="1.5")
    answers: list[Answer] = []

    async def one(number: int) -> None:
        answers.append(await transport.send(ask(f"Number {number}?")))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(one, number)
    await transport.aclose()
    assert len(answers) == 100
    assert server.stats()["max_in_flight"] == 100


async def test_a_connection_serves_many_calls(transport: Transport, server: FaultServer) -> None:
    for number in range(5):
        await transport.send(ask(f"Number {number}?"))
    await transport.aclose()
    assert server.stats()["ok"] == 5


@pytest.mark.parametrize("fault", ["unauthorised_echo", "server_error", "reset", "html"])
async def test_keys_are_nowhere_to_be_seen(
    transport: Transport, server: FaultServer, fault: str, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    error = await failed(transport, server, fault)
    shown = "".join(
        traceback.TracebackException.from_exception(error, capture_locals=True).format()
    )
    assert "outcome" in shown, "locals are shown at all"
    logged = "\n".join([f"{record.getMessage()} {record.args}" for record in caplog.records])
    for text in (shown, logged, str(error), repr(error), repr(transport), repr(vars(error))):
        assert KEY not in text
        assert KEY[:12] not in text
    assert "toy." not in logged, "nor are prompts in the log"
    assert error.__cause__ is None
    assert error.__context__ is None


async def test_the_key_is_sent(transport: Transport, server: FaultServer) -> None:
    await told(transport)
    (masked,) = server.stats()["tokens_by_key"]
    assert (masked[:8], masked[-4:]) == (KEY[:8], KEY[-4:])


async def test_without_a_key_none_is_sent(
    adapter: str, reached: Reached, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another-0123456789abcdefghijklm")
    await told(reached(api_key_env=None))
    (masked,) = server.stats()["tokens_by_key"]
    assert masked == ("none" if adapter == "openai" else "********none")


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_both_async_libraries_will_do(
    reached: Reached, server: FaultServer, backend: Literal["trio", "asyncio"]
) -> None:  # fmt: skip
    transport = reached()

    async def main() -> None:
        with anyio.fail_after(60):
            assert (await transport.send(ask())).content
            server.control(faults=1, fault_kinds=["hang"])
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(transport.send, ask())
                await wait_until(lambda: server.stats()["in_flight"] == 1)
                tasks.cancel_scope.cancel()
            await wait_until(lambda: server.stats()["clients_gone"] == 1)
            server.control(faults=0)
            assert (await transport.send(ask())).content
            await transport.aclose()

    anyio.run(main, backend=backend)
