"""Chats in the JSON of OpenAI's chat completions, which both transports speak."""

from typing import Any, Literal

from pydantic_core import to_json

from ...actors.llm.chat import Chat, ChatMessage, ToolCall, ToolSpec, Usage
from ...scenarios.json_schema import children, transform
from .transport import Answer, TransportFault, fault_of

Structured = Literal["json_schema", "tools", "json_object", "instruction"]
"""Way in which a reply's JSON schema is put to a model."""

_ACT = "act"
"""The function whose arguments are the reply, where a model knows schemas as tools only."""
_MUTE = frozenset({"length", "content_filter"})
"""With these reasons to finish, an answer without a word is an answer."""
_UNKNOWN = frozenset(
    {"allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas",
     "patternProperties", "default"}
)  # fmt: skip
_TYPED = frozenset({"type", "anyOf", "$ref", "enum", "const"})


def body(
    question: Chat, structured: Structured, model: str, *, lengths: bool = True
) -> dict[str, Any]:
    """Make the request's body. `model` is the name by which the server knows the model.

    Without `lengths` a schema loses its bounds on the length of texts: the strict modes of the
    large providers do not all take them, and are of more use than the bounds.
    """
    sent: dict[str, Any] = {
        **question.sampling,
        "model": model,
        "messages": [_message(message) for message in question.messages],
    }
    if question.tools:
        sent["tools"] = [_tool(tool) for tool in question.tools]
    schema = question.json_schema
    if schema is None:
        return sent
    if not lengths:
        schema = without_lengths(schema)
    match structured:
        case "json_schema":
            form = {"name": "action", "schema": schema, "strict": fits_strict_mode(schema)}
            sent["response_format"] = {"type": "json_schema", "json_schema": form}
        case "tools":
            act = ToolSpec(name=_ACT, description="Give your answer.", parameters=schema)
            sent["tools"] = [*sent.get("tools", ()), _tool(act)]
            forced = {"type": "function", "function": {"name": _ACT}}
            sent["tool_choice"] = "required" if question.tools else forced
        case "json_object":
            sent["response_format"] = {"type": "json_object"}
            sent["messages"] = _instructed(sent["messages"], schema)
        case "instruction":
            sent["messages"] = _instructed(sent["messages"], schema)
    return sent


def outcome(payload: Any, question: Chat) -> Answer | TransportFault:
    """Read the body of a response with status 200.

    A fault is given, not raised, so that no frame with a provider's words hangs on it.
    """
    try:
        return _answer(payload, question)
    except TransportFault as fault:
        return fault.with_traceback(None)


def _answer(payload: Any, question: Chat) -> Answer:
    if not isinstance(payload, dict):
        raise TransportFault("malformed")
    if payload.get("error"):
        raise _hidden_fault(payload["error"])
    usage = _usage(payload.get("usage"))
    choices = payload.get("choices")
    if choices == []:
        raise TransportFault("empty", usage=usage)
    choice = choices[0] if isinstance(choices, list) else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise TransportFault("malformed", usage=usage)
    if choice.get("error"):
        raise _hidden_fault(choice["error"])
    finish = _text(choice.get("finish_reason")) or "stop"
    content, calls = _said(message.get("content")), _calls(message.get("tool_calls"))
    if content is None or calls is None:
        raise TransportFault("malformed", usage=usage)
    if not content and message.get("refusal"):
        content, finish = _text(message["refusal"]), "content_filter"
    if question.json_schema is not None:
        acts = [call for call in calls if call.name == _ACT]
        if acts:
            content, calls = acts[0].arguments, ()
            finish = "stop" if finish == "tool_calls" else finish
    if not content and not calls and finish not in _MUTE:
        raise TransportFault("empty", usage=usage)
    return Answer(
        content=content,
        tool_calls=calls,
        finish_reason=finish,
        usage=usage,
        model=_text(payload.get("model")),
        fingerprint=_text(payload.get("system_fingerprint")) or None,
        provider_id=_text(payload.get("id")) or None,
    )


def _message(message: ChatMessage) -> dict[str, Any]:
    sent: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        sent["content"] = message.content or None
        for call in message.tool_calls:
            function = {"name": call.name, "arguments": call.arguments}
            wanted = {"id": call.id, "type": "function", "function": function}
            sent.setdefault("tool_calls", []).append(wanted)
    if message.tool_call_id is not None:
        sent["tool_call_id"] = message.tool_call_id
    return sent


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function: dict[str, Any] = {
        "name": tool.name,
        "parameters": tool.parameters or {"type": "object", "properties": {}},
    }
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _instructed(messages: list[dict[str, Any]], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Add the schema in words to the first system message, at its end."""
    words = (
        "Answer with one JSON object and nothing else: no explanation, no code fence. It must "
        f"satisfy this JSON schema:\n{to_json(schema).decode()}"
    )
    if messages and messages[0]["role"] == "system":
        first = {**messages[0], "content": f"{messages[0]['content']}\n\n{words}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": words}, *messages]


def _hidden_fault(error: Any) -> TransportFault:
    """Classify an error that came with status 200, as OpenRouter sends them."""
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    status = code if isinstance(code, int) and 400 <= code <= 599 else 502
    return fault_of(status, to_json(error).decode(), {})


def _said(content: Any) -> str | None:
    """Return a message's text, which a few providers cut into parts; None if it is none."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    if content is None:
        return ""
    return content if isinstance(content, str) and _is_sound(content) else None


def _calls(calls: Any) -> tuple[ToolCall, ...] | None:
    """Read the calls of tools; None if they are not understood."""
    try:
        read = tuple(
            ToolCall(
                id=call.get("id") or f"call_{number}",
                name=call["function"]["name"],
                arguments=call["function"].get("arguments") or "{}",
            )
            for number, call in enumerate(calls or ())
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    sound = all(_is_sound(call.name) and _is_sound(call.arguments) for call in read)
    return read if sound else None


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    return Usage(prompt, completion) if prompt >= 0 and completion >= 0 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) and _is_sound(value) else ""


def _is_sound(text: str) -> bool:
    """Tell whether a text can be written as UTF-8: half a surrogate pair can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def fits_strict_mode(schema: dict[str, Any]) -> bool:
    """Tell whether OpenAI's strict mode takes a schema; it refuses a request with any other one.

    It wants an object at the top, all properties of every object required, no further ones
    allowed, and a subset of the keywords. Servers other than OpenAI's don't look at the flag.
    """
    return schema.get("type") == "object" and "anyOf" not in schema and _fits(schema)


def _fits(schema: Any) -> bool:
    if not isinstance(schema, dict) or not _UNKNOWN.isdisjoint(schema):
        return False
    if _TYPED.isdisjoint(schema):
        return False
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            return False
        if set(schema.get("required", ())) != set(properties):
            return False
    items = schema.get("items", {})
    return isinstance(items, dict) and all(_fits(part) for part in children(schema))


def without_lengths(schema: Any) -> Any:
    """Leave out the bounds on the length of texts."""

    def shorter(part: dict[str, Any]) -> dict[str, Any]:
        bounds = ("maxLength", "minLength") if part.get("type") == "string" else ()
        return {keyword: value for keyword, value in part.items() if keyword not in bounds}

    return transform(schema, shorter)
