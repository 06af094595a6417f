"""What servers send that is no plain answer, and what they are sent."""

from typing import Any

import pytest

from gdg_runtime.actors.llm.chat import Chat, Usage
from gdg_runtime.adapters.llm import openai_codec as wire
from gdg_runtime.adapters.llm.openai_codec import body, fits_strict_mode, outcome
from gdg_runtime.adapters.llm.transport import Answer, TransportFault

from .conftest import SCHEMA, ask

USAGE = {"prompt_tokens": 3, "completion_tokens": 2}


def reply(message: Any, finish: Any = "stop", **parts: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": USAGE, **parts}


def call(name: Any = "act", arguments: Any = '{"move":"go"}', **parts: Any) -> dict[str, Any]:
    return {"id": "call_1", "function": {"name": name, "arguments": arguments}, **parts}


def answered(payload: Any, **question: Any) -> Answer:
    got = outcome(payload, ask(**question))
    assert isinstance(got, Answer), got
    return got


def fault(payload: Any, **question: Any) -> tuple[str, int | None, Usage | None]:
    got = outcome(payload, ask(**question))
    assert isinstance(got, TransportFault), got
    return got.kind, got.status, got.usage


@pytest.mark.parametrize(
    "payload",
    [
        None, [], "text", 1, {}, {"choices": None}, {"choices": "x"}, {"choices": [None]},
        {"choices": [{}]}, {"choices": [{"message": "x"}]},
    ],
)  # fmt: skip
def test_what_is_no_completion_is_malformed(payload: Any) -> None:
    assert fault(payload)[0] == "malformed"


@pytest.mark.parametrize(
    "message",
    [
        {"content": 3},
        {"content": "half a pair: \ud83d"},
        {"tool_calls": [{}]},
        {"tool_calls": ["x"]},
        {"tool_calls": 3},
        {"tool_calls": [call(name=None)]},
        {"tool_calls": [call(arguments="\ud83d")]},
        {"tool_calls": [call(arguments={"already": "an object"})]},
    ],
)
def test_a_message_that_makes_no_sense_is_malformed_and_was_paid(message: Any) -> None:
    assert fault(reply(message)) == ("malformed", None, Usage(3, 2))


@pytest.mark.parametrize("message", [{}, {"content": None}, {"content": ""}, {"tool_calls": []}])
def test_an_answer_without_a_word_is_empty_unless_it_was_stopped(message: Any) -> None:
    assert fault(reply(message)) == ("empty", None, Usage(3, 2))
    assert fault(reply(message, None))[0] == "empty"
    assert answered(reply(message, "length")).finish_reason == "length"
    assert answered(reply(message, "content_filter")).content == ""


def test_no_choice_is_empty() -> None:
    assert fault({"choices": [], "usage": USAGE}) == ("empty", None, Usage(3, 2))


def test_text_in_parts_is_put_together() -> None:
    parts = [{"type": "thinking"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert answered(reply({"content": parts})).content == "ab"


@pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens": 1}, {"prompt_tokens": -1}])
def test_an_answer_may_not_tell_what_it_cost(usage: Any) -> None:
    assert answered(reply({"content": "x"}) | {"usage": usage}).usage is None


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"code": 429, "message": "slow down"}, "rate_limited", 429),
        ({"code": "503", "message": "busy"}, "overloaded", 503),
        ({"code": 400, "message": "the maximum context length is 5"}, "context_too_long", 400),
        ({"code": "odd"}, "server_error", 502),
        ("text", "server_error", 502),
    ],
)
def test_an_error_may_come_with_status_200(error: Any, kind: str, status: int) -> None:
    assert fault({"error": error})[:2] == (kind, status)
    broken = reply({"content": "x"})
    broken["choices"][0]["error"] = error
    assert fault(broken)[:2] == (kind, status)


