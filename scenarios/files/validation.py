"""Check a tree against a pydantic model, and put the errors into the user's words and places.

The words come from the model's JSON schema, so that they also speak for the models of plug-ins. A
field can bring words of its own: `Field(json_schema_extra={"expected": "…"})`.
"""

import json
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from ...runtime.wording import one_line
from ..json_schema import Schema, alternatives
from .diagnostics import Findings, nearest
from .nodes import Node, copied, described, mapping, plain

_LONG_NUMBER = 1e16
Location = Sequence[str | int]
"""Keys and indices from the root, as pydantic gives them."""


@lru_cache(maxsize=64)
def _schema_of(model: type[BaseModel]) -> Schema:
    try:
        return model.model_json_schema()
    except Exception:
        # A plug-in's model may have types that JSON schema has no name for.
        return {}


class Words:
    """The words for one model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._root = _schema_of(model)

    def expected(self, where: Location) -> str | None:
        """Say what belongs at a location of pydantic's; None where the schema says nothing."""
        texts = [self._text(schema) for schema in self._at(where)]
        known = [text for text in texts if text is not None]
        return " or ".join(dict.fromkeys(known)) or None

    def keys(self, where: Location) -> list[str]:
        """List the known keys at a location."""
        branches = self._opened(self._at(where))
        return list(dict.fromkeys(key for one in branches for key in one.get("properties", {})))

    def options(self, where: Location) -> list[str]:
        """List the texts of which one must stand at a location."""
        branches = self._opened(self._at(where))
        options = [option for one in branches for option in one.get("enum", [one.get("const")])]
        return [option for option in options if isinstance(option, str)]

    def _at(self, where: Location) -> list[Schema]:
        schemas = [self._root]
        for step in where:
            below = [child for one in self._opened(schemas) for child in _below(one, step)]
            # pydantic also puts the name of a union's branch into a location: stay where we are.
            schemas = below or schemas
        return schemas

    def _opened(self, schemas: list[Schema]) -> list[Schema]:
        return [branch for schema in schemas for branch in alternatives(self._root, schema)]

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
        case "integer" if "minimum" in schema and schema["minimum"] == schema.get("maximum"):
            return _number(schema["minimum"])
        case "integer":
            return f"a whole number{_range(schema)}"
        case "number":
            return f"a number{_range(schema)}"
        case "string":
            return _string(schema)
        case "array":
            return _array(schema)
        case "object":
            return "a mapping"
    return None


def _range(schema: Schema) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f" from {_number(schema['minimum'])} to {_number(schema['maximum'])}"
    bounds = [f"{words} {_number(schema[key])}" for key, words in _BOUNDS.items() if key in schema]
    of = " of " if bounds and bounds[0].startswith("at ") else " "
    return of + " and ".join(bounds) if bounds else ""


_BOUNDS = {
    "minimum": "at least", "exclusiveMinimum": "above",
    "maximum": "at most", "exclusiveMaximum": "below",
}  # fmt: skip


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


Model = TypeVar("Model", bound=BaseModel)

_LISTED = 30


def validated(model: type[Model], node: Node, findings: Findings) -> Model | None:
    """Make the model of the tree; None (with faults noted) if the tree does not fit it.

    Types are strict, as in JSON: `"3"` is no number and `1` is not true.
    """
    try:
        return model.model_validate_json(json.dumps(plain(node)), strict=True)
    except ValidationError as error:
        words = Words(model)
        for detail in error.errors(include_url=False):
            _note(detail, node, words, findings)
    except Exception as error:
        # A plug-in's own validators may raise anything.
        findings.add(*node.origin, f"{_named(model)} failed with {_story(error)}")
    return None


class Mended(NamedTuple, Generic[Model]):
    """A model made of a tree without its faulty values, for further checks of the rest."""

    made: Model
    tree: Node
    lost: frozenset[str | None]
    """Names and ids of the list items that had to be left out; None for an item without its id."""

    def may_have(self, name: str) -> bool:
        """Return True if an item that was left out may have had this name or id."""
        return name in self.lost or None in self.lost


