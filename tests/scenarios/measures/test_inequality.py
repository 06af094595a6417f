from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.scenarios.measures.figure import gini

wealth = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=20)


@given(wealth)
def test_gini_is_the_mean_absolute_difference_over_twice_the_mean(values: list[float]) -> None:
    figure = gini(values)
    total = sum(values)
    if total < 1e-100:
        return
    differences = sum(abs(one - other) for one, other in product(values, values))
    assert figure.value == pytest.approx(differences / (2 * len(values) * total), abs=1e-9)
    assert figure.n == len(values)


@given(wealth, st.floats(0.1, 100.0))
def test_gini_does_not_depend_on_the_unit(values: list[float], unit: float) -> None:
    if sum(values) > 1e-100:
        scaled = gini([value * unit for value in values])
        assert scaled.value == pytest.approx(gini(values).value, abs=1e-9)


def test_equality_is_0_and_one_who_has_all_is_near_1() -> None:
    assert gini([3.0, 3.0, 3.0]).value == 0.0
    assert gini([0.0, 0.0]).value == 0.0
    assert gini([0.0] * 99 + [1.0]).value == pytest.approx(0.99)


def test_gini_is_undefined_without_values_or_with_unequal_ones_that_cancel_out() -> None:
    assert gini([]).reason == "there are no values"
    assert gini([-1.0, 1.0]).reason == "the values are unequal and add up to 0"
