"""Numbers for readers of words are short, and nothing else is touched."""

from math import inf, isnan, nan
from typing import NamedTuple

import pytest

from gdg_runtime.scenarios.observation import rounded, shortened


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (103.45678901, "103.5"),
        (2 / 3, "0.6667"),
        (-0.000123456, "-0.000123"),
        (1e-17, "0"),
        (100.0, "100"),
        (-0.0, "0"),
        (123456.7, "123500"),
    ],
)
def test_numbers_keep_four_digits_and_lose_noise(number, text):
    assert str(rounded(number)) == text


def test_what_is_no_finite_number_stays_as_it_is():
    assert rounded(inf) == inf
    assert isnan(rounded(nan))


def test_data_is_shortened_all_the_way_down_and_the_rest_is_kept():
    class Pair(NamedTuple):
        name: str
        value: float

    data = {"a": [1 / 3, {"b": 2.0}], "pair": Pair("x", 0.1), "n": 10**20, "t": True, "none": None}
    assert shortened(data) == {
        "a": [0.3333, {"b": 2}],
        "pair": ["x", 0.1],
        "n": 10**20,
        "t": True,
        "none": None,
    }
    assert shortened(data)["t"] is True
