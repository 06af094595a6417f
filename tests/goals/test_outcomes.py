"""What an execution was worth."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.goals.decisions import finished, interrupted, met, outcome_score

NAMES = st.sampled_from("abcdef")
FIGURES = st.dictionaries(NAMES, st.floats(-1e300, 1e300), max_size=6)
TARGETS = {"coherence_delta": 0.05, "errors": -2.0}


def test_M11_a_target_is_met_if_what_was_measured_is_at_least_the_target() -> None:
    assert met(TARGETS, {"coherence_delta": 0.05, "errors": -2.0}) == (True, [])
    assert met(TARGETS, {"coherence_delta": 0.06, "errors": 0.0, "other": -9.0}) == (True, [])
    assert met(TARGETS, {"coherence_delta": 0.049999, "errors": -2.0}) == (
        False, ["coherence_delta"],
    )  # fmt: skip


def test_M11_what_was_not_measured_is_not_met() -> None:
    assert met(TARGETS, {"errors": 1.0}) == (False, ["coherence_delta"])
    assert met(TARGETS, {}) == (False, ["coherence_delta", "errors"])
    assert met({"zero": 0.0}, {}) == (False, ["zero"]), "nothing measured is not 0"


def test_M11_without_targets_nothing_is_missed() -> None:
    assert met({}, {}) == (True, [])
    assert met({}, {"coherence_delta": -1.0}) == (True, [])


def test_M11_what_is_no_number_meets_nothing() -> None:
    assert met({"a": 0.0}, {"a": nan}) == (False, ["a"])
    assert met({"a": 0.0}, {"a": inf}) == (True, [])


def test_missed_targets_are_named_in_one_order() -> None:
    assert met({"b": 1.0, "a": 1.0}, {})[1] == met({"a": 1.0, "b": 1.0}, {})[1] == ["a", "b"]


@pytest.mark.parametrize(
    ("success", "reached", "of", "score"),
    [
        (True, 0, 0, 1.0),
        (True, 4, 4, 1.0),
        (True, 2, 4, 0.25),
        (True, 0, 4, -0.5),
        (False, 0, 0, -0.5),
        (False, 4, 4, -0.5),
        (False, 2, 4, -0.75),
        (False, 0, 4, -1.0),
    ],
)
def test_D4_the_score_follows_the_share_of_targets_reached(
    success: bool, reached: int, of: int, score: float
) -> None:
    targets = {f"metric_{number}": 1.0 for number in range(of)}
    measured = {f"metric_{number}": 1.0 for number in range(reached)}
    assert outcome_score(success, targets, measured) == score


@given(st.booleans(), FIGURES, FIGURES)
def test_D4_an_outcome_lies_between_minus_one_and_one(
    success: bool, targets: dict[str, float], measured: dict[str, float]
) -> None:
    score = outcome_score(success, targets, measured)
    assert -1.0 <= score <= 1.0
    assert (score == 1.0) == (success and met(targets, measured)[0])
    assert outcome_score(True, targets, measured) >= outcome_score(False, targets, measured)


@given(st.booleans(), FIGURES, FIGURES, NAMES)
def test_D4_a_target_more_that_is_reached_never_makes_it_worse(
    success: bool, targets: dict[str, float], measured: dict[str, float], name: str
) -> None:
    better = {**measured, name: 1e300}
    assert outcome_score(success, targets, better) >= outcome_score(success, targets, measured)


def test_an_outcome_tells_how_the_execution_ended() -> None:
    good = finished(True, TARGETS, {"errors": 0.0, "coherence_delta": 1.0})
    assert (good.score, good.data["ended"], good.data["missed"]) == (1.0, "satisfied", [])
    assert list(good.data["measured"]) == ["coherence_delta", "errors"]
    short = finished(True, TARGETS, {"errors": 0.0})
    assert (short.score, short.data["ended"]) == (0.25, "failed"), "a target was missed"
    assert short.data["missed"] == ["coherence_delta"]
    assert finished(False, {}, {}).data == {
        "ended": "failed", "success": False, "measured": {}, "missed": [],
    }  # fmt: skip


def test_what_was_interrupted_says_nothing_about_the_decision_unless_nobody_told() -> None:
    assert interrupted("released").score == interrupted("belief").score == 0.0
    assert interrupted("abandoned").score == 0.0
    assert interrupted("lease").score == -1.0
    assert interrupted("lease").data == {"ended": "lease"}
