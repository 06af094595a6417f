"""The ranking of goals: their scores, also in words, what keeps them from being selected, and their
order.

raw = wv·value + we·(1 - effort) + wr·(1 - risk) + wu·urgency + wa·alignment + age + penalty

The specification's formula, with ageing (off by default) as one more term. Its penalty is
-(1 + the sum of all weights) while an active belief contradicts the goal, so that raw is at most -1
then, whatever the weights. Goals are ordered by raw; clamped to [0, 1] it is what people see.

`store/ranking_query.py` has the same formula in SQL. Both do the same operations on doubles in the
same order, so that they come to the same numbers to the last bit.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from heapq import nsmallest
from math import inf, nextafter
from typing import NamedTuple

from .identity import microseconds
from .model import Belief, Goal, Weights
from .policy import GoalPolicy
from .schemas import Components, RankedView, WeightsView

MINUTE_US = 60_000_000
DAY_US = 24 * 60 * MINUTE_US
"""Microseconds before its deadline at which a goal begins to be urgent."""
_BLOCKS = {
    "belief": "the active belief {} stands against it",
    "dependency": "it waits for the goal {}",
    "approval": "it needs approval",
    "not_started": "its earliest start has not come yet",
    "overdue": "its deadline has passed",
}
_DAY_H = DAY_US // (60 * MINUTE_US)


Terms = tuple[float, float, float, float, float, float, float]
"""Terms of a score, as in `Components`."""


class Score(NamedTuple):
    """The score of a goal."""

    raw: float
    """The sum of the terms, by which goals are ordered."""
    priority: float
    """`raw` clamped to [0, 1], for people."""
    components: Components
    """The weighted terms; added from left to right they are `raw`."""


class Formula:
    """The formula with everything filled in that is the same for all goals of one ranking."""

    __slots__ = ("age_full_us", "age_weight", "now_us", "overdue", "penalty", "policy", "weights")

    def __init__(self, weights: Weights, policy: GoalPolicy, now_us: int) -> None:
        self.weights = Weights(*(float(weight) for weight in weights))
        self.policy, self.now_us = policy, now_us
        self.overdue = 1.0 if policy.overdue == "boost" else -1.0
        """The urgency of a goal whose deadline has passed."""
        self.age_weight = policy.age_weight
        self.age_full_us = float(policy.age_full_min * MINUTE_US)
        self.penalty = _penalty(self.weights, policy.age_weight)

    def weigh(self, goal: Goal, alignment: float, contradicted: bool) -> tuple[float, Terms]:
        """Return the raw score of one goal, and the weighted terms that it is the sum of.

        The urgency is 0 without a deadline and more than 24 hours before it, then rises linearly
        towards 1; from the deadline on it is as the policy says. Age rises linearly from 0 to 1.
        """
        value, effort, risk, urgent, aligned = self.weights
        value *= goal.value
        effort *= 1.0 - goal.effort
        risk *= 1.0 - goal.risk
        aligned *= alignment
        urgency = age = 0.0
        horizon = goal.horizon_max_min
        if horizon is not None:
            remaining = microseconds(goal.created_at) + horizon * MINUTE_US - self.now_us
            if remaining <= 0:
                urgency = urgent * self.overdue
            elif remaining <= DAY_US:
                urgency = urgent * (1.0 - remaining / DAY_US)
        if self.age_weight:
            waited = float(max(self.now_us - microseconds(goal.created_at), 0))
            age = self.age_weight * min(waited / self.age_full_us, 1.0)
        penalty = self.penalty if contradicted else 0.0
        # Not sum(): from Python 3.12 on it rounds otherwise than SQLite does.
        raw = value + effort + risk + urgency + aligned + age + penalty
        return raw, (value, effort, risk, urgency, aligned, age, penalty)

    def score(self, goal: Goal, alignment: float, contradicted: bool) -> Score:
        """Return the score of one goal."""
        raw, (value, effort, risk, urgency, aligned, age, penalty) = self.weigh(
            goal, alignment, contradicted
        )
        components = Components(
            value=value, effort=effort, risk=risk,
            urgency=urgency + 0.0,  # makes -0.0, which JSON would show, a plain zero
            alignment=aligned, age=age, penalty=penalty,
        )  # fmt: skip
        return Score(raw, min(max(raw, 0.0), 1.0), components)

    def placed(
        self, goal: Goal, rank: int, scored: Score, against: Sequence[str], waits_for: Sequence[str]
    ) -> RankedView:
        """Return a goal at its place, from 1, with what keeps it from being selected now, its state
        aside.

        In this order: `belief:<id>` for each active belief against it, `dependency:<id>` for each
        goal that must be satisfied first, `approval`, `not_started`, and `overdue` if the policy
        does not select overdue goals.
        """
        blocked_by = [f"belief:{belief_id}" for belief_id in against]
        blocked_by += [f"dependency:{goal_id}" for goal_id in waits_for]
        if needs_approval(goal, self.policy):
            blocked_by.append("approval")
        if self.now_us < microseconds(goal.created_at) + goal.horizon_min_min * MINUTE_US:
            blocked_by.append("not_started")
        if self.policy.overdue in ("skip", "abandon") and is_overdue(goal, self.now_us):
            blocked_by.append("overdue")
        return RankedView.model_construct(
            rank=rank, goal=goal, priority=scored.priority, raw_score=scored.raw,
            components=scored.components, blocked_by=tuple(blocked_by),
        )  # fmt: skip

    def weights_view(self) -> WeightsView:
        """Return the weights of all terms, as they are shown beside a ranking."""
        return WeightsView(**self.weights._asdict(), age=self.age_weight)


def _penalty(weights: Weights, age_weight: float) -> float:
    value, effort, risk, urgency, alignment = weights
    most = value + effort + risk + urgency + alignment + age_weight
    penalty = -(1.0 + most)
    # Rounding may leave the best contradicted goal the last bit above -1.
    return penalty if most + penalty <= -1.0 else nextafter(penalty, -inf)


def alignment_of(goal: Goal, held: Container[str]) -> float:
    """Return the share of `aligns_with` that is held, 0 to 1; 0 for an empty list."""
    named = goal.aligns_with
    if not named:
        return 0.0
    count = 0
    for belief_id in named:
        if belief_id in held:
            count += 1
    return count / len(named)


def contradicting(goal: Goal, active: Container[str]) -> list[str]:
    """Return the active beliefs that the goal contradicts, in its own order."""
    return [belief_id for belief_id in goal.contradicts if belief_id in active]


def needs_approval(goal: Goal, policy: GoalPolicy) -> bool:
    """Return whether the goal still has to be approved."""
    return goal.approved_by is None and (goal.requires_approval or policy.approve_all)


def is_overdue(goal: Goal, now_us: int) -> bool:
    """Return whether the goal's deadline has come."""
    horizon = goal.horizon_max_min
    return horizon is not None and now_us >= microseconds(goal.created_at) + horizon * MINUTE_US


