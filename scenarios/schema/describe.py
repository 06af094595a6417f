"""What a pydantic model expects at a place, in plain words.

Works from the model's JSON schema, so it also speaks for the models of plug-ins. A field can bring
words of its own: `Field(json_schema_extra={"expected": "…"})`.
"""

from collections.abc import Sequence

from pydantic import BaseModel

from ..json_schema import Schema, alternatives

_LONG_NUMBER = 1e16


class Words:
    """The words for one model."""

    def __init__(self, model: type[BaseModel]) -> None:
        try:
            self._root: Schema = model.model_json_schema()
        except Exception:
            # A plug-in's model may have types that JSON schema has no name for.
            self._root = {}

    def expected(self, where: Sequence[str | int]) -> str | None:
        """What belongs at a location of pydantic's; None where the schema says nothing."""
        texts = [self._text(schema) for schema in self._at(where)]
        known = [text for text in texts if text is not None]
        return " or ".join(dict.fromkeys(known)) or None

    def keys(self, where: Sequence[str | int]) -> list[str]:
        """The known keys at a location."""
        found: dict[str, None] = {}
        for schema in self._at(where):
            for branch in alternatives(self._root, schema):
                found.update(dict.fromkeys(branch.get("properties", {})))
        return list(found)

    def options(self, where: Sequence[str | int]) -> list[str]:
        """The texts of which one must stand at a location."""
        return [
            option
            for schema in self._at(where)
            for branch in alternatives(self._root, schema)
            for option in branch.get("enum", [branch.get("const")])
            if isinstance(option, str)
        ]

    def _at(self, where: Sequence[str | int]) -> list[Schema]:
        schemas = [self._root]
        for step in where:
            below = [
                child
                for schema in schemas
                for branch in alternatives(self._root, schema)
                for child in _below(branch, step)
            ]
            # pydantic also puts the name of a union's branch into a location: stay where we are.
            schemas = below or schemas
        return schemas

    def _text(self, schema: Schema) -> str | None:
        if "expected" in schema:
            return str(schema["expected"])
        texts = [_leaf(branch) for branch in alternatives(self._root, schema)]
        if None in texts:
            return None
        words = [text for text in dict.fromkeys(texts) if text is not None and text != "null"]
        if "null" not in texts:
            return " or ".join(words)
        if not words:
            return "null"
        return " or ".join(words) + (", or null" if words[-1].count(" ") else " or null")


def _below(schema: Schema, step: str | int) -> list[Schema]:
    if isinstance(step, int):
        fixed = schema.get("prefixItems", [])
        if step < len(fixed):
            return [fixed[step]]
        items = schema.get("items")
        return [items] if isinstance(items, dict) else []
    if step in schema.get("properties", {}):
        return [schema["properties"][step]]
    others = [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]
    return [other for other in others if isinstance(other, dict)]


def _leaf(schema: Schema) -> str | None:
    if "expected" in schema:
        return str(schema["expected"])
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(str(option) for option in schema["enum"])
    match schema.get("type"):
        case "null":
            return "null"
        case "boolean":
            return "true or false"
        case "integer":
            return _whole(schema)
        case "number":
            return f"a number{_range(schema)}"
        case "string":
            return _string(schema)
        case "array":
            return _array(schema)
        case "object":
            return "a mapping"
    return None


def _whole(schema: Schema) -> str:
    low = schema.get("minimum")
    if low is not None and low == schema.get("maximum"):
        return _number(low)
    return f"a whole number{_range(schema)}"


def _range(schema: Schema) -> str:
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {_number(low)} to {_number(high)}"
    bounds = []
    if low is not None:
        bounds.append(f"of at least {_number(low)}")
    if above is not None:
        bounds.append(f"above {_number(above)}")
    if high is not None:
        bounds.append(f"of at most {_number(high)}" if not bounds else f"at most {_number(high)}")
    if below is not None:
        bounds.append(f"below {_number(below)}")
    return " " + " and ".join(bounds) if bounds else ""


def _number(value: float) -> str:
    if abs(value) >= _LONG_NUMBER:
        return f"{value:g}"
    return str(int(value)) if value == int(value) else str(value)


def _string(schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return "a date and time with its time zone, such as 2026-01-01T00:00:00Z"
    if "pattern" in schema:
        return f"text that matches {schema['pattern']}"
    longest = schema.get("maxLength")
    if longest is not None:
        return f"text of {schema.get('minLength', 0)} to {longest} characters"
    return "text that is not empty" if schema.get("minLength") else "text"


def _array(schema: Schema) -> str:
    fewest, most = schema.get("minItems"), schema.get("maxItems")
    if fewest and fewest == most:
        return f"a list of {fewest}"
    if fewest:
        return f"a list of at least {fewest}"
    return f"a list of at most {most}" if most is not None else "a list"
