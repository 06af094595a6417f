"""Actions as a language model writes them: their JSON schema, and how a reply is read."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from pydantic import JsonValue, ValidationError

from ...runtime.wording import cut, shortened
from ...scenarios.actions import NOOP, Action, Tool
from ...scenarios.interactions import Decision
from ...scenarios.json_schema import inline, transform
from ..action_gate import plain_error

NOOP_TOOL = "noop"
"""The name of doing nothing, for models."""

_DROPPED = ("title", "description", "default", "minLength", "format", "pattern")
"""Keys that providers' structured output does not take, or has no use for."""
_LONGEST = 2_000
"""Beyond this a text's length is left to the world to refuse: no grammar can hold it."""

Choices = Mapping[str, Sequence[JsonValue]]


class ActionSchema:
    """Makes the schema of the actions that an agent may take in a turn.

    All properties are required and no other is allowed, as strict modes demand.
    """

    def __init__(self, tools: Sequence[Tool], *, reasoning: bool, max_text: int) -> None:
        """Texts may have `max_text` characters."""
        self._arguments = {tool.name: _arguments(tool, max_text) for tool in tools}
        self._before = _reasoning_first(reasoning, max_text)

    def now(self, tools: Sequence[Tool], choices: Choices) -> dict[str, JsonValue]:
        """Describe `{"reasoning": …, "action": {"tool": …, its arguments}}`, by one alternative
        per tool.

        Arguments whose valid values are known are narrowed to them; a tool without any valid
        value is left out.
        """
        options = [self._option(tool.name, choices) for tool in tools]
        found: list[JsonValue] = [option for option in options if option is not None]
        found.append(_closed({"tool": {"type": "string", "enum": [NOOP_TOOL]}}))
        return _closed({**self._before, "action": {"anyOf": found}})

    def _option(self, tool: str, choices: Choices) -> dict[str, JsonValue] | None:
        """Return the alternative of one tool; None if it can't be used now."""
        properties = dict(self._arguments[tool])
        for name, values in chosen_among(tool, choices).items():
            if name in properties:
                if not values:
                    return None
                properties[name] = {**_type_of(values), "enum": list(values)}
        return _closed({"tool": {"type": "string", "enum": [tool]}, **properties})


def decision_schema(*, reasoning: bool, max_text: int) -> dict[str, JsonValue]:
    """Describe `{"reasoning": …, "accept": …, "effort": …}`, effort from 0 to 1."""
    effort: dict[str, JsonValue] = {"type": "number", "minimum": 0.0, "maximum": 1.0}
    before = _reasoning_first(reasoning, max_text)
    return _closed({**before, "accept": {"type": "boolean"}, "effort": effort})


def _reasoning_first(reasoning: bool, max_text: int) -> dict[str, JsonValue]:
    """Return the property that comes before a choice, where the model gives its reason."""
    text: JsonValue = {"type": "string", "maxLength": min(max_text, _LONGEST)}
    return {"reasoning": text} if reasoning else {}


def chosen_among(tool: str, choices: Choices) -> dict[str, Sequence[JsonValue]]:
    """Return the known values of a tool's arguments, by argument; the tool's own go first."""
    found = {name: values for name, values in choices.items() if "." not in name}
    for name, values in choices.items():
        owner, dot, argument = name.partition(".")
        if dot and owner == tool:
            found[argument] = values
    return found


def _closed(properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _arguments(tool: Tool, max_text: int) -> dict[str, JsonValue]:
    root = tool.json_schema
    return {
        name: transform(inline(root, field), lambda part: _for_providers(part, max_text))
        for name, field in root.get("properties", {}).items()
    }


def _type_of(values: Sequence[JsonValue]) -> dict[str, JsonValue]:
    if all(isinstance(value, str) for value in values):
        return {"type": "string"}
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return {"type": "integer"}
    return {}


def _for_providers(schema: dict[str, Any], max_text: int) -> dict[str, Any]:
    """Leave out what providers do not take, and bound each text."""
    plain = {name: value for name, value in schema.items() if name not in _DROPPED}
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    if plain.get("type") == "string" and "enum" not in plain:
        plain["maxLength"] = min(plain.get("maxLength", max_text), max_text, _LONGEST)
    return plain


_KEPT_REASONING = 2_000
"""Characters of a model's reasoning that are kept; the journal has the whole reply."""
_SHOWN = 12
_DEEPEST = 32
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.S)
"""Brackets, and whole texts so that those inside of them are passed over."""


