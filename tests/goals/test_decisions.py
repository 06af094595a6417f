"""The registered decision: its parameters, their bounds and steps."""

import json
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gdg_runtime.goals.decisions import (
    GOAL_SELECTED,
    PARAMETERS,
    SUBSYSTEM,
    SUCCESS_METRICS,
    set_parameter,
    stepped,
    weights_of,
    within,
)
from gdg_runtime.goals.errors import BadRequest, DecisionNotFound
from gdg_runtime.goals.identity import Caller, Trace
from gdg_runtime.goals.model import Weights
from gdg_runtime.goals.policy import GoalPolicy
from gdg_runtime.goals.schemas import DecisionRecordView, DecisionView, ParameterView
from gdg_runtime.goals.store import task_rows
from gdg_runtime.goals.store.ledger_rows import dump_lines
from gdg_runtime.goals.store_api import GoalStore

MakeBench = Callable[..., Any]
BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def test_D2_the_parameters_are_the_specifications() -> None:
    assert (GOAL_SELECTED, SUBSYSTEM) == ("goal_selected", "goal_store")
    assert [(p.name, p.current, p.min, p.max, p.step) for p in PARAMETERS] == [
        ("value_weight", 0.5, 0.0, 1.0, 0.05),
        ("effort_weight", 0.25, 0.0, 1.0, 0.05),
        ("risk_weight", 0.15, 0.0, 1.0, 0.05),
        ("urgency_weight", 0.05, 0.0, 0.3, 0.02),
        ("alignment_weight", 0.05, 0.0, 0.3, 0.02),
    ]


def test_D3_the_success_metrics_are_the_specifications() -> None:
    assert SUCCESS_METRICS == ("coherence", "goal_satisfaction", "task_completion_rate")


def climbed(parameter: ParameterView, direction: int, times: int) -> list[float]:
    values = []
    for _ in range(times):
        parameter = stepped(parameter, direction)
        values.append(parameter.current)
    return values


def test_D2_steps_of_urgency_come_to_29_hundredths_and_end_at_the_bound() -> None:
    assert climbed(BY_NAME["urgency_weight"], 1, 14) == [
        0.07, 0.09, 0.11, 0.13, 0.15, 0.17, 0.19, 0.21, 0.23, 0.25, 0.27, 0.29, 0.3, 0.3,
    ]  # fmt: skip


def test_D2_steps_down_end_at_zero() -> None:
    assert climbed(BY_NAME["urgency_weight"], -1, 4) == [0.03, 0.01, 0.0, 0.0]
    assert climbed(BY_NAME["value_weight"], -1, 11)[-2:] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("asked", "given", "clamped"),
    [(0.3, 0.3, False), (0.31, 0.3, True), (9e9, 0.3, True), (-0.1, 0.0, True),
     (0.0, 0.0, False), (0.123456, 0.123456, False)],
)  # fmt: skip
def test_D2_a_value_outside_is_clamped_to_the_bound(
    asked: float, given: float, clamped: bool
) -> None:
    assert within(BY_NAME["alignment_weight"], asked) == (given, clamped)


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_D2_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(BadRequest, match=r"give a number from 0\.0 to 0\.3") as caught:
        within(BY_NAME["urgency_weight"], value)
    assert caught.value.code == "invalid-parameter"


# --- in a store ---------------------------------------------------------------------------------


@pytest.fixture
def store(bench: Any) -> GoalStore:
    return bench.store


def decisions(store: GoalStore) -> list[DecisionView]:
    with store.database.reading() as tx:
        return task_rows.read_decisions(tx)


def records(store: GoalStore) -> list[DecisionRecordView]:
    with store.database.reading() as tx:
        return task_rows.records(tx)


def weights(store: GoalStore) -> Weights:
    with store.database.reading() as tx:
        return weights_of(tx)


def set_weight(store: GoalStore, name: str, value: float) -> tuple[float, bool]:
    with store.database.transaction() as tx:
        parameter, clamped = set_parameter(tx, GOAL_SELECTED, name, value)
    return parameter.current, clamped


def test_D1_a_store_has_the_decision_registered_from_its_start(store: GoalStore) -> None:
    (decision,) = decisions(store)
    assert decision == DecisionView(
        decision_id="goal_selected",
        subsystem="goal_store",
        parameters=PARAMETERS,
        success_metrics=("coherence", "goal_satisfaction", "task_completion_rate"),
    )
    assert weights(store) == Weights(0.5, 0.25, 0.15, 0.05, 0.05)


def test_D1_registering_again_keeps_what_was_set(make_bench: MakeBench, tmp_path: Path) -> None:
    first = make_bench(tmp_path / "goals.db")
    set_weight(first.store, "value_weight", 0.7)
    first.store.close()
    again = make_bench(tmp_path / "goals.db", starting_weights=Weights(value=0.2))
    assert weights(again.store) == Weights(value=0.7)


def test_D1_a_store_may_begin_with_other_weights_within_the_bounds(make_bench: MakeBench) -> None:
    bench = make_bench(starting_weights=Weights(0.9, 0.8, 0.7, 0.6, 0.1))
    assert weights(bench.store) == Weights(0.9, 0.8, 0.7, 0.3, 0.1)