def mended(
    model: type[Model], tree: Node, free: Callable[[Location], bool]
) -> Mended[Model] | None:
    """Leave faulty values out until the model takes the rest; None where it can't.

    A value has its default then; an item of a list without a value that it needs goes as a whole.
    `free` says whether what is at a location may be left out.
    """
    rest, lost = copied(tree), set[str | None]()
    while True:
        try:
            made = model.model_validate_json(json.dumps(plain(rest)), strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False)
            # All of them are found before the first is left out, which moves those behind it.
            ways = [_way_to_leave_out(rest, found["loc"], found["type"]) for found in details]
            if not all(len(way) > 1 for way in ways) or not all(free(at["loc"]) for at in details):
                return None
            for *_, faulty in ways:
                lost |= {str(faulty.entries[key].value) for key in _NAMES if key in faulty.entries}
            gone = {id(way[-1]) for way in ways}
            for owner in {id(way[-2]): way[-2] for way in ways}.values():
                owner.value = _without(owner, gone)
            if any(found["type"] == "missing" and found["loc"][-1] == "id" for found in details):
                lost.add(None)
        else:
            return Mended(made, rest, frozenset(lost))


_NAMES = ("name", "id")


def _way_to_leave_out(root: Node, where: Location, kind: str) -> list[Node]:
    """List the nodes from the root to the faulty value; of one that is missing, to its item."""
    way = _way(root, where)
    while kind == "missing" and len(way) > 1 and not isinstance(way[-2].value, list):
        way.pop()
    return way


def _without(owner: Node, gone: Collection[int]) -> dict[str, Node] | list[Node]:
    if owner.is_mapping:
        return {key: node for key, node in owner.entries.items() if id(node) not in gone}
    return [node for node in owner.items if id(node) not in gone]


def settings(model: type[BaseModel], node: Node, findings: Findings) -> Node | None:
    """Return a tree of every field of the model made of the tree, from which it is read again."""
    made = validated(model, node, findings)
    if made is None:
        return None
    try:
        values = made.model_dump(mode="json")
        again = json.dumps(values, allow_nan=False)
        if model.model_validate_json(again, strict=True) != made:
            raise ValueError("it does not come back as it was")
    except Exception as error:
        findings.add(
            *node.origin,
            f"{_named(model)} cannot be stored: it must be equal to what it reads from its own "
            f"model_dump(mode='json'), but {_story(error)}",
        )
        return None
    return _tree_of(values, node)


def _tree_of(value: Any, origin: Node) -> Node:
    if isinstance(value, dict):
        value = {str(key): _tree_of(child, origin) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_tree_of(child, origin) for child in value]
    return Node(value, origin.place, origin.path)


def sort_in(entry: Node, section: str, model: type[BaseModel], *, beside: type[BaseModel]) -> None:
    """Move what stands in an entry, and is no key of its own model `beside`, into the section whose
    model has a setting of the name."""
    for key in [*entry.entries]:
        if key in beside.model_fields or key not in model.model_fields:
            continue
        below = entry.entries.get(section)
        if below is None or below.value is None:
            below = mapping(entry.place, entry.child(section))
            entry.entries[section] = below
        if below.is_mapping and key not in below.entries:
            below.entries[key] = entry.entries.pop(key)


def _named(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__qualname__}"


def _story(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}")


def _note(detail: Any, root: Node, words: Words, findings: Findings) -> None:
    """Put one error of pydantic's into words."""
    where: tuple[str | int, ...] = detail["loc"]
    kind: str = detail["type"]
    if kind == "missing":
        parent = _find(root, where[:-1])
        expected = words.expected(where) or "a value"
        findings.add(parent.place, parent.child(where[-1]), f"missing; expected {expected}")
        return
    node = _find(root, where)
    if kind == "too_short" and len(node.items) >= detail["ctx"]["min_length"]:
        # pydantic counts the valid items only; the invalid ones have faults of their own.
        return
    if kind == "extra_forbidden":
        known = words.keys(where[:-1])
        meant = nearest(str(where[-1]), [*known, *_find(root, where[:-1]).beside])
        listed = f"; known here: {', '.join(known)}" if known and len(known) <= _LISTED else ""
        problem = "unknown key" if meant else f"unknown key{listed}"
        findings.add(*node.origin, problem, suggestion=meant)
        return
    if kind in ("value_error", "assertion_error"):
        findings.add(*node.origin, one_line(str(detail["ctx"]["error"])))
        return
    belongs = words.expected(where) or detail["msg"].removeprefix("Input should be ")
    meant = nearest(node.value, words.options(where)) if isinstance(node.value, str) else None
    findings.add(*node.origin, expected=belongs, got=described(node), suggestion=meant)


def _find(root: Node, where: Location) -> Node:
    """Find the node at a location of pydantic's."""
    return _way(root, where)[-1]


def _way(root: Node, where: Location) -> list[Node]:
    """List the nodes from the root to a location, which also names branches of unions."""
    way = [root]
    for step in where:
        if step in way[-1].entries:
            way.append(way[-1].entries[str(step)])
        elif isinstance(step, int) and step < len(way[-1].items):
            way.append(way[-1].items[step])
    return way
