"""A tree against a pydantic model, with the errors in the user's words and places."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ...runtime.wording import one_line
from ..schema.describe import Words
from .diagnostics import Findings, nearest
from .nodes import Node, described, mapping, plain

Model = TypeVar("Model", bound=BaseModel)

_LISTED = 30


def validated(model: type[Model], node: Node, findings: Findings) -> Model | None:
    """The model made of the tree; None (with faults noted) if the tree does not fit it.

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
        findings.add(node.place, node.path, f"{_named(model)} failed with {_story(error)}")
    return None


def settings(model: type[BaseModel], node: Node, findings: Findings) -> dict[str, Any] | None:
    """Every field of the model made of the tree, as JSON holds it and the model reads it again."""
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
            node.place,
            node.path,
            f"{_named(model)} cannot be stored: it must be equal to what it reads from its own "
            f"model_dump(mode='json'), but {_story(error)}",
        )
        return None
    return values


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


def tree_of(value: Any, origin: Node) -> Node:
    """Values of a model's as a tree, for the sake of the whole config's validation."""
    node = Node(None, origin.place, origin.path)
    if isinstance(value, dict):
        node.value = {str(key): tree_of(child, origin) for key, child in value.items()}
    elif isinstance(value, list):
        node.value = [tree_of(child, origin) for child in value]
    else:
        node.value = value
    return node


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
        findings.add(node.place, node.path, problem, suggestion=meant)
        return
    if kind in ("value_error", "assertion_error"):
        findings.add(node.place, node.path, one_line(str(detail["ctx"]["error"])))
        return
    belongs = words.expected(where) or detail["msg"].removeprefix("Input should be ")
    meant = None
    if isinstance(node.value, str):
        meant = nearest(node.value, words.options(where))
    findings.add(node.place, node.path, expected=belongs, got=described(node), suggestion=meant)


def _find(root: Node, where: Sequence[str | int]) -> Node:
    """The node at a location of pydantic's, which also names branches of unions."""
    node = root
    for step in where:
        if step in node.entries:
            node = node.entries[str(step)]
        elif isinstance(step, int) and step < len(node.items):
            node = node.items[step]
    return node
