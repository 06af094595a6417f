"""The order of goals: the formula, the seven invariants, what blocks, and the settings."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gdg_runtime.goals.identity import microseconds
from gdg_runtime.goals.model import Belief, Goal, GoalCategory, Weights
from gdg_runtime.goals.policy import GoalPolicy
from gdg_runtime.goals.ranking import Formula, Score, alignment_of, contradicting, rank
from gdg_runtime.goals.schemas import Components, RankedView

NOON = datetime(2025, 11, 8, 12, tzinfo=UTC)
NOON_US = microseconds(NOON)
MINUTE_US = 60_000_000
DAY = 1440
SEED = Weights()
TUNED = Weights(1.0, 1.0, 1.0, 0.3, 0.3)


def make(goal_id: str = "goal_001", **different: Any) -> Goal:
    """The specification's example, made at noon."""
    given: dict[str, Any] = {
        "text": "Conduct weekly self-reflection", "category": GoalCategory.INTROSPECTION,
        "value": 0.8, "effort": 0.3, "risk": 0.1, "created_at": NOON, "updated_at": NOON,
    }  # fmt: skip
    return Goal(id=goal_id, **{**given, **different})


def held(*names: str, **different: Any) -> dict[str, Belief]:
    """Active beliefs by id."""
    return {
        name: Belief(
            **{
                "id": name,
                "text": name,
                "created_at": NOON,
                "updated_at": NOON,
                "active": True,
                "confidence": 1.0,
                "immutable": False,
                "version": 1,
                **different,
            }
        )
        for name in names
    }


def at(minutes: float) -> int:
    """So many minutes after noon, in microseconds since 1970."""
    return NOON_US + round(minutes * MINUTE_US)


def scored(
    goal: Goal,
    minutes: float = 0,
    *,
    alignment: float = 0.0,
    contradicted: bool = False,
    weights: Weights = SEED,
    **policy: Any,
) -> Score:
    formula = Formula(weights, GoalPolicy(**policy), at(minutes))
    return formula.score(goal, alignment, contradicted)


def ranked(
    goals: list[Goal],
    beliefs: dict[str, Belief] | None = None,
    *,
    minutes: float = 0,
    weights: Weights = SEED,
    satisfied: tuple[str, ...] = (),
    limit: int = 50,
    **policy: Any,
) -> list[RankedView]:
    formula = Formula(weights, GoalPolicy(**policy), at(minutes))
    return rank(goals, beliefs or {}, satisfied, formula, limit)


def order(found: list[RankedView]) -> list[str]:
    return [one.goal.id for one in found]


# --- the formula ----------------------------------------------------------------------------------

WEEK = make(horizon_max_min=7 * DAY)
BEST, WORST = {"value": 1.0, "effort": 0.0, "risk": 0.0}, {"value": 0.0, "effort": 1.0, "risk": 1.0}
HALF = {"value": 0.5, "effort": 0.5, "risk": 0.5}
HAND_COMPUTED: list[tuple[str, Goal, dict[str, Any], float]] = [
    ("the example, fresh", WEEK, {}, 0.71),
    ("its belief is active", WEEK, {"alignment": 1.0}, 0.76),
    ("twelve hours left", WEEK, {"minutes": 6.5 * DAY}, 0.735),
    ("one day left", WEEK, {"minutes": 6 * DAY}, 0.71),
    ("six hours left", WEEK, {"minutes": 6.75 * DAY}, 0.7475),
    ("at the deadline", WEEK, {"minutes": 7 * DAY}, 0.66),
    ("long overdue", WEEK, {"minutes": 70 * DAY}, 0.66),
    ("contradicted", WEEK, {"contradicted": True}, -1.29),
    ("best", make(**BEST), {"alignment": 1.0}, 0.95),
    ("worst", make(**WORST), {}, 0.0),
    ("worthless and overdue", make(**WORST, horizon_max_min=1), {"minutes": 1}, -0.05),
    ("two of three beliefs", make(**HALF), {"alignment": 2 / 3}, 0.45 + 1 / 30),
    ("poor", make(value=0.25, effort=0.75, risk=0.5), {}, 0.2625),
    ("tuned weights", make(**BEST), {"alignment": 1.0, "weights": TUNED}, 3.3),
    ("tuned, contradicted", make(**BEST), {"contradicted": True, "weights": TUNED}, -1.6),
    ("no weights", make(**BEST), {"weights": Weights(0, 0, 0, 0, 0)}, 0.0),
    ("no weights, contradicted", make(), {"contradicted": True, "weights": Weights(*[0] * 5)}, -1),
    ("overdue, boosted", WEEK, {"minutes": 7 * DAY, "overdue": "boost"}, 0.76),
    ("quarter of its age", make(), {"minutes": 250, "age_weight": 0.2, "age_full_min": 1000}, 0.76),
]  # fmt: skip


