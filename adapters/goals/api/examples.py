"""An example of each request and response; a test holds each against its schema."""

from typing import Any

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
_SPAN_ID = "00f067aa0ba902b7"
_GOAL_ID = "goal_01k9hr8m2v7d3x5q0b6n4t8wzy"
_TASK_ID = f"goal:{_GOAL_ID}:1"
_BELIEF_ID = "core.ontological.consciousness"
_CREATED = "2025-11-08T12:00:00.000000Z"
_LATER = "2025-11-08T12:05:00.000000Z"

PARAMETERS: dict[str, Any] = {
    "goal_id": _GOAL_ID,
    "belief_id": _BELIEF_ID,
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
    "aligns_with": [_BELIEF_ID],
    "contradicts": [],
    "success_metrics": {"coherence_delta": 0.05},
    "metadata": {},
}
_GOAL: dict[str, Any] = {
    "id": _GOAL_ID,
    **DRAFT,
    "state": "proposed",
    "created_at": _CREATED,
    "updated_at": _CREATED,
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
_NEWER = {**_GOAL, "version": 2, "updated_at": _LATER}
_READ = {**_GOAL, "warnings": []}
_ADOPTED = {**_NEWER, "state": "adopted"}
_WEIGHTS = {"value": 0.5, "effort": 0.25, "risk": 0.15, "urgency": 0.05, "alignment": 0.05,
            "age": 0.0}  # fmt: skip
_COMPONENTS = {"value": 0.4, "effort": 0.175, "risk": 0.135, "urgency": 0.0, "alignment": 0.05,
               "age": 0.0, "penalty": 0.0}  # fmt: skip
_RANKED = {"rank": 1, "goal": _GOAL, "priority": 0.76, "raw_score": 0.76,
           "components": _COMPONENTS, "blocked_by": []}  # fmt: skip
_BELIEF_DRAFT = {
    "id": _BELIEF_ID,
    "text": "I reflect on what I am",
    "active": True,
    "confidence": 0.9,
    "immutable": False,
}
_BELIEF = {**_BELIEF_DRAFT, "created_at": _CREATED, "updated_at": _CREATED, "version": 1}
_TASK = {
    "task_id": _TASK_ID,
    "kind": "goal",
    "text": DRAFT["text"],
    "goal_id": _GOAL_ID,
    "attempt": 1,
    "success_metrics": DRAFT["success_metrics"],
    "decision_record_id": "decision_01k9hr8m2v7d3x5q0b6n4t8wzz",
    "trace_id": TRACE_ID,
    "span_id": _SPAN_ID,
    "metadata": {},
}
_EVENT = {
    "seq": 1,
    "ts": _CREATED,
    "event": "goal_created",
    "goal_id": _GOAL_ID,
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
_HISTORY = {"items": [_EVENT], "next_after": None}
_VALUE_WEIGHT = {"name": "value_weight", "current": 0.5, "min": 0.0, "max": 1.0, "step": 0.05}
_RECORD = {
    "record_id": _TASK["decision_record_id"],
    "decision_id": "goal_selected",
    "ts": _LATER,
    "goal_id": _GOAL_ID,
    "task_id": _TASK_ID,
    "score": 0.76,
    "weights": _WEIGHTS,
    "trace_id": TRACE_ID,
    "span_id": _SPAN_ID,
    "outcome": None,
    "outcome_ts": None,
    "outcome_data": None,
}
_OK = {"status": "ok"}
_METRICS = """\
# HELP goals_by_state Goals in a state now.
# TYPE goals_by_state gauge
goals_by_state{state="proposed"} 1.0
"""

REQUESTS: dict[str, dict[str, Any]] = {
    "create_goal": {
        "the specification's": DRAFT,
        "short": {"text": "Tidy the test data", "category": "maintenance"},
    },
    "edit_goal": {
        "more urgent": {"value": 0.9, "horizon_max_min": 1440},
        "without a deadline": {"horizon_max_min": None},
    },
    "import_goals": {"one goal": {"goals": [_GOAL]}},
    "next_task": {"one worker": {"selection_key": "worker-1:2025-11-08T12:05"}},
    "abandon_goal": {"with a reason": {"reason": "superseded"}},
    "complete_goal": {
        "reached": {"success": True, "measured": {"coherence_delta": 0.07}, "attempt": 1},
        "failed": {"success": False, "reason": "the tool did not answer"},
    },
    "release_goal": {"with a reason": {"reason": "the worker is stopped"}},
    "add_belief": {"held": _BELIEF_DRAFT},
    "edit_belief": {"given up": {"active": False}},
    "set_parameter": {"more for value": {"value": 0.55}},
}
"""Operation to title to body."""

RESPONSES: dict[str, Any] = {
    "create_goal": _READ,
    "list_goals": {"items": [_GOAL], "next_cursor": None},
    "prioritize_goals": {"items": [_RANKED], "weights_used": _WEIGHTS, "considered": 1},
    "import_goals": {"created": 1, "known": 0, "blocked": []},
    "read_goal": _READ,
    "edit_goal": {**_NEWER, "value": 0.9, "horizon_max_min": 1440, "warnings": []},
    "delete_goal": {**_NEWER, "deleted_at": _LATER, "warnings": []},
    "explain_goal": {
        "ranked": _RANKED,
        "weights_used": _WEIGHTS,
        "lines": ["value      0.8 * 0.5  = 0.4"],
    },
    "next_task": {"task": _TASK, "shadow": None},
    "adopt_goal": {
        **_ADOPTED,
        "warnings": [
            {"code": "unknown_belief", "belief_id": _BELIEF_ID, "detail": "no belief has this id"}
        ],
    },
    "approve_goal": {**_NEWER, "approved_by": "http", "warnings": []},
    "abandon_goal": {**_NEWER, "state": "abandoned", "warnings": []},
    "complete_goal": {**_NEWER, "version": 4, "state": "satisfied", "attempts": 1, "warnings": []},
    "release_goal": {**_ADOPTED, "version": 4, "attempts": 1, "warnings": []},
    "read_ledger": _HISTORY,
    "read_history": _HISTORY,
    "add_belief": _BELIEF,
    "list_beliefs": {"items": [_BELIEF], "next_cursor": None},
    "read_belief": _BELIEF,
    "edit_belief": {**_BELIEF, "active": False, "version": 2, "updated_at": _LATER},
    "list_decisions": {
        "decisions": [
            {
                "decision_id": "goal_selected",
                "subsystem": "goal_store",
                "parameters": [_VALUE_WEIGHT],
                "success_metrics": ["coherence", "goal_satisfaction", "task_completion_rate"],
            }
        ],
        "records": [_RECORD],
    },
    "set_parameter": {**_VALUE_WEIGHT, "current": 0.55, "clamped": False},
    "read_rollout": {
        "selections": 12,
        "finished": 10,
        "successes": 9,
        "success_rate": 0.9,
        "safety_blocks": 1,
        "violations": 0,
        "crashes": 0,
        "verdict": "insufficient",
        "reasons": ["12 selections; 20 are needed"],
    },
    "healthz": _OK,
    "readyz": _OK,
    "metrics": _METRICS,
}
"""Operation to the body of its success."""
