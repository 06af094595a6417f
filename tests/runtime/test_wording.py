"""Short words for values and for invalid data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from gdg_runtime.runtime.wording import cut, first_problem, one_line, printable, problems, shortened


class Box(BaseModel):
    sizes: list[int]


@given(st.text(), st.integers(3, 30), st.sampled_from(["…", "...", ""]))
def test_a_shortened_text_is_never_longer_and_begins_as_the_text(
    text: str, most: int, mark: str
) -> None:
    short = shortened(text, most, mark)
    assert len(short) <= most
    assert short == text or (short.endswith(mark) and text.startswith(short[: most - len(mark)]))


def test_a_cut_says_how_much_is_missing() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcde", 3) == "abc… [2 more characters]"


@given(st.text())
def test_one_line_is_printable_and_one_line(text: str) -> None:
    assert one_line(text).isprintable()
    assert printable(printable(text)) == printable(text)


def test_problems_name_the_place_and_what_came() -> None:
    with pytest.raises(ValidationError) as caught:
        Box.model_validate({"sizes": [1, "many"]})
    (problem,) = problems(caught.value)
    assert problem == first_problem(caught.value)
    assert (problem.path, problem.given) == ("sizes.1", "many")
    assert str(problem).startswith("sizes.1: Input should be a valid integer")


def test_a_problem_of_the_whole_has_no_path() -> None:
    with pytest.raises(ValidationError) as caught:
        Box.model_validate(3)
    assert str(first_problem(caught.value)) == first_problem(caught.value).message