@pytest.mark.parametrize(
    ("goal", "circumstances", "raw"),
    [case[1:] for case in HAND_COMPUTED],
    ids=[case[0] for case in HAND_COMPUTED],
)
def test_R1_the_score_is_the_weighted_sum(
    goal: Goal, circumstances: dict[str, Any], raw: float
) -> None:
    assert scored(goal, **circumstances).raw == pytest.approx(raw, rel=0, abs=1e-12)


def test_R1_the_components_add_up_to_the_score_from_left_to_right() -> None:
    found = scored(WEEK, 6.5 * DAY, alignment=0.5, contradicted=True, age_weight=0.1)
    total = 0.0
    for name in Components.model_fields:
        total += getattr(found.components, name)
    assert total == found.raw
    assert found.components.urgency == pytest.approx(0.025)
    assert found.components.penalty == pytest.approx(-2.1)


SHARES = st.floats(0, 1)
WEIGHT_SETS = st.builds(
    Weights, SHARES, SHARES, SHARES, st.floats(0, 0.3), st.floats(0, 0.3)
) | st.just(SEED)
POSITIVE_WEIGHTS = st.builds(Weights, *[st.floats(0.01, 0.3)] * 5)


@st.composite
def some_goal(draw: st.DrawFn, goal_id: str = "goal_001") -> Goal:
    earliest = draw(st.integers(0, 2 * DAY))
    return make(
        goal_id,
        value=draw(SHARES), effort=draw(SHARES), risk=draw(SHARES),
        horizon_min_min=earliest,
        horizon_max_min=draw(st.none() | st.integers(max(1, earliest), 5 * DAY)),
        created_at=NOON + timedelta(minutes=draw(st.integers(-3 * DAY, DAY))),
    )  # fmt: skip


@given(some_goal(), SHARES, st.booleans(), WEIGHT_SETS, st.sampled_from([0.0, 0.5]))
def test_R2_the_priority_is_the_score_kept_within_0_and_1(
    goal: Goal, alignment: float, contradicted: bool, weights: Weights, age_weight: float
) -> None:
    found = scored(
        goal, alignment=alignment, contradicted=contradicted, weights=weights,
        age_weight=age_weight,
    )  # fmt: skip
    assert 0.0 <= found.priority <= 1.0
    assert found.priority == min(1.0, max(0.0, found.raw))


def test_R3_alignment_is_the_active_share_and_unknown_beliefs_are_not_active() -> None:
    goal = make(aligns_with=("a", "b", "c", "unknown"))
    beliefs = {**held("a", "b"), **held("c", active=False)}
    [found] = ranked([goal], beliefs)
    assert found.components.alignment == 0.05 * 0.5
    assert alignment_of(goal, beliefs) == 0.75  # what is held is for the caller to say
    assert alignment_of(make(), beliefs) == 0.0
    assert ranked([make()], beliefs)[0].components.alignment == 0.0


def test_R3_a_belief_that_is_held_with_too_little_confidence_does_not_count() -> None:
    goal = make(aligns_with=("sure", "unsure"))
    beliefs = held("sure", confidence=0.7) | held("unsure", confidence=0.69)
    [found] = ranked([goal], beliefs, belief_min_confidence=0.7)
    assert found.components.alignment == 0.05 * 0.5


