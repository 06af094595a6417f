"""Long texts of requests are stored once and come back as they were."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.runtime.text_store import Texts, put_back

LONG = "a text that is long enough to be worth a reference, " * 3
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(LONG),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["$text", "$plain"]), inner)
    ),
)


@given(JSON)
def test_whatever_is_taken_out_comes_back(value: Any) -> None:
    without, new = Texts().take_out(value)
    assert put_back(without, new) == value


def test_a_long_text_is_new_once() -> None:
    texts = Texts()
    first = texts.take_out({"messages": [LONG, LONG]})
    second = texts.take_out({"messages": [LONG, "short"]})
    assert list(first[1].values()) == [LONG]
    assert second[1] == {}
    assert LONG not in str(second[0])
    assert put_back(second[0], first[1]) == {"messages": [LONG, "short"]}


def test_a_writer_remembers_a_bounded_number_of_texts_and_stores_a_forgotten_one_again() -> None:
    texts = Texts()
    texts.take_out(LONG)
    for number in range(40_000):
        texts.take_out(f"{LONG}{number}")
    assert texts.take_out(LONG)[1] != {}
