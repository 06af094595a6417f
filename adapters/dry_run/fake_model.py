"""A model's stand-in for rehearsals: answers at once, in the form that is asked, at random.

What it says is the same every time, and nobody is asked.
"""

import json
from collections.abc import Mapping, Sequence
from math import ceil, floor
from random import Random
from typing import Any

from ...actors.llm.action_schema import NOOP_TOOL
from ...actors.llm.chat import Chat, ChatReply, ToolCall, Usage

_DEEPEST = 20
_MANY = 10**9
_WORDS = "what the others have said so far leaves room for doubt and for one more try "


class StandIn:
    """Answers questions: as one who does as little as possible, or who tries everything."""

    def __init__(self, *, busy: bool, seed: str) -> None:
        """A busy one uses tools at random and accepts half of the offers; an idle one passes and
        declines. Equal seeds give equal answers."""
        self._busy = busy
        self._luck = Random(seed)

    def reply(self, question: Chat) -> ChatReply:
        """A reply of the schema that is asked for, or a call of one of the tools, or words."""
        usage, schema = Usage(0, 0), question.json_schema
        if schema is not None:
            content = json.dumps(self._value(schema, schema, 0))
            return ChatReply(content=content, usage=usage, model=question.model)
        last = question.messages[-1] if question.messages else None
        if self._busy and question.tools and (last is None or last.role != "tool"):
            tool = self._luck.choice(question.tools)
            arguments = json.dumps(self._value(tool.parameters, tool.parameters, 0))
            call = ToolCall(id="call_1", name=tool.name, arguments=arguments)
            return ChatReply(
                tool_calls=(call,), finish_reason="tool_calls", usage=usage, model=question.model
            )
        return ChatReply(content=self._text({}), usage=usage, model=question.model)

    def _value(self, root: Mapping[str, Any], schema: Any, depth: int) -> Any:
        """A value that the schema allows, as far as its simple words go."""
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return None
        if "$ref" in schema:
            return self._value(root, _target(root, schema["$ref"]), depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._one_of(schema["enum"])
        for word in ("anyOf", "oneOf", "allOf"):
            if schema.get(word):
                return self._value(root, self._alternative(schema[word]), depth + 1)
        kind = schema.get("type", "object" if "properties" in schema else "null")
        if isinstance(kind, list):
            kind = kind[0] if kind else "null"
        match kind:
            case "object":
                fields = schema.get("properties", {})
                return {name: self._value(root, field, depth + 1) for name, field in fields.items()}
            case "array":
                count = min(max(schema.get("minItems", 0), int(self._busy)), 100)
                return [self._value(root, schema.get("items"), depth + 1) for _ in range(count)]
            case "string":
                return self._text(schema)
            case "boolean":
                return self._busy and self._luck.random() < 0.5
            case "integer":
                return round(self._number(schema, whole=True))
            case "number":
                return self._number(schema, whole=False)
        return None

    def _one_of(self, values: Sequence[Any]) -> Any:
        return self._luck.choice(values) if self._busy else values[0]

    def _alternative(self, options: Sequence[Any]) -> Any:
        """One of several schemas; an idle one takes the one that does nothing."""
        if self._busy:
            return self._luck.choice(options)
        return next((option for option in options if _does_nothing(option)), options[0])

    def _text(self, schema: Mapping[str, Any]) -> str:
        length = len(_WORDS) if self._busy else 8
        length = int(max(min(length, schema.get("maxLength", _MANY)), schema.get("minLength", 0)))
        return (_WORDS * (length // len(_WORDS) + 1))[:length]

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> float:
        step = 1 if whole else 1e-6
        low = schema.get("minimum", schema.get("exclusiveMinimum", -step) + step)
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 1 + step) - step)
        if not self._busy or high <= low:
            return float(low)
        return float(self._luck.randint(ceil(low), floor(high)) if whole else (low + high) / 2)


def _does_nothing(option: Any) -> bool:
    """Whether a schema is the action without a tool, or null."""
    if not isinstance(option, Mapping):
        return False
    tool = option.get("properties", {}).get("tool", {})
    return option.get("type") == "null" or tool.get("enum") == [NOOP_TOOL]


def _target(root: Mapping[str, Any], reference: str) -> Any:
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