@pytest.mark.parametrize(
    ("minutes_left", "urgency"),
    [(3 * DAY, 0.0), (DAY + 1e-6, 0.0), (DAY, 0.0), (DAY / 2, 0.5), (DAY / 4, 0.75),
     (1, 1 - 1 / DAY), (0, -1.0), (-1, -1.0), (-DAY, -1.0)],
)  # fmt: skip
def test_R4_urgency_rises_in_the_last_24_hours_and_falls_at_the_deadline(
    minutes_left: float, urgency: float
) -> None:
    goal = make(horizon_max_min=5 * DAY)
    weights = Weights(0.0, 0.0, 0.0, 1.0, 0.0)
    assert scored(goal, 5 * DAY - minutes_left, weights=weights).raw == urgency


def test_R4_a_goal_without_a_deadline_is_never_urgent() -> None:
    assert scored(make(), 10**6).components.urgency == 0.0
    assert str(scored(WEEK, 7 * DAY, weights=Weights(urgency=0.0)).components.urgency) == "0.0"


def test_R5_the_weights_given_are_used_and_shown() -> None:
    bold, timid = make("goal_bold", **{**HALF, "value": 1.0}), make("goal_safe", **BEST | HALF)
    timid = timid.changed(risk=0.0)
    assert order(ranked([bold, timid])) == ["goal_bold", "goal_safe"]
    fearful = SEED._replace(risk=1.0)
    assert order(ranked([bold, timid], weights=fearful)) == ["goal_safe", "goal_bold"]
    shown = Formula(fearful, GoalPolicy(age_weight=0.2), NOON_US).weights_view()
    assert shown.model_dump() == {
        "value": 0.5, "effort": 0.25, "risk": 1.0, "urgency": 0.05, "alignment": 0.05, "age": 0.2,
    }  # fmt: skip


# --- the seven invariants -------------------------------------------------------------------------

LARGER = st.tuples(SHARES, SHARES).filter(lambda pair: pair[1] - pair[0] >= 1e-9)
OTHERS = st.lists(some_goal(), max_size=8).map(
    lambda goals: [goal.changed(id=f"goal_other_{n}") for n, goal in enumerate(goals)]
)


def rank_among(goal: Goal, others: list[Goal], weights: Weights) -> int:
    [found] = [one for one in ranked([goal, *others], weights=weights) if one.goal is goal]
    return found.rank


@given(some_goal(), LARGER, POSITIVE_WEIGHTS, OTHERS)
def test_I1_more_value_scores_higher(
    goal: Goal, values: tuple[float, float], weights: Weights, others: list[Goal]
) -> None:
    low, high = (goal.changed(value=value) for value in values)
    assert scored(high, weights=weights).raw > scored(low, weights=weights).raw
    assert scored(high, weights=weights).priority >= scored(low, weights=weights).priority
    assert rank_among(high, others, weights) <= rank_among(low, others, weights)


@pytest.mark.parametrize("field", ["effort", "risk"])
@given(goal=some_goal(), shares=LARGER, weights=POSITIVE_WEIGHTS, others=OTHERS)
def test_I2_and_I3_more_effort_or_risk_scores_lower(
    field: str, goal: Goal, shares: tuple[float, float], weights: Weights, others: list[Goal]
) -> None:
    little, much = (goal.changed(**{field: share}) for share in shares)
    assert scored(much, weights=weights).raw < scored(little, weights=weights).raw
    assert rank_among(much, others, weights) >= rank_among(little, others, weights)


@given(some_goal(), st.integers(1, DAY), st.integers(1, DAY), POSITIVE_WEIGHTS)
def test_I4_the_nearer_deadline_scores_higher(
    goal: Goal, near: int, far: int, weights: Weights
) -> None:
    assume(near < far)
    fresh = goal.changed(created_at=NOON, horizon_min_min=0)

    def due_in(minutes: int | None) -> float:
        return scored(fresh.changed(horizon_max_min=minutes), weights=weights).raw

    assert due_in(near) > due_in(far)
    assert due_in(2 * DAY) == due_in(9 * DAY) == due_in(None)
    overdue = fresh.changed(horizon_max_min=near)
    assert scored(overdue, near, weights=weights).raw < due_in(None)