def test_a_forced_tool_calls_arguments_are_the_content() -> None:
    answer = answered(reply({"tool_calls": [call()]}, "tool_calls"), json_schema=SCHEMA)
    assert (answer.content, answer.tool_calls, answer.finish_reason) == (
        '{"move":"go"}', (), "stop",
    )  # fmt: skip
    cut = answered(reply({"tool_calls": [call(arguments='{"mo')]}, "length"), json_schema=SCHEMA)
    assert (cut.content, cut.finish_reason) == ('{"mo', "length")


def test_who_writes_instead_of_calling_the_tool_is_heard_too() -> None:
    assert answered(reply({"content": "{}"}), json_schema=SCHEMA).content == "{}"


def test_with_tools_of_its_own_the_model_chooses_between_them_and_the_answer() -> None:
    look = {"name": "look", "parameters": SCHEMA}
    question = ask(json_schema=SCHEMA, tools=(look,))
    sent = body(question, "tools", "toy")
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["look", "act"]
    assert sent["tool_choice"] == "required"
    answer = outcome(reply({"tool_calls": [call("look")]}), question)
    assert isinstance(answer, Answer)
    assert answer.tool_calls[0].name == "look"


def test_a_call_without_an_id_gets_one() -> None:
    answer = answered(reply({"tool_calls": [call("a", id=None), call("b", "", id="")]}))
    assert [(tool.id, tool.arguments) for tool in answer.tool_calls] == [
        ("call_0", '{"move":"go"}'),
        ("call_1", "{}"),
    ]


def test_a_schema_in_words_needs_no_system_message() -> None:
    question = ask()
    bare = question.model_copy(update={"messages": question.messages[1:], "json_schema": SCHEMA})
    sent = body(bare, "instruction", "toy")["messages"]
    assert [message["role"] for message in sent] == ["system", "user"]


def test_settings_cannot_take_the_place_of_the_question() -> None:
    sent = body(ask(sampling={"model": "other", "messages": [], "top_k": 3}), "json_schema", "toy")
    assert (sent["model"], len(sent["messages"]), sent["top_k"]) == ("toy", 2, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"required": []},
        {"additionalProperties": True},
        {"additionalProperties": None},
        {"oneOf": []},
        {"anyOf": [{"type": "string"}]},
        {"type": "array", "items": {"type": "string"}},
        {"properties": {"move": {}}},
        {"properties": {"move": {"type": "string", "default": "stay"}}},
        {"properties": {"move": {"type": "object"}}},
        {"properties": {"move": {"type": "array", "items": {"type": "object"}}}},
        {"properties": {"move": {"anyOf": [{"type": "null"}, {"type": "object"}]}}},
        {"$defs": {"Part": {"type": "object", "properties": {"a": {"type": "string"}}}}},
    ],
)
def test_strict_mode_is_left_out_where_it_would_be_refused(change: dict[str, Any]) -> None:
    assert fits_strict_mode(SCHEMA)
    schema = SCHEMA | change
    assert not fits_strict_mode(schema)
    sent = body(ask(json_schema=schema), "json_schema", "toy")
    assert sent["response_format"]["json_schema"]["strict"] is False


def test_where_strict_modes_are_picky_texts_lose_their_bounds_and_nothing_else() -> None:
    schema = {
        "type": "object",
        "properties": {
            "maxLength": {"type": "string", "maxLength": 9, "minLength": 1},
            "n": {"type": "integer", "maximum": 3},
        },
        "required": ["maxLength", "n"],
        "additionalProperties": False,
    }
    question = Chat(model="m", messages=(), json_schema=schema)
    sent = wire.body(question, "json_schema", "m", lengths=False)["response_format"]["json_schema"]
    assert sent["strict"] is True
    assert sent["schema"] == {
        **schema,
        "properties": {"maxLength": {"type": "string"}, "n": {"type": "integer", "maximum": 3}},
    }
    assert wire.body(question, "json_schema", "m")["response_format"]["json_schema"]["schema"] == (
        schema
    )
