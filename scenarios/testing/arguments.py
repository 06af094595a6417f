"""Arguments for tools, made from their JSON schemas: some that work, many that must not."""

from collections.abc import Iterator, Mapping
from math import inf, nan
from typing import Any

from ..actions import Action, Tool

_HUGE = 10**30


def example(tool: Tool, text: str) -> Action:
    """An action with the least arguments that should be valid; `text` goes where any text may."""
    schema = tool.json_schema
    properties = schema.get("properties", {})
    args = {name: _value(schema, properties[name], text) for name in schema.get("required", ())}
    return Action(tool=tool.name, args=args)


def bad_examples(tool: Tool, text: str) -> Iterator[tuple[str, Action]]:
    """Actions whose arguments the tool's model must refuse, each with what is wrong in it."""
    schema = tool.json_schema
    good = example(tool, text).args
    yield "an argument it does not have", _with(tool, good, "no_such_argument", 1)
    for name, field in schema.get("properties", {}).items():
        for value in _bad_values(_alternatives(schema, field)):
            shown = f"{value!r}" if len(repr(value)) < 40 else f"{repr(value)[:36]}..."
            yield f"{name} = {shown}", _with(tool, good, name, value)


def _with(tool: Tool, good: Mapping[str, Any], name: str, value: Any) -> Action:
    return Action(tool=tool.name, args={**good, name: value})


def _alternatives(root: Mapping[str, Any], field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schemas of which a value must meet one, references resolved, null left out."""
    if "$ref" in field:
        target: Any = root
        for part in field["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return _alternatives(root, target)
    for union in ("anyOf", "oneOf", "allOf"):
        if union in field:
            return [found for option in field[union] for found in _alternatives(root, option)]
    return [] if field.get("type") == "null" else [field]


def _value(root: Mapping[str, Any], field: Mapping[str, Any], text: str) -> Any:
    schema = (_alternatives(root, field) or [{}])[0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "integer":
            return schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        case "number":
            return float(schema.get("minimum", schema.get("exclusiveMinimum", -1.0) + 1.0))
        case "boolean":
            return False
        case "array":
            return []
        case "object":
            return {}
    return text


def _bad_values(alternatives: list[Mapping[str, Any]]) -> list[Any]:
    """What none of the alternatives should let through."""
    if len(alternatives) != 1:
        return [nan, inf, -inf]
    schema = alternatives[0]
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if choices is not None:
        return ["no such choice", nan, _HUGE, -_HUGE]
    match schema.get("type"):
        case "integer" | "number":
            bad: list[Any] = ["many", nan, inf, -inf, _HUGE, -_HUGE, float(_HUGE)]
            least = schema.get("minimum", schema.get("exclusiveMinimum"))
            if least is None or least >= 0:
                bad.append(-1)
            return bad
        case "string":
            return [1, nan, ["text"]]
        case "boolean":
            return ["perhaps", 2, nan]
    return [nan, inf, "anything"]
