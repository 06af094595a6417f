"""Goals as rows: what comes back is what was put in, and what may not be put in is refused."""

import json
import sqlite3
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from specimens import NOON, dependents, goal_fields, make_belief, make_goal

from gdg_runtime.goals.errors import BadRequest, GoalNotFound, VersionConflict
from gdg_runtime.goals.model import Goal, GoalCategory, GoalState
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.goal_rows import (
    contradicted,
    count_by_state,
    dependency_path,
    expired_leases,
    find_goal,
    insert_belief,
    insert_goal,
    note_blocked,
    page_of_goals,
    set_lease,
    update_goal,
)

Tx = sqlite3.Connection
SEED_EXAMPLE = {
    "id": "goal_001",
    "text": "Conduct weekly self-reflection on identity coherence",
    "category": "introspection",
    "value": 0.8,
    "effort": 0.3,
    "risk": 0.1,
    "horizon_min_min": 0,
    "horizon_max_min": 10080,
    "aligns_with": ["core.ontological.consciousness"],
    "contradicts": [],
    "success_metrics": {"coherence_delta": 0.05},
    "state": "proposed",
    "created_at": "2025-11-08T12:00:00Z",
    "updated_at": "2025-11-08T12:00:00Z",
    "metadata": {},
}


def change(tx: Tx, goal: Goal, **changes: Any) -> Goal:
    after = goal.changed(version=goal.version + 1, **changes)
    update_goal(tx, goal, after)
    return after


def test_M1_the_definition_has_the_fields_of_the_specification_and_version_and_deleted_at() -> None:
    assert set([*Goal.model_fields][:17]) == {
        *SEED_EXAMPLE, "version", "deleted_at",
    }  # fmt: skip
    assert len(SEED_EXAMPLE) == 15


def test_M1_the_example_of_the_specification_comes_back_as_it_was_put_in(tx: Tx) -> None:
    goal = Goal.model_validate_json(json.dumps(SEED_EXAMPLE))
    insert_goal(tx, goal)
    found = find_goal(tx, "goal_001")
    assert found == goal
    shown = found.model_dump(mode="json")
    expected = {**SEED_EXAMPLE, "created_at": "2025-11-08T12:00:00.000000Z",
                "updated_at": "2025-11-08T12:00:00.000000Z"}  # fmt: skip
    assert {name: shown[name] for name in SEED_EXAMPLE} == expected


def test_M1_M13_M14_any_goal_comes_back_as_it_was_put_in(database: Database) -> None:
    @given(goal_fields())
    def comes_back(fields: dict[str, Any]) -> None:
        goal = Goal.model_construct(id="goal_x", **fields)
        with database.transaction() as tx:
            insert_goal(tx, goal)
            found = find_goal(tx, "goal_x")
            tx.execute("DELETE FROM goal_beliefs")
            tx.execute("DELETE FROM goals")
        assert found == goal
        assert json.dumps(found.metadata) == json.dumps(goal.metadata)  # and the order of names

    comes_back()


def raw(tx: Tx, **columns: Any) -> None:
    """A row written past all forms."""
    row = {
        "id": "goal_x", "text": "x", "category": "maintenance", "value": 0.5, "effort": 0.5,
        "risk": 0.5, "created_at": "2025-11-08T12:00:00.000000Z",
        "updated_at": "2025-11-08T12:00:00.000000Z", **columns,
    }  # fmt: skip
    tx.execute(
        f"INSERT INTO goals ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
        tuple(row.values()),
    )


def refused(tx: Tx, **columns: Any) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        raw(tx, **columns)


@pytest.mark.parametrize("text", ["", "  \n\t", "a\0b", "x" * 2001, None])
def test_M3_raw_sql_can_not_write_a_text_that_is_empty_too_long_or_holds_nul(
    tx: Tx, text: str | None
) -> None:
    refused(tx, text=text)


def test_M3_a_text_of_2000_characters_is_kept(tx: Tx) -> None:
    goal = make_goal(text="ü😀" * 1000)
    insert_goal(tx, goal)
    assert find_goal(tx, goal.id) == goal


