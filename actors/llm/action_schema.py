"""The JSON schema of the actions that an agent may take now, and of its answer to an offer."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from ...scenarios.actions import Tool
from ...scenarios.json_schema import inline, transform

NOOP_TOOL = "noop"
"""What a model calls doing nothing."""

_DROPPED = ("title", "description", "default", "minLength", "format", "pattern")
"""What providers' structured output does not take, or has no use for."""
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
        self._before: dict[str, JsonValue] = {}
        if reasoning:
            self._before["reasoning"] = {"type": "string", "maxLength": min(max_text, _LONGEST)}

    def now(self, tools: Sequence[Tool], choices: Choices) -> dict[str, JsonValue]:
        """`{"reasoning": …, "action": {"tool": …, its arguments}}`, one alternative per tool.

        Arguments whose valid values are known are narrowed to them; a tool without any valid
        value is left out.
        """
        options = [self._option(tool.name, choices) for tool in tools]
        found: list[JsonValue] = [option for option in options if option is not None]
        found.append(_closed({"tool": {"type": "string", "enum": [NOOP_TOOL]}}))
        return _closed({**self._before, "action": {"anyOf": found}})

    def _option(self, tool: str, choices: Choices) -> dict[str, JsonValue] | None:
        """The alternative of one tool; None if it can't be used now."""
        properties = dict(self._arguments[tool])
        for name, values in chosen_among(tool, choices).items():
            if name in properties:
                if not values:
                    return None
                properties[name] = {**_type_of(values), "enum": list(values)}
        return _closed({"tool": {"type": "string", "enum": [tool]}, **properties})


def decision_schema(*, reasoning: bool, max_text: int) -> dict[str, JsonValue]:
    """`{"reasoning": …, "accept": …, "effort": …}`, effort from 0 to 1."""
    properties: dict[str, JsonValue] = {}
    if reasoning:
        properties["reasoning"] = {"type": "string", "maxLength": min(max_text, _LONGEST)}
    properties["accept"] = {"type": "boolean"}
    properties["effort"] = {"type": "number", "minimum": 0.0, "maximum": 1.0}
    return _closed(properties)


def chosen_among(tool: str, choices: Choices) -> dict[str, Sequence[JsonValue]]:
    """The known values of a tool's arguments, by argument; the tool's own go first."""
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
