"""Pieces of which the table makes examples of requests and responses; a test holds each example
against its schema."""

from typing import Any

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
_SPAN_ID = "00f067aa0ba902b7"
GOAL_ID = "goal_01k9hr8m2v7d3x5q0b6n4t8wzy"
TASK_ID = f"goal:{GOAL_ID}:1"
BELIEF_ID = "core.ontological.consciousness"
CREATED = "2025-11-08T12:00:00.000000Z"
LATER = "2025-11-08T12:05:00.000000Z"

PARAMETERS: dict[str, Any] = {
    "goal_id": GOAL_ID,
    "belief_id": BELIEF_ID,
    "decision_id": "goal_selected",
    "name": "value_weight",
    "if-match": '"1"',
    "if-none-match": '"1"',
}

DRAFT: dict[str, Any] = {
    "text": "Conduct weekly self-reflection on identity coherence",
    "category": "introspection",
    "value": 0.8,
    "effort": 0.3,
    "risk": 0.1,
    "horizon_min_min": 0,
    "horizon_max_min": 10080,
    "aligns_with": [BELIEF_ID],
    "contradicts": [],
    "success_metrics": {"coherence_delta": 0.05},
    "metadata": {},
}
GOAL: dict[str, Any] = {
    "id": GOAL_ID,
    **DRAFT,
    "state": "proposed",
    "created_at": CREATED,
    "updated_at": CREATED,
    "version": 1,
    "deleted_at": None,
    "owner": None,
    "depends_on": [],
    "repeat_every_min": None,
    "requires_approval": False,
    "approved_by": None,
    "previous_id": None,
    "attempts": 0,
    "selection_key": None,
}
NEWER = {**GOAL, "version": 2, "updated_at": LATER}
READ = {**GOAL, "warnings": []}
ADOPTED = {**NEWER, "state": "adopted"}
WEIGHTS = {"value": 0.5, "effort": 0.25, "risk": 0.15, "urgency": 0.05, "alignment": 0.05,
            "age": 0.0}  # fmt: skip
COMPONENTS = {"value": 0.4, "effort": 0.175, "risk": 0.135, "urgency": 0.0, "alignment": 0.05,
               "age": 0.0, "penalty": 0.0}  # fmt: skip
RANKED = {"rank": 1, "goal": GOAL, "priority": 0.76, "raw_score": 0.76,
           "components": COMPONENTS, "blocked_by": []}  # fmt: skip
BELIEF_DRAFT = {
    "id": BELIEF_ID,
    "text": "I reflect on what I am",
    "active": True,
    "confidence": 0.9,
    "immutable": False,
}
BELIEF = {**BELIEF_DRAFT, "created_at": CREATED, "updated_at": CREATED, "version": 1}
TASK = {
    "task_id": TASK_ID,
    "kind": "goal",
    "text": DRAFT["text"],
    "goal_id": GOAL_ID,
    "attempt": 1,
    "success_metrics": DRAFT["success_metrics"],
    "decision_record_id": "decision_01k9hr8m2v7d3x5q0b6n4t8wzz",
    "trace_id": TRACE_ID,
    "span_id": _SPAN_ID,
    "metadata": {},
}
EVENT = {
    "seq": 1,
    "ts": CREATED,
    "event": "goal_created",
    "goal_id": GOAL_ID,
    "version": 1,
    "state_from": None,
    "state_to": "proposed",
    "actor": "http",
    "reason": None,
    "trace_id": TRACE_ID,
    "span_id": _SPAN_ID,
    "data": {},
    "prev_hash": "0" * 64,
    "hash": "9b1f0c6d" * 8,
}
HISTORY = {"items": [EVENT], "next_after": None}
VALUE_WEIGHT = {"name": "value_weight", "current": 0.5, "min": 0.0, "max": 1.0, "step": 0.05}
RECORD = {
    "record_id": TASK["decision_record_id"],
    "decision_id": "goal_selected",
    "ts": LATER,
    "goal_id": GOAL_ID,
    "task_id": TASK_ID,
    "score": 0.76,
    "weights": WEIGHTS,
    "trace_id": TRACE_ID,
    "span_id": _SPAN_ID,
    "outcome": None,
    "outcome_ts": None,
    "outcome_data": None,
}
HEALTH = {"status": "ok"}
METRICS = """\
# HELP goals_by_state Goals in a state now.
# TYPE goals_by_state gauge
goals_by_state{state="proposed"} 1.0
"""