def test_M4_raw_sql_can_not_write_another_category(tx: Tx) -> None:
    refused(tx, category="chore")
    for number, category in enumerate(GoalCategory):
        raw(tx, id=f"goal_{number}", category=category)


@pytest.mark.parametrize("column", ["value", "effort", "risk"])
@pytest.mark.parametrize("number", [-0.001, 1.001, float("nan"), float("inf"), -float("inf"), "x"])
def test_M5_M6_M7_raw_sql_can_not_write_shares_out_of_bounds(
    tx: Tx, column: str, number: object
) -> None:
    refused(tx, **{column: number})


@pytest.mark.parametrize("column", ["value", "effort", "risk"])
def test_M5_M6_M7_0_and_1_are_within_bounds(tx: Tx, column: str) -> None:
    raw(tx, id="a", **{column: 0})
    raw(tx, id="b", **{column: 1})


def test_M8_raw_sql_can_not_write_a_start_before_the_creation(tx: Tx) -> None:
    refused(tx, horizon_min_min=-1)
    refused(tx, horizon_min_min=0.5)


def test_M9_raw_sql_can_not_write_a_deadline_of_0_or_before_the_start(tx: Tx) -> None:
    refused(tx, horizon_max_min=0)
    refused(tx, horizon_min_min=10, horizon_max_min=9)
    raw(tx, horizon_min_min=10, horizon_max_min=10)


def test_M10_raw_sql_can_not_write_more_than_64_beliefs_or_no_list(tx: Tx) -> None:
    for column in ("aligns_with", "contradicts", "depends_on"):
        refused(tx, **{column: json.dumps([f"b{n}" for n in range(65)])})
        refused(tx, **{column: "{}"})
        refused(tx, **{column: "no json"})
    raw(tx, aligns_with=json.dumps([f"b{n}" for n in range(64)]))


def test_M10_a_belief_can_not_be_both_aligned_with_and_contradicted(tx: Tx) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        insert_goal(tx, make_goal(aligns_with=("b",), contradicts=("b",)))


def test_M11_raw_sql_can_not_write_targets_that_are_no_object(tx: Tx) -> None:
    refused(tx, success_metrics="[]")
    refused(tx, success_metrics="{")


def test_M12_raw_sql_can_not_write_another_state_and_new_goals_are_proposed(tx: Tx) -> None:
    refused(tx, state="done")
    raw(tx)
    found = find_goal(tx, "goal_x")
    assert found is not None
    assert found.state == GoalState.PROPOSED
    for state in GoalState:
        tx.execute("UPDATE goals SET state = ?", (state,))


@pytest.mark.parametrize(
    "moment", ["2025-11-08T12:00:00Z", "2025-11-08T12:00:00.000000+00:00", "now", 1_762_603_200]
)
def test_M13_raw_sql_can_not_write_times_in_another_form(tx: Tx, moment: object) -> None:
    refused(tx, created_at=moment)
    refused(tx, updated_at=moment)
    refused(tx, deleted_at=moment)


def test_M13_raw_sql_can_not_write_an_update_before_the_creation(tx: Tx) -> None:
    refused(tx, updated_at="2025-11-08T11:59:59.999999Z")


def test_M14_raw_sql_can_not_write_metadata_over_16_kib_or_that_is_no_object(tx: Tx) -> None:
    refused(tx, metadata=json.dumps({"x": "y" * 16_400}))
    refused(tx, metadata="[]")
    raw(tx, metadata=json.dumps({"x": "y" * 16_300}))


def test_S1_a_goal_that_is_not_there_is_not_found_and_not_updated(tx: Tx) -> None:
    assert find_goal(tx, "goal_001") is None
    with pytest.raises(GoalNotFound):
        change(tx, make_goal(), value=0.1)


def test_S1_an_id_is_taken_once(tx: Tx) -> None:
    goal = make_goal()
    insert_goal(tx, goal)
    with pytest.raises(sqlite3.IntegrityError):
        insert_goal(tx, goal)


