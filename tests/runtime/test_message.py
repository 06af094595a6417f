"""What a message may hold."""

import json
from collections.abc import Set
from typing import Any

import pytest
from pydantic import BaseModel

from gdg_runtime.runtime import Message
from gdg_runtime.runtime.message import Unchecked


class Inner(BaseModel):
    names: list[set[str]]


class Tree(BaseModel):
    children: list["Tree"] = []


@pytest.mark.parametrize("annotation", [Set[int], Inner, list[Inner], Inner | None])
def test_a_set_in_a_nested_model_is_refused_as_well(annotation: Any) -> None:
    with pytest.raises(TypeError, match=r"Bad\.items is a set"):
        type("Bad", (Message,), {"__annotations__": {"items": annotation}})


def test_a_model_that_refers_to_itself_is_fine() -> None:
    class Forest(Message):
        trees: tuple[Tree, ...]

    assert Forest(trees=(Tree(children=[Tree()]),)).trees[0].children == [Tree()]


def test_nan_is_no_value_of_a_message() -> None:
    class Measured(Message):
        value: float

    with pytest.raises(ValueError):
        Measured(value=float("nan"))


def test_the_name_in_the_journal_does_not_follow_the_class() -> None:
    class Moved(Message, name="kept"):
        value: int

    class Unnamed(Moved):
        pass

    assert Moved.message_name == "kept"
    assert Unnamed.message_name == "Unnamed"
    assert json.loads(Moved(value=1).model_dump_json()) == {"value": 1}


def test_an_unchecked_field_is_taken_as_it_is_and_costs_no_validation() -> None:
    class Handed(Message):
        numbers: Unchecked[list[int]]
        other: Unchecked[Tree | None] = None

    numbers = [1, 2]
    assert Handed(numbers=numbers).numbers is numbers
    assert Handed(numbers="neither").numbers == "neither"  # type: ignore[arg-type]
    fields = Handed.__pydantic_core_schema__["schema"]["fields"]  # type: ignore[index,typeddict-item]
    assert fields["numbers"]["schema"] == {"type": "any"}
    assert fields["other"]["schema"]["schema"] == {"type": "any"}


def test_an_unchecked_field_holds_no_set_either() -> None:
    with pytest.raises(TypeError, match=r"Bad\.items is a set"):
        type("Bad", (Message,), {"__annotations__": {"items": Unchecked[set[int]]}})
