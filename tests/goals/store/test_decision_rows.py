"""Decisions as rows: learned values stay, and each decision has one outcome."""

import sqlite3

import pytest
from specimens import TS, make_goal

from gdg_runtime.goals.errors import DecisionNotFound
from gdg_runtime.goals.schemas import DecisionRecordView, ParameterView, WeightsView
from gdg_runtime.goals.store.goal_rows import insert_goal
from gdg_runtime.goals.store.task_rows import (
    add_record,
    find_record_of_task,
    parameter,
    read_decision,
    read_decisions,
    records,
    register,
    set_current,
    set_outcome,
)

Tx = sqlite3.Connection
WEIGHTS = WeightsView(value=0.5, effort=0.25, risk=0.15, urgency=0.05, alignment=0.05, age=0.0)


def bounded(name: str, current: float, most: float = 1.0) -> ParameterView:
    return ParameterView(name=name, current=current, min=0.0, max=most, step=0.05)


def record(number: int, goal_id: str = "goal_001", **different: object) -> DecisionRecordView:
    return DecisionRecordView.model_validate(
        {
            "record_id": f"record_{number}", "decision_id": "goal_selected", "ts": TS,
            "goal_id": goal_id, "task_id": f"goal:{goal_id}:{number}", "score": 0.76,
            "weights": WEIGHTS, "trace_id": "0" * 32, "span_id": "0" * 16, "outcome": None,
            "outcome_ts": None, "outcome_data": None, **different,
        }
    )  # fmt: skip


@pytest.fixture
def registered(tx: Tx) -> Tx:
    parameters = [bounded("value_weight", 0.5), bounded("age_weight", 0.1, 0.3)]
    register(tx, "goal_selected", "goal_store", parameters, ["coherence", "another"])
    for number in (1, 2):
        insert_goal(tx, make_goal(number))
    return tx


def test_D1_a_decision_is_read_as_it_was_registered(registered: Tx) -> None:
    known = read_decision(registered, "goal_selected")
    assert known.subsystem == "goal_store"
    assert known.parameters == (bounded("value_weight", 0.5), bounded("age_weight", 0.1, 0.3))
    assert known.success_metrics == ("coherence", "another")
    register(registered, "another", "elsewhere", [], [])
    assert [found.decision_id for found in read_decisions(registered)] == [
        "another", "goal_selected",
    ]  # fmt: skip


def test_D1_registering_again_keeps_learned_values(registered: Tx) -> None:
    set_current(registered, "goal_selected", "value_weight", 0.9)
    again = [bounded("value_weight", 0.5), bounded("age_weight", 0.1, 0.3)]
    register(registered, "goal_selected", "goal_store", again, ["coherence"])
    assert parameter(registered, "goal_selected", "value_weight").current == 0.9
    assert read_decision(registered, "goal_selected").success_metrics == ("coherence",)


def test_D1_a_learned_value_outside_of_new_bounds_moves_to_the_bound(registered: Tx) -> None:
    set_current(registered, "goal_selected", "value_weight", 0.9)
    register(registered, "goal_selected", "goal_store", [bounded("value_weight", 0.5, 0.7)], [])
    assert parameter(registered, "goal_selected", "value_weight") == bounded(
        "value_weight", 0.7, 0.7
    )


def test_D2_raw_sql_can_not_write_a_value_out_of_bounds(registered: Tx) -> None:
    for current in (-0.01, 0.31, float("nan")):
        with pytest.raises(sqlite3.IntegrityError):
            set_current(registered, "goal_selected", "age_weight", current)


def test_what_is_not_registered_is_not_found(registered: Tx) -> None:
    with pytest.raises(DecisionNotFound):
        read_decision(registered, "unknown")
    with pytest.raises(DecisionNotFound):
        parameter(registered, "goal_selected", "unknown")
    with pytest.raises(DecisionNotFound):
        set_current(registered, "unknown", "value_weight", 0.1)
    with pytest.raises(DecisionNotFound):
        set_outcome(registered, "unknown", 0.0, TS, {})


def test_D4_a_decision_has_the_first_outcome_that_was_told(registered: Tx) -> None:
    add_record(registered, record(1), selection_key="tick-1")
    assert find_record_of_task(registered, "goal:goal_001:1") == record(1)
    assert find_record_of_task(registered, "goal:goal_001:2") is None
    assert set_outcome(registered, "record_1", -0.5, TS, {"missed": ["x"]})
    assert not set_outcome(registered, "record_1", 1.0, TS, {})
    assert find_record_of_task(registered, "goal:goal_001:1") == record(
        1, outcome=-0.5, outcome_ts=TS, outcome_data={"missed": ["x"]}
    )
    for outcome in (-1.01, 1.01):
        add_record(registered, record(int(outcome) + 10, "goal_002"))
        with pytest.raises(sqlite3.IntegrityError):
            set_outcome(registered, f"record_{int(outcome) + 10}", outcome, TS, {})


def test_D4_a_task_has_one_decision(registered: Tx) -> None:
    add_record(registered, record(1))
    with pytest.raises(sqlite3.IntegrityError):
        add_record(registered, record(2, task_id="goal:goal_001:1"))


def test_records_come_newest_first_of_one_goal_or_of_all(registered: Tx) -> None:
    late = TS.replace("12:00", "13:00")
    for made in (record(3), record(1, ts=late), record(2), record(4, "goal_002")):
        add_record(registered, made)

    def found(*asked: object) -> list[str]:
        return [known.record_id for known in records(registered, *asked)]  # type: ignore[arg-type]

    assert found() == ["record_1", "record_4", "record_3", "record_2"]
    assert found("goal_001", 2) == ["record_1", "record_3"]
