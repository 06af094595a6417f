from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.scenarios.economy.interaction import Interaction
from gdg_runtime.scenarios.measures import soft as calibration

truths = st.sampled_from([None, 1, -1])
interactions = st.builds(
    Interaction,
    p=st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])),
    accepted=st.booleans(),
    ground_truth=truths,
)
batches = st.lists(interactions, max_size=25)


def labelled(*pairs: tuple[float, int]) -> list[Interaction]:
    return [Interaction(p=p, accepted=True, ground_truth=truth) for p, truth in pairs]


@given(batches)
def test_auc_is_the_share_of_pairs_that_are_ranked_right(batch: list[Interaction]) -> None:
    good = [item.p for item in batch if item.ground_truth == 1]
    bad = [item.p for item in batch if item.ground_truth == -1]
    figure = calibration.discrimination_auc(batch)
    if not good or not bad:
        assert figure.value is None and figure.reason
        return
    wins = [1.0 if high > low else 0.5 if high == low else 0.0 for high, low in product(good, bad)]
    assert figure.value == pytest.approx(sum(wins) / len(wins), abs=1e-12)


@given(batches, st.integers(1, 20))
def test_the_curve_holds_every_known_truth_once(batch: list[Interaction], bins: int) -> None:
    known = sum(1 for item in batch if item.ground_truth is not None)
    curve = calibration.calibration_curve(batch, bins)
    assert len(curve) == (bins if known else 0)
    assert sum(bin_.n for bin_ in curve) == known
    for bin_ in curve:
        assert 0.0 <= bin_.mean_predicted <= 1.0
        assert (bin_.fraction_positive is None) == (bin_.n == 0)


@given(batches, st.integers(1, 20))
def test_calibration_error_in_bins_is_at_least_the_overall_one(
    batch: list[Interaction], bins: int
) -> None:
    overall = calibration.calibration_error(batch).value
    binned = calibration.expected_calibration_error(batch, bins).value
    if overall is None or binned is None:
        assert overall is binned is None
    else:
        assert abs(overall) - 1e-12 <= binned <= 1.0 + 1e-12


def test_the_number_of_bins_matters() -> None:
    batch = labelled((0.1, 1), (0.4, -1))
    one = calibration.expected_calibration_error(batch, bins=1).value
    assert one == pytest.approx(0.25)
    assert calibration.expected_calibration_error(batch, bins=10).value == pytest.approx(0.65)


def test_perfect_predictions_score_perfectly() -> None:
    batch = labelled((1.0, 1), (0.0, -1))
    assert calibration.brier_score(batch).value == 0.0
    assert calibration.discrimination_auc(batch).value == 1.0
    assert calibration.expected_calibration_error(batch).value == 0.0
    assert calibration.log_loss(batch).value == pytest.approx(0.0, abs=1e-14)


def test_a_wrong_certainty_costs_what_eps_allows() -> None:
    batch = labelled((0.0, 1))
    assert calibration.log_loss(batch).value == pytest.approx(34.538776)
    assert calibration.log_loss(batch, eps=0.1).value == pytest.approx(2.302585)


def test_without_a_known_truth_nothing_can_be_said() -> None:
    batch = [Interaction(p=0.4, accepted=True)]
    for metric in (
        calibration.brier_score,
        calibration.log_loss,
        calibration.calibration_error,
        calibration.expected_calibration_error,
        calibration.discrimination_auc,
    ):
        assert metric(batch).reason == "no interaction has a known ground truth"
    assert calibration.calibration_curve(batch) == []


@given(batches, st.integers(1, 20))
def test_the_distribution_counts_every_interaction_once(
    batch: list[Interaction], bins: int
) -> None:
    rows = calibration.quality_distribution(batch, bins)
    assert sum(count for _, _, count in rows) == len(batch)
    assert rows[0][0] == 0.0 and rows[-1][1] == 1.0
    assert len(rows) == bins


def test_a_curve_needs_a_bin() -> None:
    with pytest.raises(ValueError, match="at least 1 bin"):
        calibration.calibration_curve([], bins=0)
