"""Walk JSON schemas, as pydantic writes them and as tools and models of others bring them.

A schema is plain JSON data. Its references (`$ref`) point into the document that it stands in, the
`root`. Keywords that this module does not know are left as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

UNIONS = ("anyOf", "oneOf", "allOf")
_BY_NAME = ("properties", "patternProperties", "$defs")
"""Keywords that hold schemas by names of the user's, which may look like keywords."""
_NESTED = (*UNIONS, "items", "prefixItems", "additionalProperties")
"""Keywords that hold a schema, or a list of them."""


def resolve(root: Schema, schema: Schema) -> Schema:
    """Follow the schema's reference, if it is one, to what it points at.

    Gives an empty schema, which allows everything, for a reference that leads nowhere or in a
    circle.
    """
    seen: list[str] = []
    while "$ref" in schema:
        reference = str(schema["$ref"])
        if reference in seen:
            return {}
        seen.append(reference)
        found: Any = root
        for part in reference.removeprefix("#").strip("/").split("/"):
            found = found.get(part) if isinstance(found, Mapping) else None
        schema = found if isinstance(found, Mapping) else {}
    return schema


def alternatives(root: Schema, schema: Schema) -> list[Schema]:
    """List the schemas of which a value must meet one, unions opened at every depth."""
    schema = resolve(root, schema)
    for union in UNIONS:
        if union in schema:
            return [found for option in schema[union] for found in alternatives(root, option)]
    return [schema]


def children(schema: Schema) -> Iterator[Schema]:
    """Yield the schemas that stand directly in this one; references are not followed."""
    for keyword in _BY_NAME:
        yield from schema.get(keyword, {}).values()
    for keyword in _NESTED:
        inner = schema.get(keyword)
        if isinstance(inner, Mapping):
            yield inner
        elif isinstance(inner, list):
            yield from inner


def transform(schema: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """Rebuild a schema from the inside out: `change` gets each one with its children changed."""
    if isinstance(schema, list):
        return [transform(part, change) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    rebuilt: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _BY_NAME:
            value = {name: transform(part, change) for name, part in value.items()}
        elif keyword in _NESTED:
            value = transform(value, change)
        rebuilt[keyword] = value
    return change(rebuilt)


def inline(root: Schema, schema: Schema) -> Any:
    """Put what references point at in their places. Raises RecursionError for one in itself."""
    return transform(
        schema, lambda part: inline(root, resolve(root, part)) if "$ref" in part else part
    )