@given(some_goal(), st.integers(1, 6), st.data(), POSITIVE_WEIGHTS)
def test_I5_one_more_active_belief_scores_higher(
    goal: Goal, named: int, data: st.DataObject, weights: Weights
) -> None:
    names = [f"core.{number}" for number in range(named)]
    goal = goal.changed(aligns_with=tuple(names))
    active = data.draw(st.integers(0, named - 1))
    [fewer] = ranked([goal], held(*names[:active]), weights=weights)
    [more] = ranked([goal], held(*names[: active + 1]), weights=weights)
    assert more.raw_score > fewer.raw_score


@given(
    st.lists(some_goal(), min_size=1, max_size=12), st.integers(1, 6), WEIGHT_SETS,
    st.floats(0, 1), st.sampled_from(["penalise", "boost"]),
)  # fmt: skip
def test_I6_a_contradicted_goal_scores_at_most_minus_1_and_comes_last(
    goals: list[Goal], every: int, weights: Weights, age_weight: float, overdue: str
) -> None:
    goals = [
        goal.changed(id=f"goal_{n:02}", contradicts=() if n % every else ("core.no",))
        for n, goal in enumerate(goals)
    ]
    found = ranked(
        goals, held("core.no"), weights=weights, age_weight=age_weight, overdue=overdue
    )  # fmt: skip
    against = [one for one in found if one.goal.contradicts]
    assert against == found[len(found) - len(against) :]
    for one in against:
        assert one.raw_score <= -1.0
        assert one.priority == 0.0
        assert "belief:core.no" in one.blocked_by
    for one in found[: len(found) - len(against)]:
        assert one.raw_score > -1.0
        assert not any(block.startswith("belief:") for block in one.blocked_by)


@given(WEIGHT_SETS, st.floats(0, 1))
def test_I6_rounding_lifts_not_even_the_best_goal_above_minus_1(
    weights: Weights, age_weight: float
) -> None:
    goal = make(**BEST, horizon_max_min=1)
    found = scored(
        goal, 10**5, alignment=1.0, contradicted=True, weights=weights,
        age_weight=age_weight, overdue="boost",
    )  # fmt: skip
    assert found.raw <= -1.0


def test_I6_contradicted_goals_keep_an_order_among_themselves() -> None:
    goals = [make(f"goal_{n}", value=n / 10, contradicts=("core.no",)) for n in range(10)]
    assert order(ranked(goals, held("core.no"))) == [f"goal_{n}" for n in reversed(range(10))]


@given(st.lists(some_goal(), max_size=12), st.randoms(use_true_random=False), WEIGHT_SETS)
def test_I7_the_order_does_not_depend_on_the_order_they_came_in(
    goals: list[Goal], rng: Random, weights: Weights
) -> None:
    goals = [goal.changed(id=f"goal_{n:02}") for n, goal in enumerate(goals)]
    shuffled = list(goals)
    rng.shuffle(shuffled)
    assert ranked(goals, weights=weights) == ranked(shuffled, weights=weights)