def test_D2_a_value_that_is_set_outside_is_clamped_and_said_to_be(store: GoalStore) -> None:
    assert set_weight(store, "urgency_weight", 0.5) == (0.3, True)
    assert set_weight(store, "urgency_weight", 0.2) == (0.2, False)
    assert weights(store) == Weights(urgency=0.2)


def test_D2_what_is_unknown_can_not_be_set(store: GoalStore) -> None:
    with pytest.raises(DecisionNotFound), store.database.transaction() as tx:
        set_parameter(tx, GOAL_SELECTED, "luck_weight", 0.5)
    with pytest.raises(DecisionNotFound), store.database.transaction() as tx:
        set_parameter(tx, "goal_dropped", "value_weight", 0.5)


def test_R5_the_next_ranking_uses_the_weights_that_were_set(bench: Any) -> None:
    bench.adopt("Worth much", value=0.9, effort=0.9)
    bench.adopt("Costs little", value=0.5, effort=0.1)
    assert bench.store.prioritized().items[0].goal.text == "Worth much"
    set_weight(bench.store, "effort_weight", 1.0)
    assert bench.store.prioritized().items[0].goal.text == "Costs little"


def test_D4_each_selection_leaves_one_record(bench: Any) -> None:
    goal = bench.adopt(value=0.8, effort=0.3, risk=0.1)
    set_weight(bench.store, "risk_weight", 0.2)
    trace = Trace(trace_id="ab" * 16, span_id="cd" * 8)
    for _ in range(2):
        selected = bench.store.select_goal("a", caller=Caller(trace=trace))
    (record,) = records(bench.store)
    assert (record.decision_id, record.goal_id) == ("goal_selected", goal.id)
    assert record.task_id == selected.task.task_id
    assert record.record_id == selected.task.decision_record_id
    assert record.weights.model_dump() == {
        "value": 0.5, "effort": 0.25, "risk": 0.2, "urgency": 0.05, "alignment": 0.05, "age": 0.0,
    }  # fmt: skip
    assert record.score == 0.5 * 0.8 + 0.25 * (1 - 0.3) + 0.2 * (1 - 0.1)
    assert (record.trace_id, record.span_id) == ("ab" * 16, selected.task.span_id)
    assert (record.outcome, record.outcome_ts, record.outcome_data) == (None, None, None)


@pytest.mark.parametrize(
    ("success", "measured", "outcome"),
    [(True, {"a": 1.0, "b": 2.0}, 1.0), (True, {"a": 1.0}, 0.25), (False, {}, -1.0)],
)
def test_D4_a_finish_leaves_exactly_one_outcome(
    bench: Any, success: bool, measured: dict[str, float], outcome: float
) -> None:
    goal = bench.adopt(success_metrics={"a": 1.0, "b": 2.0})
    bench.store.select_goal("a")
    bench.store.complete(goal.id, success=success, measured=measured, attempt=1)
    bench.store.complete(goal.id, success=not success, measured={"a": 9.0, "b": 9.0}, attempt=1)
    (record,) = records(bench.store)
    assert record.outcome == outcome
    assert record.outcome_data["measured"] == measured


def test_D4_every_execution_has_an_outcome_of_its_own(bench: Any) -> None:
    goal = bench.adopt()
    bench.store.select_goal("a")
    bench.store.complete(goal.id, success=False)
    bench.store.select_goal("b")
    bench.store.release(goal.id)
    bench.store.select_goal("c")
    bench.store.complete(goal.id, success=True)
    by_task = {record.task_id: record.outcome for record in records(bench.store)}
    assert by_task == {
        f"goal:{goal.id}:1": -0.5, f"goal:{goal.id}:2": 0.0, f"goal:{goal.id}:3": 1.0,
    }  # fmt: skip


def history(make_bench: MakeBench, seed: int) -> list[bytes]:
    """What a store holds after 30 selections that went well or not."""
    luck = Random(seed)
    bench = make_bench(bits=Random(seed).getrandbits, policy=GoalPolicy(max_attempts=1000))
    for number in range(10):
        bench.adopt(f"Goal {number}", value=luck.random(), effort=luck.random())
    for number in range(30):
        selected = bench.store.select_goal(f"key-{number}")
        bench.store.complete(selected.goal.id, success=number % 7 == 6)
    with bench.store.database.reading() as tx:
        return list(dump_lines(tx))


def test_D5_outcomes_change_no_weight(make_bench: MakeBench) -> None:
    rows = [
        row for row in map(json.loads, history(make_bench, 3)) if row.get("table") == "parameters"
    ]
    assert {row["name"]: row["current"] for row in rows} == {
        parameter.name: parameter.current for parameter in PARAMETERS
    }


def test_D5_the_same_seed_makes_the_same_decisions(make_bench: MakeBench) -> None:
    assert history(make_bench, 3) == history(make_bench, 3)
    assert history(make_bench, 3) != history(make_bench, 4)


def test_setting_what_is_set_already_changes_nothing(store: GoalStore) -> None:
    assert set_weight(store, "value_weight", 0.5) == (0.5, False)
    assert set_weight(store, "urgency_weight", 0.3) == (0.3, False)
    assert set_weight(store, "urgency_weight", 0.9) == (0.3, True)
    assert weights(store) == Weights(urgency=0.3)
