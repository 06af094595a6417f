"""A goal's score in words."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from gdg_runtime.goals.identity import microseconds
from gdg_runtime.goals.model import Goal, GoalCategory, Weights
from gdg_runtime.goals.policy import GoalPolicy
from gdg_runtime.goals.ranking import Formula, Score, explain_lines

NOON = datetime(2025, 11, 8, 12, tzinfo=UTC)
EXAMPLE = Goal(
    id="goal_001", text="Conduct weekly self-reflection", category=GoalCategory.INTROSPECTION,
    value=0.8, effort=0.3, risk=0.1, horizon_max_min=1440, created_at=NOON, updated_at=NOON,
)  # fmt: skip


def scored(minutes: int = 720, weights: Weights | None = None, **different: Any) -> Score:
    options = {"alignment": 1.0, "contradicted": False, "policy": GoalPolicy(), **different}
    now_us = microseconds(NOON) + minutes * 60_000_000
    formula = Formula(weights or Weights(), options.pop("policy"), now_us)
    return formula.score(EXAMPLE, **options)


def test_the_sum_is_shown_term_by_term() -> None:
    assert explain_lines(scored(), Weights(), ()) == (
        "value      0.8000 × 0.5000 = +0.4000",
        "1 - effort 0.7000 × 0.2500 = +0.1750",
        "1 - risk   0.9000 × 0.1500 = +0.1350",
        "urgency    0.5000 × 0.0500 = +0.0250  12.0 hours to the deadline",
        "alignment  1.0000 × 0.0500 = +0.0500",
        "sum                        = +0.7850  goals are ordered by it",
        "priority                   =  0.7850  the sum, kept within 0 and 1",
        "not blocked",
    )


def test_the_terms_that_are_shown_add_up() -> None:
    policy = GoalPolicy(age_weight=0.25, age_full_min=1440)
    lines = explain_lines(scored(policy=policy, contradicted=True), Weights(), ())
    figures = [float(re.search(r"= *([-+]?[\d.]+)", line)[1]) for line in lines[:-2]]  # type: ignore[index]
    *terms, total = figures
    assert sum(terms) == pytest.approx(total, abs=0.001)
    assert "age                        = +0.1250  grows while the goal waits" in lines
    assert "penalty                    = -2.2500  an active belief stands against it" in lines
    assert "priority                   =  0.0000  the sum, kept within 0 and 1" in lines


@pytest.mark.parametrize(
    ("minutes", "policy", "words"),
    [
        (0, {}, "no deadline within 24 hours"),
        (-9, {}, "no deadline within 24 hours"),
        (1380, {}, "1.0 hours to the deadline"),
        (1440, {}, "the deadline has passed"),
        (1440, {"overdue": "boost"}, "the deadline has passed"),
    ],
)
def test_the_urgency_tells_of_the_deadline(
    minutes: int, policy: dict[str, Any], words: str
) -> None:
    lines = explain_lines(scored(minutes, policy=GoalPolicy(**policy)), Weights(), ())
    assert lines[3].endswith(words)


def test_a_term_without_weight_says_so() -> None:
    weights = Weights(risk=0.0, urgency=0.0)
    lines = explain_lines(scored(weights=weights), weights, ())
    assert lines[2] == "1 - risk                   = +0.0000  its weight is 0"
    assert lines[3] == "urgency                    = +0.0000  its weight is 0"


def test_everything_that_blocks_is_put_into_words() -> None:
    blocked_by = ("belief:core.a:b", "dependency:goal_1", "approval", "not_started", "overdue")
    assert explain_lines(scored(), Weights(), blocked_by)[-5:] == (
        "blocked: the active belief core.a:b stands against it",
        "blocked: it waits for the goal goal_1",
        "blocked: it needs approval",
        "blocked: its earliest start has not come yet",
        "blocked: its deadline has passed",
    )