ELSEWHERE = """
import sys
from datetime import datetime, timedelta, timezone
from random import Random
from gdg_runtime.goals.identity import microseconds
from gdg_runtime.goals.model import Belief, Goal, GoalCategory, GoalState, Weights
from gdg_runtime.goals.policy import GoalPolicy
from gdg_runtime.goals.ranking import Formula, rank
from gdg_runtime.goals.store.goal_rows import insert_belief
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.goal_rows import insert_goal
from gdg_runtime.goals.store.ranking_query import ranked_goals

noon, rng = datetime(2025, 11, 8, 12, tzinfo=timezone.utc), Random(5)
beliefs = [Belief(id=f"core.{n}", text="x", active=n % 3 > 0, created_at=noon, updated_at=noon,
                  confidence=1.0, immutable=False, version=1)
           for n in range(9)]
goals = []
for n in range(80):
    names = [belief.id for belief in rng.sample(beliefs, 5)]
    made = noon - timedelta(minutes=rng.randrange(3000))
    goals.append(Goal(
        id=f"goal_{n:03}", text="x", category=GoalCategory.MAINTENANCE, state=GoalState.ADOPTED,
        value=rng.randrange(5) / 4, effort=rng.randrange(5) / 4, risk=rng.randrange(5) / 4,
        horizon_max_min=rng.choice([None, 2000, 4000]), created_at=made, updated_at=made,
        aligns_with=tuple(names[:3]), contradicts=tuple(names[3:]) if n % 7 == 0 else (),
        depends_on=(f"goal_{n - 1:03}", f"goal_{n - 2:03}") if n % 10 == 9 else (),
    ))
Random(int(sys.argv[1])).shuffle(goals)
Random(int(sys.argv[1])).shuffle(beliefs)
formula = Formula(Weights(), GoalPolicy(age_weight=0.1), microseconds(noon))
if sys.argv[2] == "memory":
    found = rank(goals, {one.id: one for one in beliefs}, (), formula, 60)
else:
    with Database.open(":memory:").transaction() as tx:
        for belief in beliefs[:5]:
            insert_belief(tx, belief)
        for goal in goals:
            insert_goal(tx, goal)
        for belief in beliefs[5:]:
            insert_belief(tx, belief)
        found = ranked_goals(tx, formula, states=list(GoalState), owner=None, limit=60)
for one in found:
    print(one.model_dump_json())
"""


def test_I7_other_processes_hash_seeds_and_orders_of_insertion_give_the_same_bytes() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", ELSEWHERE, shuffle, way],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True,
        ).stdout
        for shuffle, way, seed in (
            ("1", "memory", "0"), ("2", "memory", "77"),
            ("3", "database", "1"), ("4", "database", "4242"),
        )
    ]  # fmt: skip
    assert len(outputs[0].splitlines()) == 60
    assert outputs[1:] == outputs[:1] * 3


# --- the order ------------------------------------------------------------------------------------


def test_goals_are_ordered_by_the_raw_score_where_the_priority_is_the_same() -> None:
    goals = [make(f"goal_{n}", **BEST | {"value": n / 10}) for n in (7, 9, 8)]
    found = ranked(goals, weights=TUNED)
    assert [one.priority for one in found] == [1.0, 1.0, 1.0]
    assert order(found) == ["goal_9", "goal_8", "goal_7"]


def test_of_equal_scores_the_older_goal_comes_first_and_then_the_smaller_id() -> None:
    later = NOON + timedelta(microseconds=1)
    goals = [make("goal_a", created_at=later), make("goal_c"), make("goal_b")]
    found = ranked(goals)
    assert order(found) == ["goal_b", "goal_c", "goal_a"]
    assert [one.rank for one in found] == [1, 2, 3]


def test_the_best_goal_comes_first_even_if_it_is_older_than_the_newest_fifty() -> None:
    old = make("goal_old", **BEST)
    newer = [
        make(f"goal_{n}", created_at=NOON + timedelta(minutes=n), value=0.9) for n in range(1, 200)
    ]
    assert order(ranked([*newer, old], limit=3))[0] == "goal_old"


def test_the_limit_takes_the_best_and_deleted_goals_are_not_ranked() -> None:
    goals = [make(f"goal_{n}", value=n / 10) for n in range(10)]
    goals[9] = goals[9].changed(deleted_at=NOON)
    assert order(ranked(goals, limit=2)) == ["goal_8", "goal_7"]
    assert ranked([]) == []


def test_the_view_shows_the_goal_with_its_place() -> None:
    [found] = ranked([make(contradicts=("core.no",))], held("core.no"))
    assert json.loads(found.model_dump_json()) == json.loads(
        RankedView(
            rank=1, goal=found.goal, priority=0.0, raw_score=found.raw_score,
            components=found.components, blocked_by=("belief:core.no",),
        ).model_dump_json()
    )  # fmt: skip


# --- settings -------------------------------------------------------------------------------------


def test_age_counts_only_if_it_is_given_a_weight_and_not_beyond_its_full_age() -> None:
    def age(minutes: float, **policy: Any) -> float:
        return scored(make(), minutes, **policy).components.age

    ageing = {"age_weight": 0.2, "age_full_min": 100}
    assert age(10**6) == 0.0
    assert [age(minutes, **ageing) for minutes in (-5, 0, 50, 100, 10**6)] == [0, 0, 0.1, 0.2, 0.2]