def test_S1_only_the_next_version_of_the_same_goal_can_be_written(tx: Tx) -> None:
    goal = make_goal()
    insert_goal(tx, goal)
    with pytest.raises(ValueError, match="expected version 2"):
        update_goal(tx, goal, goal.changed(value=0.1))
    with pytest.raises(ValueError, match="goal_009"):
        update_goal(tx, goal, goal.changed(id="goal_009", version=2))


def test_S3_a_deleted_goal_stays_as_a_row_and_is_found_only_if_asked_for(tx: Tx) -> None:
    goal = make_goal()
    insert_goal(tx, goal)
    gone = change(tx, goal, deleted_at=NOON + timedelta(hours=1))
    assert find_goal(tx, goal.id) is None
    assert find_goal(tx, goal.id, include_deleted=True) == gone
    assert page_of_goals(tx) == ([], None)
    assert page_of_goals(tx, include_deleted=True) == ([gone], None)
    assert set(count_by_state(tx).values()) == {0}


def test_S3_a_goal_can_not_be_deleted_while_it_executes(tx: Tx) -> None:
    goal = make_goal(state=GoalState.EXECUTING)
    insert_goal(tx, goal)
    with pytest.raises(sqlite3.IntegrityError):
        change(tx, goal, deleted_at=NOON + timedelta(hours=1))


def test_S4_a_goal_that_was_changed_meanwhile_is_not_overwritten(tx: Tx) -> None:
    goal = make_goal()
    insert_goal(tx, goal)
    change(tx, goal, value=0.1)
    with pytest.raises(VersionConflict) as conflict:
        change(tx, goal, value=0.9)
    assert (conflict.value.facts, conflict.value.current) == ({"expected": 1, "current": 2}, 2)
    found = find_goal(tx, goal.id)
    assert found is not None
    assert (found.value, found.version) == (0.1, 2)


def all_pages(tx: Tx, **asked: Any) -> list[str]:
    seen, cursor = [], None
    while True:
        goals, cursor = page_of_goals(tx, cursor=cursor, **asked)
        seen += [goal.id for goal in goals]
        if cursor is None:
            return seen


def test_S2_goals_are_listed_newest_first_and_by_id_within_a_moment(tx: Tx) -> None:
    for name, second in (("b", 5), ("a", 5), ("c", 9), ("d", 1)):
        insert_goal(tx, make_goal(second, id=name))
    for limit in (1, 2, 3, 4, 5):
        assert all_pages(tx, limit=limit) == ["c", "a", "b", "d"]


def test_S2_lists_are_filtered_by_states_category_and_owner(tx: Tx) -> None:
    insert_goal(tx, make_goal(1, state=GoalState.ADOPTED, owner="agent_1"))
    insert_goal(tx, make_goal(2, category=GoalCategory.EXPLORATION))
    insert_goal(tx, make_goal(3, state=GoalState.SATISFIED, owner="agent_1"))
    both = (GoalState.ADOPTED, GoalState.SATISFIED)
    assert all_pages(tx, states=both, limit=1) == ["goal_003", "goal_001"]
    assert all_pages(tx, states=(GoalState.ADOPTED,)) == ["goal_001"]
    assert all_pages(tx, category="exploration") == ["goal_002"]
    assert all_pages(tx, owner="agent_1", states=both, limit=1) == ["goal_003", "goal_001"]
    assert all_pages(tx, owner="agent_9") == []


