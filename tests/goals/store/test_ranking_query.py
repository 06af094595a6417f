"""The database ranks as memory does, to the last bit; and finds what is ready."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import NOON, NOON_US, make_belief, make_goal

from gdg_runtime.goals.model import Belief, Goal, GoalState, Weights
from gdg_runtime.goals.policy import GoalPolicy
from gdg_runtime.goals.ranking import Formula, rank
from gdg_runtime.goals.schemas import RankedView
from gdg_runtime.goals.store import goal_rows
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.goal_rows import insert_belief, insert_goal, update_belief, update_goal
from gdg_runtime.goals.store.ranking_query import (
    RANKED_STATES,
    count_ranked,
    rank_of,
    ranked_goals,
    ready_goals,
)

DAY = 1440
ADOPTED = GoalState.ADOPTED
MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Case:
    """What is in a store, and how it is ranked."""

    goals: tuple[Goal, ...]
    beliefs: tuple[Belief, ...]
    weights: Weights
    policy: GoalPolicy
    now_us: int
    states: tuple[GoalState, ...]
    owner: str | None
    limit: int
    large: bool
    """Whether the store looks as if it held very many goals."""

    @property
    def formula(self) -> Formula:
        return Formula(self.weights, self.policy, self.now_us)


BELIEFS = [f"core.{number}" for number in range(5)]
GOALS = [f"goal_{number:02}" for number in range(12)]
COARSE = st.integers(0, 4).map(lambda quarters: quarters / 4)
SHARES = COARSE | st.floats(0, 1)
OWNERS = st.sampled_from([None, "agent_1", "agent_2"])
NEAR = st.integers(-3 * DAY, DAY).map(lambda minutes: NOON + timedelta(minutes=minutes))
FAR = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WEIGHT_SETS = st.just(Weights()) | st.builds(
    Weights, SHARES, SHARES, SHARES, st.floats(0, 0.3), st.floats(0, 0.3)
)
POLICIES = st.builds(
    GoalPolicy,
    overdue=st.sampled_from(["penalise", "boost", "skip", "abandon"]),
    age_weight=st.just(0.0) | SHARES,
    age_full_min=st.integers(1, 10**9) | st.integers(1, 3 * DAY),
    belief_min_confidence=st.sampled_from([0.0, 0.0, 0.5]),
    approve_all=st.booleans(),
)


@st.composite
def goals(draw: st.DrawFn, goal_id: str) -> Goal:
    named = draw(st.lists(st.sampled_from([*BELIEFS, "core.unknown"]), unique=True, max_size=5))
    cut = draw(st.sampled_from([0, len(named) // 2, len(named), len(named)]))
    earliest = draw(st.sampled_from([0, 0, 1, DAY, 10**9]))
    made = draw(st.sampled_from([NOON, NOON - timedelta(days=1)]) | NEAR | FAR)
    state = draw(st.sampled_from([*GoalState, *RANKED_STATES]))
    deletable = state != GoalState.EXECUTING
    others = [other for other in [*GOALS, "goal_gone"] if other != goal_id]
    return make_goal(
        id=goal_id, state=state, created_at=made, updated_at=made,
        value=draw(SHARES), effort=draw(SHARES), risk=draw(SHARES),
        horizon_min_min=earliest,
        horizon_max_min=draw(st.none() | st.integers(max(earliest, 1), max(earliest, 5 * DAY))),
        aligns_with=tuple(named[:cut]), contradicts=tuple(named[cut:]),
        depends_on=draw(st.lists(st.sampled_from(others), unique=True, max_size=2).map(tuple)),
        requires_approval=draw(st.booleans()),
        approved_by=draw(st.sampled_from([None, "ann"])),
        owner=draw(OWNERS),
        deleted_at=made if deletable and draw(st.integers(0, 9)) == 0 else None,
    )  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Case:
    ids = draw(st.permutations(GOALS))[: draw(st.sampled_from([len(GOALS), 6, 3, 1]))]
    beliefs = [
        make_belief(
            name, active=draw(st.sampled_from([True, True, False])), confidence=draw(SHARES)
        )
        for name in draw(st.permutations(BELIEFS))[: draw(st.sampled_from([1, 3, 5]))]
    ]
    return Case(
        goals=tuple(draw(goals(goal_id)) for goal_id in ids),
        beliefs=tuple(beliefs),
        weights=draw(WEIGHT_SETS),
        policy=draw(POLICIES),
        now_us=draw(
            st.sampled_from([NOON_US, NOON_US - DAY * MINUTE_US])
            | st.integers(NOON_US - 10**12, NOON_US + 10**12)
        ),
        states=draw(st.sampled_from([RANKED_STATES, tuple(GoalState), (ADOPTED,)])),
        owner=draw(st.sampled_from([None, None, None, "agent_1"])),
        limit=draw(st.sampled_from([1, 3, 50])),
        large=draw(st.booleans()),
    )


@pytest.fixture(scope="module")
def shared() -> Iterator[Database]:
    """A store in memory that is empty again after each example."""
    database = Database.open(":memory:")
    yield database
    database.close()


@contextmanager
def holding(database: Database, case: Case) -> Iterator[sqlite3.Connection]:
    """A store that holds the case: half of the beliefs are there before the goals."""
    tx = database.connection
    tx.execute("BEGIN")
    try:
        goal_rows.settle(tx, case.policy.belief_min_confidence)
        half = len(case.beliefs) // 2
        for belief in case.beliefs[:half]:
            insert_belief(tx, belief)
        for goal in case.goals:
            insert_goal(tx, goal)
        for belief in case.beliefs[half:]:
            insert_belief(tx, belief)
        if case.large:
            tx.execute("UPDATE goals SET rowid = rowid + 1000000")
        yield tx
    finally:
        tx.execute("ROLLBACK")


def in_memory(case: Case, limit: int) -> list[RankedView]:
    chosen = [
        goal for goal in case.goals
        if goal.state in case.states and case.owner in (None, goal.owner)
    ]  # fmt: skip
    done = [
        goal.id for goal in case.goals
        if goal.state == GoalState.SATISFIED and goal.deleted_at is None
    ]  # fmt: skip
    known = {belief.id: belief for belief in case.beliefs}
    return rank(chosen, known, done, case.formula, limit)


def bits(found: Sequence[RankedView]) -> list[str]:
    """All that is told of ranked goals; floats to the last bit, and 0.0 is not -0.0."""
    return [one.model_dump_json() for one in found]


@settings(deadline=None, max_examples=60)
@given(case=cases())
def test_R7_memory_and_database_give_the_identical_order_and_figures(
    shared: Database, case: Case
) -> None:
    with holding(shared, case) as tx:
        found = ranked_goals(
            tx, case.formula, states=case.states, owner=case.owner, limit=case.limit
        )
        expected = in_memory(case, 50)
        assert found == expected[: case.limit]
        assert bits(found) == bits(expected[: case.limit])
        assert count_ranked(tx, states=case.states, owner=case.owner) == len(expected)


@settings(deadline=None, max_examples=30)
@given(case=cases())
def test_K6_ready_are_the_adopted_goals_that_nothing_blocks_in_their_order(
    shared: Database, case: Case
) -> None:
    expected = [
        one.goal for one in in_memory(replace(case, states=(ADOPTED,)), 50) if not one.blocked_by
    ]
    with holding(shared, case) as tx:
        found = ready_goals(tx, case.formula, owner=case.owner, limit=case.limit)
    assert found == expected[: case.limit]


@settings(deadline=None, max_examples=30)
@given(case=cases())
def test_the_rank_of_one_goal_is_its_place_in_the_ranking(shared: Database, case: Case) -> None:
    with holding(shared, case) as tx:
        for one in in_memory(case, 50):
            found = rank_of(
                tx, case.formula, one.goal, states=case.states, owner=case.owner
            )  # fmt: skip
            assert found == one


# --- by example -----------------------------------------------------------------------------------


def ranking(tx: sqlite3.Connection, **different: Any) -> list[RankedView]:
    by = {"weights": Weights(), "policy": GoalPolicy(), "now_us": NOON_US}
    asked = {"states": RANKED_STATES, "owner": None, "limit": 50, **different}
    formula = Formula(*(asked.pop(name, usual) for name, usual in by.items()))
    return ranked_goals(tx, formula, **asked)


def ready(tx: sqlite3.Connection, now_us: int = NOON_US, **policy: Any) -> list[str]:
    formula = Formula(Weights(), GoalPolicy(**policy), now_us)
    found = ready_goals(tx, formula, owner=None, limit=50)
    return [goal.id for goal in found]


def order(found: Sequence[RankedView]) -> list[str]:
    return [one.goal.id for one in found]


def test_the_best_goal_comes_first_even_if_it_is_older_than_the_newest_fifty(
    tx: sqlite3.Connection,
) -> None:
    insert_goal(tx, make_goal(0, value=1.0, effort=0.0, risk=0.0))
    for number in range(1, 120):
        insert_goal(tx, make_goal(number, value=0.9))
    assert order(ranking(tx, limit=50))[:2] == ["goal_000", "goal_001"]
    assert count_ranked(tx, states=RANKED_STATES, owner=None) == 120


def test_goals_are_ordered_by_the_raw_score_where_the_priority_is_the_same(
    tx: sqlite3.Connection,
) -> None:
    for number, value in enumerate((0.7, 0.9, 0.8)):
        insert_goal(tx, make_goal(number, value=value))
    found = ranking(tx, weights=Weights(1.0, 1.0, 1.0, 0.3, 0.3))
    assert [one.priority for one in found] == [1.0, 1.0, 1.0]
    assert order(found) == ["goal_001", "goal_002", "goal_000"]


def test_a_belief_that_turns_active_takes_effect_at_once(tx: sqlite3.Connection) -> None:
    asleep = make_belief("core.no", active=False)
    insert_belief(tx, asleep)
    insert_goal(tx, make_goal(1, contradicts=("core.no",), state=ADOPTED))
    insert_goal(tx, make_goal(2, value=0.1, state=ADOPTED))
    assert order(ranking(tx)) == ["goal_001", "goal_002"]
    assert ready(tx, NOON_US + MINUTE_US) == ["goal_001", "goal_002"]
    update_belief(tx, asleep, asleep.changed(active=True, version=2))
    assert order(ranking(tx)) == ["goal_002", "goal_001"]
    assert ranking(tx)[1].blocked_by[0] == "belief:core.no"
    assert ready(tx, NOON_US + MINUTE_US) == ["goal_002"]


def test_what_blocks_is_told_as_the_goal_names_it_even_if_a_belief_is_called_like_a_goal(
    tx: sqlite3.Connection,
) -> None:
    for name in ("goal_001", "core.a"):
        insert_belief(tx, make_belief(name))
    for number in (1, 2, 3):
        insert_goal(tx, make_goal(number, state=GoalState.SATISFIED if number == 1 else ADOPTED))
    insert_goal(
        tx,
        make_goal(
            4, contradicts=("goal_001", "core.a"), depends_on=("goal_003", "goal_001", "goal_002"),
            requires_approval=True, horizon_min_min=9,
        ),
    )  # fmt: skip
    assert ranking(tx)[-1].blocked_by == (
        "belief:goal_001", "belief:core.a", "dependency:goal_003", "dependency:goal_002",
        "approval", "not_started",
    )  # fmt: skip


def test_K6_a_dependency_that_is_satisfied_makes_ready(tx: sqlite3.Connection) -> None:
    first = make_goal(0, state=GoalState.EXECUTING)
    insert_goal(tx, first)
    insert_goal(tx, make_goal(0, id="goal_next", depends_on=("goal_000",), state=ADOPTED))
    assert ready(tx) == []
    update_goal(tx, first, first.changed(state=GoalState.SATISFIED, version=2))
    assert ready(tx) == ["goal_next"]


@pytest.mark.parametrize(
    ("overdue", "before", "after"),
    [
        ("penalise", ["goal_due", "goal_none"], ["goal_none", "goal_due"]),
        ("boost", ["goal_due", "goal_none"], ["goal_due", "goal_none"]),
        ("skip", ["goal_due", "goal_none"], ["goal_none"]),
        ("abandon", ["goal_due", "goal_none"], ["goal_none"]),
    ],
)
def test_K6_each_overdue_policy_from_the_deadline_on(
    tx: sqlite3.Connection, overdue: str, before: list[str], after: list[str]
) -> None:
    insert_goal(tx, make_goal(0, id="goal_none", state=ADOPTED))
    insert_goal(tx, make_goal(0, id="goal_due", state=ADOPTED, horizon_max_min=30))
    deadline = NOON_US + 30 * MINUTE_US
    assert ready(tx, deadline - 1, overdue=overdue) == before
    assert ready(tx, deadline, overdue=overdue) == after


def test_K6_the_start_and_an_approval_are_waited_for(tx: sqlite3.Connection) -> None:
    insert_goal(tx, make_goal(0, id="goal_later", state=ADOPTED, horizon_min_min=5))
    insert_goal(tx, make_goal(0, id="goal_asks", state=ADOPTED, requires_approval=True))
    insert_goal(tx, make_goal(0, id="goal_seen", state=ADOPTED, approved_by="ann"))
    start = NOON_US + 5 * MINUTE_US
    assert ready(tx, start - 1) == ["goal_seen"]
    assert ready(tx, start) == ["goal_later", "goal_seen"]
    assert ready(tx, start, approve_all=True) == ["goal_seen"]


def test_a_ranking_of_nothing_is_empty(tx: sqlite3.Connection) -> None:
    insert_goal(tx, make_goal(1))
    assert ranking(tx, states=()) == ranking(tx, owner="nobody") == ranking(tx, limit=0) == []
    assert count_ranked(tx, states=(), owner=None) == 0


def test_a_goal_that_is_not_ranked_is_told_where_it_would_stand(tx: sqlite3.Connection) -> None:
    done = make_goal(3, value=0.5, state=GoalState.SATISFIED)
    insert_goal(tx, done)
    insert_goal(tx, make_goal(1, value=0.9))
    insert_goal(tx, make_goal(2, value=0.1))
    where = rank_of(tx, Formula(Weights(), GoalPolicy(), NOON_US), done)
    assert (where.rank, where.goal) == (2, done)


def test_no_goal_that_could_just_come_first_is_passed_over_in_a_large_store(
    shared: Database,
) -> None:
    """All that urgency, alignment and age can give lifts some to the best one's score, some not."""
    best = make_goal(9, value=1.0, effort=0.0, risk=0.0)
    lifted = best.changed(id="goal_lifted", horizon_max_min=1, aligns_with=("core.0",),
        created_at=NOON - timedelta(days=30),
    )  # fmt: skip
    case = Case(
        goals=(), beliefs=(make_belief("core.0"),), weights=Weights(), now_us=NOON_US,
        policy=GoalPolicy(overdue="boost", age_weight=0.3, age_full_min=1),
        states=RANKED_STATES, owner=None, limit=1, large=True,
    )  # fmt: skip
    firsts = []
    for step in range(-20, 21):
        goals = (best, lifted.changed(value=0.2 + step * 1e-16))
        case = replace(case, goals=goals, now_us=NOON_US + 9_000_000)
        with holding(shared, case) as tx:
            found = ranking(tx, policy=case.policy, now_us=case.now_us, limit=1)
        assert found == in_memory(case, 1)
        firsts += order(found)
    assert sorted(dict.fromkeys(firsts)) == ["goal_009", "goal_lifted"]


def test_only_the_rows_that_are_given_back_are_read(tx: sqlite3.Connection) -> None:
    """The scores come from one index: the table is opened for the best goals alone."""
    for number in range(30):
        insert_goal(tx, make_goal(number, metadata={"number": number}))
    statements: list[str] = []
    tx.set_trace_callback(statements.append)
    ranking(tx, limit=3)
    tx.set_trace_callback(None)
    [ranking_statement] = [text for text in statements if "best" in text]
    plan = [row["detail"] for row in tx.execute(f"EXPLAIN QUERY PLAN {ranking_statement}")]
    assert any("goals_standing" in step for step in plan), json.dumps(plan)
    program = [tuple(row) for row in tx.execute(f"EXPLAIN {ranking_statement}")]
    opened = {row[2]: row[3] for row in program if row[1] == "OpenRead"}
    table = tx.execute("SELECT rootpage FROM sqlite_master WHERE name = 'goals'").fetchone()[0]
    cursors = [cursor for cursor, page in opened.items() if page == table]
    scoring = next(place for place, row in enumerate(program) if row[1] == "Next")
    early = [row for row in program[:scoring] if row[1] == "Column" and row[2] in cursors]
    assert not early