def test_with_ageing_a_poor_goal_gets_its_turn() -> None:
    poor = make("goal_poor", **HALF)
    new = make("goal_new", created_at=NOON + timedelta(days=7), updated_at=NOON)
    assert order(ranked([poor, new], minutes=7 * DAY))[0] == "goal_new"
    assert order(ranked([poor, new], minutes=7 * DAY, age_weight=0.5))[0] == "goal_poor"


@pytest.mark.parametrize(
    ("overdue", "urgency", "blocked"),
    [("penalise", -1.0, ()), ("boost", 1.0, ()), ("skip", -1.0, ("overdue",)),
     ("abandon", -1.0, ("overdue",))],
)  # fmt: skip
def test_the_overdue_policy_sets_urgency_and_readiness_from_the_deadline_on(
    overdue: str, urgency: float, blocked: tuple[str, ...]
) -> None:
    goal = make(horizon_max_min=30)
    [before] = ranked([goal], minutes=30 - 1e-6, overdue=overdue)
    assert before.blocked_by == ()
    assert before.components.urgency == pytest.approx(0.05)
    for minutes in (30, 31, 10**6):
        [after] = ranked([goal], minutes=minutes, overdue=overdue)
        assert after.components.urgency == 0.05 * urgency
        assert after.blocked_by == blocked


# --- what blocks ----------------------------------------------------------------------------------


def blocked_by(goal: Goal, policy: GoalPolicy, now_us: int) -> tuple[str, ...]:
    formula = Formula(SEED, policy, now_us)
    return formula.placed(goal, 1, formula.score(goal, 0.0, False), [], []).blocked_by


def test_what_blocks_is_told_in_a_fixed_order() -> None:
    goal = make(
        contradicts=("core.b", "core.off", "core.a"), depends_on=("goal_9", "goal_done", "goal_2"),
        requires_approval=True, horizon_min_min=10, horizon_max_min=10,
    )  # fmt: skip
    beliefs = held("core.a", "core.b") | held("core.off", active=False)
    [found] = ranked([goal], beliefs, minutes=9, satisfied=("goal_done",), overdue="skip")
    assert found.blocked_by == (
        "belief:core.b", "belief:core.a", "dependency:goal_9", "dependency:goal_2", "approval",
        "not_started",
    )  # fmt: skip
    later = blocked_by(goal, GoalPolicy(overdue="abandon"), at(10))
    assert later == ("approval", "overdue")
    assert contradicting(goal, held("core.a", "core.b")) == ["core.b", "core.a"]


def test_M8_a_goal_may_start_at_the_very_minute() -> None:
    goal = make(horizon_min_min=10)
    assert blocked_by(goal, GoalPolicy(), at(10) - 1) == ("not_started",)
    assert blocked_by(goal, GoalPolicy(), at(10)) == ()


def test_approval_blocks_those_that_ask_for_it_or_all() -> None:
    def blocks(approve_all: bool, **fields: Any) -> tuple[str, ...]:
        return blocked_by(make(**fields), GoalPolicy(approve_all=approve_all), at(0))

    assert blocks(False) == ()
    assert blocks(False, requires_approval=True) == blocks(True) == ("approval",)
    assert blocks(True, requires_approval=True, approved_by="ann") == ()


@settings(max_examples=30)
@given(st.lists(some_goal(), max_size=20), WEIGHT_SETS, st.integers(0, 25))
def test_a_limit_gives_the_beginning_of_the_whole_order(
    goals: list[Goal], weights: Weights, limit: int
) -> None:
    goals = [goal.changed(id=f"goal_{n:02}") for n, goal in enumerate(goals)]
    whole = ranked(goals, weights=weights)
    assert ranked(goals, weights=weights, limit=limit) == whole[:limit]
    keys = [(-one.raw_score, one.goal.created_at, one.goal.id) for one in whole]
    assert keys == sorted(keys)
