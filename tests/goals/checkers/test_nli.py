from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.goals.checkers.checker import CheckFailed, ConsistencyReport
from gdg_runtime.goals.checkers.model_checkers import NLIChecker
from gdg_runtime.goals.model import Belief

DAY = datetime(2025, 1, 1, tzinfo=UTC)
HELD = {"active": True, "confidence": 1.0, "immutable": False, "version": 1}
BELIEFS = [
    Belief(id=f"b{place}", text=f"belief {place}", created_at=DAY, updated_at=DAY, **HELD)
    for place in range(3)
]


def check(answer: Any, **settings: Any) -> ConsistencyReport:
    checker = NLIChecker(answer, model="model-1", **settings)
    return checker.check_consistency(query="the goal", beliefs=BELIEFS, memories=[])


def test_the_belief_is_the_premise_and_the_text_the_hypothesis() -> None:
    asked = []

    def answer(premise: str, hypothesis: str) -> float:
        asked.append((premise, hypothesis))
        return 0.0

    check(answer)
    assert asked == [(f"belief {place}", "the goal") for place in range(3)]


@given(st.floats(0.0, 1.0))
def test_the_severity_is_the_probability(probability: float) -> None:
    report = check(lambda premise, hypothesis: probability, least_severity=0.0)
    assert report.severity == probability
    assert [pattern.belief_id for pattern in report.patterns] == ["b0", "b1", "b2"]


def test_what_is_all_but_impossible_is_no_pattern() -> None:
    assert check(lambda premise, hypothesis: 0.09).patterns == ()
    assert len(check(lambda premise, hypothesis: 0.1).patterns) == 3


@pytest.mark.parametrize("answer", [float("nan"), float("inf"), -0.01, 1.01, None, "much"])
def test_an_answer_that_is_no_probability_fails_the_check(answer: Any) -> None:
    with pytest.raises(CheckFailed):
        check(lambda premise, hypothesis: answer)


def test_a_model_that_raises_fails_the_check() -> None:
    def broken(premise: str, hypothesis: str) -> float:
        raise RuntimeError("out of memory")

    with pytest.raises(CheckFailed) as failed:
        check(broken)
    assert isinstance(failed.value.__cause__, RuntimeError)
