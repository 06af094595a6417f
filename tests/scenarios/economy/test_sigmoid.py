import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.scenarios.economy.proxy import (
    inverse_sigmoid,
    sigmoid,
    sigmoid_bounds,
    sigmoid_derivative,
    uncertainty_band,
)

scores = st.floats(-1.0, 1.0)
sharpness = st.floats(0.01, 10.0)


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_p_is_a_probability_for_any_score_and_sharpness(v_hat: float, k: float) -> None:
    assert 0.0 <= sigmoid(v_hat, k) <= 1.0


@given(scores, sharpness)
def test_the_sigmoid_is_symmetric_around_one_half(v_hat: float, k: float) -> None:
    assert sigmoid(v_hat, k) + sigmoid(-v_hat, k) == pytest.approx(1.0, abs=1e-15)


@given(scores, scores, sharpness)
def test_a_higher_score_never_has_a_lower_p(one: float, other: float, k: float) -> None:
    low, high = sorted((one, other))
    assert sigmoid(low, k) <= sigmoid(high, k)


@given(scores, sharpness)
def test_the_inverse_undoes_the_sigmoid(v_hat: float, k: float) -> None:
    assert inverse_sigmoid(sigmoid(v_hat, k), k) == pytest.approx(v_hat, abs=1e-9)


@given(st.floats(-0.9, 0.9), st.floats(0.1, 10.0))
def test_the_derivative_is_the_slope(v_hat: float, k: float) -> None:
    step = 1e-6
    slope = (sigmoid(v_hat + step, k) - sigmoid(v_hat - step, k)) / (2 * step)
    assert sigmoid_derivative(v_hat, k) == pytest.approx(slope, abs=1e-6)


def test_sharpness_0_makes_every_p_one_half() -> None:
    assert sigmoid(0.7, 0.0) == 0.5


def test_bounds_are_the_p_of_the_extreme_scores() -> None:
    low, high = sigmoid_bounds(2.0)
    assert low == pytest.approx(0.11920292202211755)
    assert high == pytest.approx(0.8807970779778823)


@given(sharpness, st.floats(0.01, 0.49))
def test_the_band_ends_where_p_is_the_threshold_away(k: float, threshold: float) -> None:
    low, high = uncertainty_band(k, threshold)
    assert sigmoid(low, k) == pytest.approx(max(0.5 - threshold, sigmoid(-10.0, k)))
    assert sigmoid(high, k) == pytest.approx(min(0.5 + threshold, sigmoid(10.0, k)))


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, 1.1, float("nan")])
def test_certainties_have_no_score(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        inverse_sigmoid(p)


def test_sharpness_0_has_no_inverse() -> None:
    with pytest.raises(ValueError, match="k = 0"):
        inverse_sigmoid(0.5, 0.0)
