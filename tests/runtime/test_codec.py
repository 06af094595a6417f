"""An effect's result: what the actor gets is what a replay gives it again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, computed_field
from pydantic_core import from_json, to_json

from gdg_runtime.runtime import Message
from gdg_runtime.runtime.canonical import canonical_json, digest, jsonable
from gdg_runtime.runtime.codec import codec_of
from gdg_runtime.runtime.errors import NotSerialisable


class Allowed(Message):
    reason: str


class Denied(Message):
    reason: str


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    tags: tuple[str, ...]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    at: datetime
    span: timedelta
    colour: Colour
    pair: tuple[int, str]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def doubled(self) -> int:
        return 2 * self.pair[0]


def journey(value: Any, annotation: Any) -> Any:
    """Through the codec and the journal's own JSON and back."""

    async def effect() -> Any: ...

    effect.__annotations__["return"] = annotation
    codec = codec_of(effect)
    plain = codec.encode(value, "the result")
    assert from_json(to_json(plain)) == plain
    return codec.decode(from_json(to_json(plain)))


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (Point(1, ("a", "b")), Point),
        (Colour.RED, Colour),
        (Decimal("0.10"), Decimal),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime),
        (UUID(int=7), UUID),
        (b"bytes", bytes),
        (Path("/a/b"), Path),
        ({1: (2, None)}, dict[int, tuple[int, str | None]]),
        ([Allowed(reason="x")], list[Allowed]),
        (None, None),
        (2**80, int),
        (0.1 + 0.2, float),
        (
            Strict(at=datetime(2026, 1, 1, tzinfo=UTC), span=timedelta(hours=1),
                   colour=Colour.RED, pair=(1, "a")),
            Strict,
        ),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_value_of_the_annotated_type_comes_back_equal(value: Any, annotation: Any) -> None:
    again = journey(value, annotation)
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize("value", [Allowed(reason="same"), Denied(reason="same")])
def test_a_union_of_messages_with_the_same_fields_keeps_the_type(value: Message) -> None:
    assert journey(value, Allowed | Denied) == value
    assert type(journey(value, Denied | Allowed)) is type(value)


def test_a_union_of_messages_refuses_anything_else() -> None:
    with pytest.raises(NotSerialisable, match="expected one of Allowed, Denied, got int"):
        journey(3, Allowed | Denied)


def test_partial_functions_callables_and_methods_are_validated_too() -> None:
    async def add(a: int, b: int) -> tuple[int, int]:
        return a, b

    class Callable:
        async def __call__(self) -> tuple[int, int]:
            return 1, 2

        async def method(self) -> tuple[int, int]:
            return 1, 2

    for function in (add, partial(partial(add, 1), 2), Callable(), Callable().method):
        assert codec_of(function).decode([1, 2]) == (1, 2)


def test_a_return_annotation_that_has_no_json_form_is_refused_with_its_name() -> None:
    class Socket: ...

    async def connect() -> Socket: ...

    with pytest.raises(NotSerialisable, match="Socket"):
        codec_of(connect)


def test_without_an_annotation_the_actor_gets_plain_data_of_its_own() -> None:
    async def effect():  # type: ignore[no-untyped-def]
        ...

    plain = {"a": [1, 2]}
    value = codec_of(effect).decode(plain)
    value["a"].append(3)
    assert plain == {"a": [1, 2]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(json_values)
def test_the_journal_gives_json_data_back_to_the_last_bit(value: Any) -> None:
    again = from_json(to_json(jsonable(value, "value")))
    assert canonical_json(again) == canonical_json(value)
    assert repr(again) == repr(value)


@given(st.dictionaries(st.text(), json_values, max_size=5), st.randoms(use_true_random=False))
def test_the_digest_of_a_request_does_not_depend_on_the_order_of_keys(
    value: dict[str, Any], dice: Any
) -> None:
    items = list(value.items())
    dice.shuffle(items)
    assert digest(canonical_json(dict(items))) == digest(canonical_json(value))


class Holder(BaseModel):
    things: Any = None


@dataclass
class Box:
    things: Any


@pytest.mark.parametrize(
    "value",
    [
        {1}, frozenset(), [{1}], {"a": {1}}, ({1},), {1: 2}.keys(),
        Holder(things={1}), [Holder(things=[{1}])], Box({1}), {"a": Box([frozenset()])},
    ],
    ids=repr,
)  # fmt: skip
def test_a_set_is_refused_at_any_depth(value: Any) -> None:
    with pytest.raises(NotSerialisable, match="holds a set"):
        jsonable(value, "the argument")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), [-float("inf")], Holder(things=float("nan"))], ids=repr
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(NotSerialisable, match="the argument has no canonical JSON form"):
        jsonable(value, "the argument")


@pytest.mark.parametrize("value", ["\ud800", {"a": ["\udfff"]}, {"\ud800": 1}, object(), [open]])
def test_what_can_not_be_written_is_refused(value: Any) -> None:
    with pytest.raises(NotSerialisable):
        jsonable(value, "the argument")


def test_a_value_that_holds_itself_is_refused() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(NotSerialisable):
        jsonable(ring, "the argument")
