"""The columns that ranking reads agree with the beliefs and goals they follow from."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import make_belief, make_goal

from gdg_runtime.goals.model import Belief, Goal, GoalState
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.goal_rows import (
    find_belief,
    find_goal,
    insert_belief,
    insert_goal,
    note_blocked,
    refresh_all,
    refresh_for_changed_belief,
    refresh_for_dependency,
    settle,
    update_belief,
    update_goal,
)

Tx = sqlite3.Connection
NAMES = ("a", "b", "c", "d")


def standing(tx: Tx, goal_id: str) -> tuple[float, int, int]:
    row = tx.execute(
        "SELECT align, contra, open_dependencies FROM goals WHERE id = ?", (goal_id,)
    ).fetchone()
    return tuple(row)


def noted(tx: Tx, goal_id: str) -> int:
    (value,) = tx.execute("SELECT blocked_noted FROM goals WHERE id = ?", (goal_id,)).fetchone()
    return int(value)


def set_belief(tx: Tx, name: str, **changes: object) -> Belief:
    before = find_belief(tx, name)
    assert before is not None
    after = before.changed(version=before.version + 1, **changes)
    update_belief(tx, before, after)
    return after


def set_state(tx: Tx, name: str, state: GoalState, **changes: object) -> Goal:
    before = find_goal(tx, name, include_deleted=True)
    assert before is not None
    after = before.changed(version=before.version + 1, state=state, **changes)
    update_goal(tx, before, after)
    return after


def test_R3_alignment_is_the_share_of_the_beliefs_that_are_active(tx: Tx) -> None:
    insert_belief(tx, make_belief("a"))
    insert_belief(tx, make_belief("b", active=False))
    insert_goal(tx, make_goal(1, aligns_with=("a", "b", "unknown")))
    insert_goal(tx, make_goal(2))
    assert standing(tx, "goal_001") == (1 / 3, 0, 0)
    assert standing(tx, "goal_002") == (0.0, 0, 0)
    set_belief(tx, "b", active=True)
    assert standing(tx, "goal_001") == (2 / 3, 0, 0)
    insert_belief(tx, make_belief("unknown"))
    assert standing(tx, "goal_001") == (1.0, 0, 0)


def test_a_belief_held_with_little_confidence_aligns_nothing_but_contradicts(tx: Tx) -> None:
    insert_belief(tx, make_belief("a", confidence=0.5))
    insert_goal(tx, make_goal(1, aligns_with=("a",)))
    insert_goal(tx, make_goal(2, contradicts=("a",)))
    refresh_all(tx, 0.6)
    assert (standing(tx, "goal_001"), standing(tx, "goal_002")) == ((0.0, 0, 0), (0.0, 1, 0))
    insert_goal(tx, make_goal(3, aligns_with=("a",)))
    assert standing(tx, "goal_003") == (0.0, 0, 0), "new goals go by the same confidence"
    set_belief(tx, "a", confidence=0.6)
    assert standing(tx, "goal_001") == (1.0, 0, 0)


def test_another_confidence_is_worked_with_from_then_on(tx: Tx) -> None:
    insert_belief(tx, make_belief("a", confidence=0.5))
    insert_goal(tx, make_goal(1, aligns_with=("a",)))
    assert not settle(tx, 0.0)
    settle(tx, 0.9)
    assert standing(tx, "goal_001") == (0.0, 0, 0)
    assert not settle(tx, 0.9)
    assert settle(tx, 0.5)
    assert standing(tx, "goal_001") == (1.0, 0, 0)


def test_a_noted_block_is_forgotten_once_nothing_contradicts_the_goal(tx: Tx) -> None:
    insert_belief(tx, make_belief("a"))
    insert_belief(tx, make_belief("b"))
    insert_goal(tx, make_goal(1, contradicts=("a", "b")))
    note_blocked(tx, "goal_001", True)
    set_belief(tx, "a", active=False)
    assert (standing(tx, "goal_001")[1], noted(tx, "goal_001")) == (1, 1)
    set_belief(tx, "b", active=False)
    assert (standing(tx, "goal_001")[1], noted(tx, "goal_001")) == (0, 0)
    set_belief(tx, "b", active=True)
    assert (standing(tx, "goal_001")[1], noted(tx, "goal_001")) == (1, 0)


def test_a_goal_waits_until_each_dependency_is_satisfied_and_not_deleted(tx: Tx) -> None:
    insert_goal(tx, make_goal(1, depends_on=("goal_002", "goal_003")))
    assert standing(tx, "goal_001")[2] == 2, "unknown goals are waited for"
    insert_goal(tx, make_goal(2, state=GoalState.EXECUTING))
    insert_goal(tx, make_goal(3, state=GoalState.SATISFIED))
    assert standing(tx, "goal_001")[2] == 1
    done = set_state(tx, "goal_002", GoalState.SATISFIED)
    assert standing(tx, "goal_001")[2] == 0
    set_state(tx, "goal_002", GoalState.SATISFIED, deleted_at=done.updated_at)
    assert standing(tx, "goal_001")[2] == 1


def test_the_standing_follows_the_goal_when_it_is_edited(tx: Tx) -> None:
    insert_belief(tx, make_belief("a"))
    goal = make_goal(1)
    insert_goal(tx, goal)
    edited = goal.changed(version=2, aligns_with=("x",), contradicts=("a",), depends_on=("y",))
    update_goal(tx, goal, edited)
    assert standing(tx, "goal_001") == (0.0, 1, 1)
    update_goal(tx, edited, edited.changed(version=3, contradicts=(), aligns_with=("a",)))
    assert standing(tx, "goal_001") == (1.0, 0, 1)


@pytest.mark.parametrize("by", ["all", "one by one"])
def test_what_raw_sql_has_put_out_of_step_is_put_right(tx: Tx, by: str) -> None:
    insert_goal(tx, make_goal(1, aligns_with=("a",), contradicts=("b",), depends_on=("goal_002",)))
    insert_goal(tx, make_goal(2))
    for name in ("a", "b"):
        insert_belief(tx, make_belief(name, active=False))
    tx.execute("UPDATE beliefs SET active = 1")
    tx.execute("UPDATE goals SET state = 'satisfied' WHERE id = 'goal_002'")
    assert standing(tx, "goal_001") == (0.0, 0, 1)
    if by == "all":
        refresh_all(tx, 0.0)
    else:
        refresh_for_changed_belief(tx, "a")
        refresh_for_dependency(tx, "goal_002")
    assert standing(tx, "goal_001") == (1.0, 1, 0)


_CHANGES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.booleans(), st.sampled_from([0.0, 0.3, 0.7, 1.0])),
    max_size=12,
)


@settings(deadline=None, max_examples=50)
@given(
    goals=st.lists(
        st.tuples(st.lists(st.sampled_from(NAMES), unique=True), st.integers(0, 4)), max_size=4
    ),
    known=st.sets(st.sampled_from(NAMES)),
    changes=_CHANGES,
    least=st.sampled_from([0.0, 0.3, 0.5]),
)
def test_the_standing_is_what_beliefs_say_after_any_changes(
    goals: list[tuple[list[str], int]],
    known: set[str],
    changes: list[tuple[str, bool, float]],
    least: float,
) -> None:
    database = Database.open(":memory:")
    made = [
        make_goal(number, aligns_with=tuple(names[:cut]), contradicts=tuple(names[cut:]))
        for number, (names, cut) in enumerate(goals)
    ]
    with database.transaction() as tx:
        settle(tx, least)
        for name in sorted(known):
            insert_belief(tx, make_belief(name))
        for goal in made:
            insert_goal(tx, goal)
        for name, active, confidence in changes:
            if name in known:
                set_belief(tx, name, active=active, confidence=confidence)
        active = {name for name in known if (found := find_belief(tx, name)) and found.active}
        sure = {
            name for name in active if (found := find_belief(tx, name))
            and found.confidence >= least
        }  # fmt: skip
        for goal in made:
            held = sum(name in sure for name in goal.aligns_with)
            align = held / len(goal.aligns_with) if goal.aligns_with else 0.0
            contra = any(name in active for name in goal.contradicts)
            assert standing(tx, goal.id) == (align, contra, 0)
    database.close()