class Unreadable(Exception):
    """A reply that is no valid action; the text tells the model what to change."""


def read_action(content: str, tools: Sequence[Tool], choices: Choices) -> Action:
    """Read the action that a reply holds. Raises Unreadable.

    Models without structured output wrap JSON in words or fences: the first object counts. The
    action may stand under `action` or alone, its arguments beside `tool` or under `args`.
    """
    reply = _object(content)
    reasoning = _reasoning(reply)
    chosen = reply.get("action", reply)
    if isinstance(chosen, str):
        chosen = {**{key: value for key, value in reply.items() if key != "action"}, "tool": chosen}
    if not isinstance(chosen, dict):
        raise Unreadable(f'"action" must be an object with a "tool", got {_kind(chosen)}')
    args = {key: value for key, value in chosen.items() if key not in ("tool", "reasoning")}
    if set(args) == {"args"} and isinstance(args["args"], dict):
        args = args["args"]
    name = chosen.get("tool")
    if name in (NOOP_TOOL, None) and "tool" in chosen:
        return NOOP if reasoning is None else Action(reasoning=reasoning)
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is None:
        known = ", ".join([*[tool.name for tool in tools], NOOP_TOOL])
        raise Unreadable(f'"tool" must be one of {known}; got {_kind(name)}')
    try:
        # By way of JSON, whose strict mode takes a text for a member of an enumeration.
        tool.arguments.model_validate_json(json.dumps(args), strict=True)
    except ValidationError as error:
        raise Unreadable(f"{tool.name}: {plain_error(error)}") from None
    for argument, values in chosen_among(tool.name, choices).items():
        if argument in args and args[argument] not in values:
            listed = ", ".join([json.dumps(value) for value in values[:_SHOWN]]) or "nothing now"
            given = _kind(args[argument])
            raise Unreadable(f"{tool.name}: {argument} can be {listed}; got {given}")
    return Action(tool=tool.name, args=args, reasoning=reasoning)


def read_decision(content: str) -> Decision:
    """Read the decision that a reply holds. Raises Unreadable."""
    reply = _object(content)
    accept, effort = reply.get("accept"), reply.get("effort", 0.0)
    if not isinstance(accept, bool):
        raise Unreadable(f'"accept" must be true or false; got {_kind(accept)}')
    if isinstance(effort, bool) or not isinstance(effort, int | float) or not 0 <= effort <= 1:
        raise Unreadable(f'"effort" must be a number from 0 to 1; got {_kind(effort)}')
    return Decision(accept=accept, effort=float(effort), reason=_reasoning(reply) or "")


def _object(content: str) -> dict[str, JsonValue]:
    """Read the first JSON object in a text."""
    start = content.find("{")
    if start < 0:
        raise Unreadable("there is no JSON object in the answer")
    if _is_deep(content, start):
        raise Unreadable(f"the answer is nested more than {_DEEPEST} deep")
    try:
        found, _ = _DECODER.raw_decode(content, start)
        if "\\u" in content:
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Unreadable("the answer holds half of a surrogate pair, which is no text") from None
    except ValueError as error:
        raise Unreadable(f"the answer is no valid JSON: {_story(error)}") from None
    assert isinstance(found, dict)
    return found


def _is_deep(content: str, start: int) -> bool:
    """Return True if the object that begins here is nested too deeply.

    The parser's own limit depends on how deep the program is in calls, which a replay does not
    repeat.
    """
    if content.count("{") + content.count("[") <= _DEEPEST:
        return False
    depth = 0
    for found in _BRACKETS.finditer(content, start):
        sign = found[0][0]
        if sign in "{[":
            depth += 1
            if depth > _DEEPEST:
                return True
        elif sign in "}]":
            depth -= 1
            if depth == 0:
                return False
    return False


def _reasoning(reply: Mapping[str, JsonValue]) -> str | None:
    text = reply.get("reasoning")
    return cut(text, _KEPT_REASONING) if isinstance(text, str) and text else None


def _kind(value: Any) -> str:
    return shortened(json.dumps(value, ensure_ascii=False), 60, "...")


def _story(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return str(error)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"the number {text[:20]} is too large")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
