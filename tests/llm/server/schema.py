"""Values that satisfy a JSON schema, drawn from a generator; and values that do not."""

import json
import math
from collections.abc import Callable
from random import Random
from typing import Any

Text = Callable[[Random, int, int | None], str]
"""Makes a string: the generator, the least length, the greatest length (None: no limit)."""

_UNKNOWN = ("pattern", "not", "if", "patternProperties", "dependentSchemas", "contains")
_DEEP = 6
"""Where a value nests deeper than this, the simplest alternative is taken, so that it ends."""

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class UnknownSchema(ValueError):
    """A schema uses a keyword that this server cannot satisfy."""


class Schema:
    """A JSON schema of the kind that pydantic writes. Raises UnknownSchema on first use of a
    keyword that it does not know how to satisfy."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def draw(self, rng: Random, text: Text) -> Any:
        """A value that satisfies the schema; its free strings are made by `text`."""
        return self._draw(self._root, rng, text, 0)

    def accepts(self, value: Any) -> bool:
        return self._accepts(self._root, value)

    def spoil(self, value: Any, rng: Random) -> Any:
        """Valid JSON, near to `value`, that does not satisfy the schema."""
        near: list[Any] = [[value], {}, "no such thing", None, {"unexpected": value}]
        if isinstance(value, dict):
            near += [{k: v for k, v in value.items() if k != name} for name in value]
            wrong: list[Any] = ["no-such-value", [[]]]
            near += [{**value, name: one} for name in value for one in wrong]
            near.append({**value, "unexpected": True})
        bad = [candidate for candidate in near if not self.accepts(candidate)]
        return rng.choice(bad) if bad else {"unexpected": [value]}

    def _resolved(self, schema: Any) -> dict[str, Any]:
        if schema is True:
            return {}
        if not isinstance(schema, dict):
            raise UnknownSchema(f"expected an object as JSON schema, got {schema!r}")
        for keyword in _UNKNOWN:
            if keyword in schema:
                raise UnknownSchema(f"this server cannot satisfy the keyword {keyword!r}")
        merged = {name: part for name, part in schema.items() if name not in ("$ref", "allOf")}
        parts = [self._target(schema["$ref"])] if "$ref" in schema else []
        for part in parts + schema.get("allOf", []):
            inner = self._resolved(part)
            merged = {**inner, **merged}
            for both in ("properties", "required"):
                if both in inner and both in schema:
                    mine, theirs = schema[both], inner[both]
                    merged[both] = {**theirs, **mine} if both == "properties" else [*theirs, *mine]
        return merged

    def _target(self, reference: str) -> Any:
        found = self._root
        if reference != "#":
            for step in reference.removeprefix("#/").split("/"):
                name = step.replace("~1", "/").replace("~0", "~")
                if not isinstance(found, dict) or name not in found:
                    raise UnknownSchema(f"there is no {reference!r} in the schema")
                found = found[name]
        return found

    def _draw(self, schema: Any, rng: Random, text: Text, depth: int) -> Any:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return rng.choice(schema["enum"])
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                options = schema[choice]
                if depth > _DEEP:
                    options = [min(options, key=lambda option: self._weight(option, frozenset()))]
                common = {k: v for k, v in schema.items() if k not in (choice, "discriminator")}
                return self._draw(
                    {"allOf": [common, rng.choice(options)]}, rng, text, depth + 1
                )  # fmt: skip
        kind = schema.get("type") or self._kind(schema)
        if isinstance(kind, list):
            kind = rng.choice(kind)
        match kind:
            case "object":
                return self._object(schema, rng, text, depth)
            case "array":
                return self._array(schema, rng, text, depth)
            case "string":
                return text(rng, schema.get("minLength", 0), schema.get("maxLength"))
            case "integer" | "number":
                return _number(schema, rng, whole=kind == "integer")
            case "boolean":
                return rng.random() < 0.5
            case "null":
                return None
        raise UnknownSchema(f"this server knows no type {kind!r}")

    @staticmethod
    def _kind(schema: dict[str, Any]) -> str:
        """The type that a schema means which does not name one."""
        if "properties" in schema:
            return "object"
        return "array" if {"items", "prefixItems"} & schema.keys() else "string"

    def _weight(self, schema: Any, seen: frozenset[str]) -> float:
        """How far a value of a schema must nest at least."""
        if isinstance(schema, dict) and (reference := schema.get("$ref")):
            if reference in seen:
                return math.inf
            seen = seen | {reference}
        schema = self._resolved(schema)
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            return min(self._weight(option, seen) for option in options)
        within = [schema["properties"][name] for name in schema.get("required", [])
                  if name in schema.get("properties", {})]  # fmt: skip
        if schema.get("minItems", 0) and "items" in schema:
            within.append(schema["items"])
        return max((1 + self._weight(part, seen) for part in within), default=0)

    def _object(self, schema: dict[str, Any], rng: Random, text: Text, depth: int) -> Any:
        required = set(schema.get("required", []))
        value = {
            name: self._draw(part, rng, text, depth + 1)
            for name, part in schema.get("properties", {}).items()
            if name in required or (depth <= _DEEP and rng.random() < 0.5)
        }
        for name in schema.get("required", []):
            value.setdefault(name, "")
        more = schema.get("additionalProperties", False)
        if isinstance(more, dict) and depth <= _DEEP:
            for at in range(max(schema.get("minProperties", 0), rng.randint(0, 2))):
                value.setdefault(f"key{at}", self._draw(more, rng, text, depth + 1))
        return value

    def _array(self, schema: dict[str, Any], rng: Random, text: Text, depth: int) -> Any:
        value = [self._draw(part, rng, text, depth + 1) for part in schema.get("prefixItems", [])]
        least = schema.get("minItems", 0)
        most = schema.get("maxItems", max(least, 3))
        items = schema.get("items", not value)
        if items is False:
            return value
        wanted = least if depth > _DEEP else rng.randint(least, max(least, min(most, least + 3)))
        for _ in range(100 * wanted):
            if len(value) >= wanted:
                break
            item = self._draw(items, rng, text, depth + 1)
            if not (schema.get("uniqueItems") and item in value):
                value.append(item)
        return value

    def _accepts(self, schema: Any, value: Any) -> bool:
        if schema is False:
            return False
        schema = self._resolved(schema)
        if "const" in schema and not _same(schema["const"], value):
            return False
        if "enum" in schema and not any(_same(choice, value) for choice in schema["enum"]):
            return False
        if "anyOf" in schema and not any(self._accepts(one, value) for one in schema["anyOf"]):
            return False
        if "oneOf" in schema and sum(self._accepts(one, value) for one in schema["oneOf"]) != 1:
            return False
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(_is(value, kind) for kind in kinds):
            return False
        if isinstance(value, dict):
            return self._accepts_object(schema, value)
        if isinstance(value, list):
            first = schema.get("prefixItems", [])
            rest = schema.get("items", True)
            return _within(len(value), schema.get("minItems"), schema.get("maxItems")) and all(
                self._accepts(first[at] if at < len(first) else rest, item)
                for at, item in enumerate(value)
            )
        if isinstance(value, str):
            return _within(len(value), schema.get("minLength"), schema.get("maxLength"))
        if isinstance(value, int | float) and not isinstance(value, bool):
            above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
            return (
                _within(value, schema.get("minimum"), schema.get("maximum"))
                and (above is None or value > above)
                and (below is None or value < below)
            )
        return True

    def _accepts_object(self, schema: dict[str, Any], value: dict[str, Any]) -> bool:
        known = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        return all(name in value for name in schema.get("required", [])) and all(
            self._accepts(known.get(name, more), part) for name, part in value.items()
        )


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(kind, ()))


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _number(schema: dict[str, Any], rng: Random, *, whole: bool) -> int | float:
    """A number within the bounds; without them, one from 0 to 100."""
    step: float | None
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf", 1 if whole else None)
    edge = step or 1e-9
    low: float = schema.get("minimum", -math.inf)
    low = low if above is None else max(low, above + edge)
    high: float = schema.get("maximum", math.inf)
    high = high if below is None else min(high, below - edge)
    if low == -math.inf:
        low = min(0, high - 100) if high < math.inf else 0
    if high == math.inf:
        high = low + 100
    if step:
        count = rng.randint(math.ceil(low / step), max(math.ceil(low / step), int(high // step)))
        value = count * step
        return int(value) if whole else value
    return min(high, max(low, round(rng.uniform(low, high), 3)))
