"""The one walker of JSON schemas."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from gdg_runtime.scenarios.json_schema import alternatives, children, inline, resolve, transform


class Inner(BaseModel):
    size: int | None = None
    kind: Literal["a", "b"] = "a"


class Outer(BaseModel):
    inner: Inner
    many: list[Inner] | str
    properties: str = "a field that is named as a keyword is"


SCHEMA = Outer.model_json_schema()


def field(name: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["properties"][name]
    return found


def test_a_reference_leads_to_what_it_points_at() -> None:
    assert resolve(SCHEMA, field("inner")) is SCHEMA["$defs"]["Inner"]
    assert resolve(SCHEMA, field("many")) is field("many")


@pytest.mark.parametrize(
    "root",
    [
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"$defs": {"a": {"$ref": "#/$defs/nowhere"}}},
        {"$defs": {"a": {"$ref": "#/$defs/text/deeper"}, "text": "no schema"}},
    ],
)
def test_a_reference_that_leads_nowhere_allows_everything(root: dict[str, Any]) -> None:
    assert resolve(root, {"$ref": "#/$defs/a"}) == {}


def test_alternatives_are_found_through_unions_and_references() -> None:
    root = {"$defs": {"either": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}}
    schema = {"oneOf": [{"$ref": "#/$defs/either"}, {"allOf": [{"type": "string"}]}]}
    found = [option["type"] for option in alternatives(root, schema)]
    assert found == ["integer", "null", "string"]


def test_children_are_all_schemas_that_stand_directly_inside() -> None:
    found = list(children(SCHEMA))
    assert field("properties") in found, "it is a field here, no keyword"
    assert SCHEMA["$defs"]["Inner"] in found
    assert len(found) == 4
    assert list(children({"items": {"type": "null"}, "anyOf": [{}, {"type": "array"}]})) == [
        {}, {"type": "array"}, {"type": "null"},
    ]  # fmt: skip


def test_a_transformation_sees_every_schema_and_no_name() -> None:
    seen: list[Any] = []

    def without_titles(schema: dict[str, Any]) -> dict[str, Any]:
        seen.append(schema)
        return {name: value for name, value in schema.items() if name != "title"}

    changed = transform({"properties": {"title": {"title": "Title", "type": "string"}}},
                        without_titles)  # fmt: skip
    assert changed == {"properties": {"title": {"type": "string"}}}
    assert len(seen) == 2
    assert transform(SCHEMA, lambda part: part) == SCHEMA


def test_what_is_inlined_needs_no_root() -> None:
    whole = inline(SCHEMA, field("many"))
    assert whole["anyOf"][0]["items"] == SCHEMA["$defs"]["Inner"]
    assert "$ref" not in str(whole)