def rank(
    goals: Iterable[Goal], beliefs: Mapping[str, Belief], satisfied: Container[str],
    formula: Formula, limit: int,
) -> list[RankedView]:  # fmt: skip
    """Rank the best goals, at most `limit`, by falling raw score, then the older one, then by id.

    `beliefs` holds those that count, by id: an active one stands against goals that contradict it,
    and counts for goals that align with it if its confidence is at least the policy's.
    `satisfied` holds the ids of the goals that are satisfied and not deleted. Deleted goals are
    not ranked.
    """
    active = {belief.id: belief for belief in beliefs.values() if belief.active}
    least = formula.policy.belief_min_confidence
    held = {belief.id: belief for belief in active.values() if belief.confidence >= least}
    found = [goal for goal in goals if goal.deleted_at is None]
    keys = []
    for place, goal in enumerate(found):
        alignment = alignment_of(goal, held) if goal.aligns_with else 0.0
        against = bool(goal.contradicts and contradicting(goal, active))
        raw, _ = formula.weigh(goal, alignment, against)
        keys.append((-raw, goal.created_at, goal.id, place))
    ranked = []
    for number, (*_, place) in enumerate(nsmallest(limit, keys), start=1):
        goal = found[place]
        against_it = contradicting(goal, active)
        scored = formula.score(goal, alignment_of(goal, held), bool(against_it))
        waits_for = [goal_id for goal_id in goal.depends_on if goal_id not in satisfied]
        ranked.append(formula.placed(goal, number, scored, against_it, waits_for))
    return ranked


def explain_lines(score: Score, weights: Weights, blocked_by: Iterable[str]) -> tuple[str, ...]:
    """Explain a score: one line per term (its size, its weight, their product), their sum, the
    priority, and one for each thing in `blocked_by`. The age and the penalty are left out where
    they are 0."""
    terms = score.components
    lines = [
        _product("value", terms.value, weights.value),
        _product("1 - effort", terms.effort, weights.effort),
        _product("1 - risk", terms.risk, weights.risk),
        _product("urgency", terms.urgency, weights.urgency, _deadline(terms.urgency, weights)),
        _product("alignment", terms.alignment, weights.alignment),
    ]
    if terms.age:
        lines.append(_line("age", "", terms.age, "grows while the goal waits"))
    if terms.penalty:
        lines.append(_line("penalty", "", terms.penalty, "an active belief stands against it"))
    lines.append(_line("sum", "", score.raw, "goals are ordered by it"))
    lines.append(_line("priority", "", score.priority, "the sum, kept within 0 and 1", sign="-"))
    blocks = [f"blocked: {_reason(text)}" for text in blocked_by]
    return (*lines, *(blocks or ["not blocked"]))


def _product(name: str, term: float, weight: float, note: str = "") -> str:
    if weight == 0.0:
        return _line(name, "", 0.0, "its weight is 0")
    return _line(name, f"{term / weight:.4f} × {weight:.4f}", term, note)


def _line(name: str, factors: str, term: float, note: str, sign: str = "+") -> str:
    return f"{name:<10} {factors:>15} = {term:>{sign}7.4f}  {note}".rstrip()


def _deadline(term: float, weights: Weights) -> str:
    """Explain an urgency by the deadline."""
    urgency = term / weights.urgency if weights.urgency else 0.0
    if urgency == 0.0:
        return f"no deadline within {_DAY_H} hours"
    if 0.0 < urgency < 1.0:
        return f"{_DAY_H * (1.0 - urgency):.1f} hours to the deadline"
    return "the deadline has passed"


def _reason(text: str) -> str:
    kind, _, what = text.partition(":")
    return _BLOCKS[kind].format(what)