def test_S2_goals_that_come_in_while_pages_are_turned_neither_repeat_nor_hide_others(
    tx: Tx,
) -> None:
    old = [make_goal(number, id=f"old_{number}") for number in range(20)]
    for goal in old:
        insert_goal(tx, goal)
    seen, cursor = [], None
    for turn in range(100):
        goals, cursor = page_of_goals(tx, limit=3, cursor=cursor)
        seen += [goal.id for goal in goals]
        if cursor is None:
            break
        insert_goal(tx, make_goal(turn, id=f"new_{turn}"))  # older, newer and same moments
        insert_goal(tx, make_goal(1000 + turn, id=f"newest_{turn}"))
    assert len(seen) == len(set(seen))
    assert [name for name in seen if name.startswith("old")] == [goal.id for goal in old[::-1]]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "ü", "====", "a" * 3000, urlsafe_b64encode(b"{}").decode(),
     urlsafe_b64encode(b'["a"]').decode().rstrip("="),
     urlsafe_b64encode(b'[1,2]').decode().rstrip("="),
     urlsafe_b64encode(b'["a", "b"]').decode().rstrip("="),
     urlsafe_b64encode(b"[" * 1400).decode().rstrip("="),
     urlsafe_b64encode(b'"ab"').decode().rstrip("=")],
)  # fmt: skip
def test_S2_what_is_no_cursor_is_refused(tx: Tx, cursor: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        page_of_goals(tx, cursor=cursor)
    assert refusal.value.code == "bad-cursor"


def test_X6_all_five_states_are_counted_even_those_without_goals(tx: Tx) -> None:
    assert count_by_state(tx) == dict.fromkeys(map(str, GoalState), 0)
    insert_goal(tx, make_goal(1))
    insert_goal(tx, make_goal(2))
    insert_goal(tx, make_goal(3, state=GoalState.SATISFIED))
    assert count_by_state(tx) == {
        "proposed": 2, "adopted": 0, "executing": 0, "satisfied": 1, "abandoned": 0,
    }  # fmt: skip


def test_leases_end_at_their_moment_and_with_the_execution(tx: Tx) -> None:
    early, late = make_goal(1, state=GoalState.EXECUTING), make_goal(2, state=GoalState.EXECUTING)
    for goal, until in ((early, 100), (late, 200)):
        insert_goal(tx, goal)
        set_lease(tx, goal.id, until)
    assert expired_leases(tx, 99) == []
    assert expired_leases(tx, 100) == [early]
    assert expired_leases(tx, 300) == [early, late]
    set_lease(tx, late.id, None)
    released = change(tx, early, state=GoalState.ADOPTED)
    assert expired_leases(tx, 300) == []
    again = change(tx, released, state=GoalState.EXECUTING)
    assert expired_leases(tx, 300) == [], f"{again.id} got a lease from an execution before"


def test_contradicted_goals_are_found_oldest_first_and_noted_once(tx: Tx) -> None:
    insert_belief(tx, make_belief("honesty"))
    for number, owner in ((3, None), (1, "agent_1"), (2, "agent_1")):
        insert_goal(tx, make_goal(number, contradicts=("honesty",), owner=owner))
    insert_goal(tx, make_goal(4))

    def found(**asked: Any) -> list[str]:
        return [goal.id for goal in contradicted(tx, [GoalState.PROPOSED], **asked)]

    assert found() == ["goal_001", "goal_002", "goal_003"]
    assert found(owner="agent_1") == ["goal_001", "goal_002"]
    note_blocked(tx, "goal_001", True)
    assert found(unnoted=True) == ["goal_002", "goal_003"]
    note_blocked(tx, "goal_001", False)
    assert found(unnoted=True) == found()
    assert contradicted(tx, [GoalState.ADOPTED]) == []


def test_the_way_between_goals_goes_from_dependency_to_dependency(tx: Tx) -> None:
    for name, others in (("a", "bc"), ("b", "d"), ("c", "d"), ("d", "e"), ("x", "y")):
        insert_goal(tx, make_goal(id=name, depends_on=tuple(others)))
    assert dependency_path(tx, ["a"], "e") == ["a", "b", "d", "e"]
    assert dependency_path(tx, ["x", "c"], "d") == ["c", "d"]
    assert dependency_path(tx, ["e"], "e") == ["e"]
    assert dependency_path(tx, ["e", "x"], "a") is None
    assert dependency_path(tx, [], "a") is None
    assert dependents(tx, "d") == ["b", "c"]
    assert dependents(tx, "a") == []


def test_dependencies_follow_the_goal_when_it_is_edited(tx: Tx) -> None:
    goal = make_goal(id="a", depends_on=("b",))
    insert_goal(tx, goal)
    change(tx, goal, depends_on=("c", "d"))
    assert [dependents(tx, name) for name in "bcd"] == [[], ["a"], ["a"]]


def test_no_goal_waits_for_itself(tx: Tx) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        insert_goal(tx, make_goal(id="a", depends_on=("a",)))
