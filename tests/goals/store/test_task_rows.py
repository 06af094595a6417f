"""Tasks as rows: the outbox of goals, the schedule, and what selections came to."""

import sqlite3

import pytest
from specimens import NOON_US, TS, find_task, make_goal, open_task_of

from gdg_runtime.goals.schemas import ScheduledTaskDraft, TaskView
from gdg_runtime.goals.store.goal_rows import insert_goal
from gdg_runtime.goals.store.task_rows import (
    ScheduledTask,
    add_selection,
    add_task,
    close_task,
    due_scheduled,
    find_selection,
    mark_submitted,
    put_scheduled,
    take_scheduled,
    unsubmitted,
)

Tx = sqlite3.Connection
MINUTE = 60_000_000


def task(goal: int = 1, attempt: int = 1) -> TaskView:
    return TaskView(
        task_id=f"goal:goal_{goal:03}:{attempt}", kind="goal", text="Keep wätch", attempt=attempt,
        goal_id=f"goal_{goal:03}", success_metrics={"x": 0.5}, decision_record_id="record_1",
        trace_id="0" * 32, span_id="0" * 16, metadata={"b": [1, None], "a": {}},
    )  # fmt: skip


@pytest.fixture
def goals(tx: Tx) -> Tx:
    for number in (1, 2):
        insert_goal(tx, make_goal(number))
    return tx


def test_T3_a_task_comes_back_as_it_was_put_in(goals: Tx) -> None:
    add_task(goals, task(), TS)
    assert find_task(goals, task().task_id) == open_task_of(goals, "goal_001") == task()
    assert find_task(goals, "goal:goal_001:2") is None
    assert open_task_of(goals, "goal_002") is None


def test_T3_a_goal_has_one_open_task_and_one_for_each_attempt(goals: Tx) -> None:
    add_task(goals, task(), TS)
    for again in (task(), task(attempt=2)):
        with pytest.raises(sqlite3.IntegrityError):
            add_task(goals, again, TS)
    assert close_task(goals, task().task_id, TS)
    assert not close_task(goals, task().task_id, TS)
    assert open_task_of(goals, "goal_001") is None
    with pytest.raises(sqlite3.IntegrityError):
        add_task(goals, task(), TS)
    add_task(goals, task(attempt=2), TS)
    assert open_task_of(goals, "goal_001") == task(attempt=2)


def test_T3_the_outbox_holds_open_tasks_that_nobody_was_told_of_oldest_first(goals: Tx) -> None:
    add_task(goals, task(2), TS)
    add_task(goals, task(1), TS)
    assert unsubmitted(goals) == [task(1), task(2)]
    assert unsubmitted(goals, limit=1) == [task(1)]
    assert mark_submitted(goals, task(1).task_id, TS)
    assert not mark_submitted(goals, task(1).task_id, TS)
    assert unsubmitted(goals) == [task(2)]
    close_task(goals, task(2).task_id, TS)
    assert unsubmitted(goals) == []


def test_T3_a_task_belongs_to_a_goal_that_exists(tx: Tx) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        add_task(tx, task(), TS)


def test_T2_a_selection_is_kept_with_what_it_came_to_even_if_that_is_nothing(tx: Tx) -> None:
    add_selection(tx, "tick-1", "agent_1", task(), TS)
    add_selection(tx, "tick-2", None, None, TS)
    assert find_selection(tx, "tick-1") == ("agent_1", task())
    assert find_selection(tx, "tick-2") == (None, None)
    assert find_selection(tx, "tick-3") is None
    with pytest.raises(sqlite3.IntegrityError):
        add_selection(tx, "tick-1", "agent_1", None, TS)


def put(tx: Tx, name: str, every: int | None, now: int = NOON_US, **more: object) -> None:
    fields = {"task_id": name, "text": f"Do {name}", "every_min": every, **more}
    put_scheduled(tx, ScheduledTaskDraft.model_validate(fields), now)


def turns(tx: Tx, count: int, now: int = NOON_US) -> str:
    """The names of the tasks that are taken, one after the other; `-` for none."""
    taken = ""
    for _ in range(count):
        due = due_scheduled(tx, None, now)
        taken += due.task_id if due else "-"
        if due:
            take_scheduled(tx, due.task_id, now)
    return taken


def test_K2_a_scheduled_task_comes_back_as_it_was_put(tx: Tx) -> None:
    assert due_scheduled(tx, None, NOON_US) is None
    put(tx, "tidy", 5, metadata={"kind": "chore"})
    due = due_scheduled(tx, None, NOON_US)
    assert due == ScheduledTask("tidy", "Do tidy", None, 5, NOON_US, 1, {"kind": "chore"})
    assert due.task == TaskView(
        task_id="tidy", kind="scheduled", text="Do tidy", metadata={"kind": "chore"}
    )


def test_K2_scheduled_tasks_are_due_by_time_then_in_the_order_they_were_put(tx: Tx) -> None:
    put(tx, "b", 10)
    put(tx, "a", 10)
    put(tx, "c", 10, NOON_US - 1)
    assert turns(tx, 4) == "cba-"


def test_K2_a_task_is_due_again_at_its_next_time_and_missed_times_are_left_out(tx: Tx) -> None:
    put(tx, "a", 10)
    assert turns(tx, 2) == "a-"
    assert turns(tx, 2, NOON_US + 10 * MINUTE - 1) == "--"
    assert turns(tx, 2, NOON_US + 35 * MINUTE) == "a-"
    assert turns(tx, 1, NOON_US + 40 * MINUTE - 1) == "-"
    assert turns(tx, 2, NOON_US + 40 * MINUTE) == "a-"
    take_scheduled(tx, "a", NOON_US)
    assert turns(tx, 1, NOON_US + 50 * MINUTE - 1) == "-", "taken before its time, it keeps it"


def test_K2_a_task_that_is_always_due_stays_so_and_starves_no_other(tx: Tx) -> None:
    put(tx, "a", None)
    put(tx, "b", 1)
    assert turns(tx, 3) == "aba"
    later = NOON_US + 2 * MINUTE
    assert turns(tx, 3, later) == "aba"


def test_K2_a_task_that_is_put_again_is_replaced_in_its_place(tx: Tx) -> None:
    put(tx, "a", 10)
    put(tx, "b", 10)
    take_scheduled(tx, "a", NOON_US)
    put(tx, "a", 20, NOON_US + MINUTE, text="Do it well")
    later = NOON_US + 10 * MINUTE
    due = due_scheduled(tx, None, later - 1)
    assert due is not None
    assert due.task_id == "b"
    take_scheduled(tx, "b", later - 1)
    assert due_scheduled(tx, None, later) == ScheduledTask(
        "a", "Do it well", None, 20, later, 1, {}
    )


def test_K2_an_owner_gets_tasks_of_its_own_only(tx: Tx) -> None:
    put(tx, "a", 10)
    put(tx, "b", 10, owner="agent_1")
    due = due_scheduled(tx, "agent_1", NOON_US)
    assert due is not None
    assert (due.task_id, due.owner) == ("b", "agent_1")
    assert due_scheduled(tx, "agent_2", NOON_US) is None
