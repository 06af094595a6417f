"""Which JSON schemas OpenAI's strict mode takes."""

from typing import Any

_UNKNOWN = frozenset(
    {"allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas",
     "patternProperties", "default"}
)  # fmt: skip
_TYPED = frozenset({"type", "anyOf", "$ref", "enum", "const"})


def fits_strict_mode(schema: dict[str, Any]) -> bool:
    """Whether strict mode takes the schema: it refuses a request with any other one.

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
    parts = [
        *schema.get("properties", {}).values(),
        *schema.get("$defs", {}).values(),
        *schema.get("anyOf", ()),
    ]
    if "items" in schema:
        parts.append(schema["items"])
    return all(_fits(part) for part in parts)


def without_lengths(schema: Any) -> Any:
    """The schema without bounds on the length of texts."""
    if isinstance(schema, list):
        return [without_lengths(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    is_text = schema.get("type") == "string"
    return {
        name: without_lengths(part)
        for name, part in schema.items()
        if not (is_text and name in ("maxLength", "minLength"))
    }
