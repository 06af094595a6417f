"""Completing an execution: satisfied, to be tried again, or given up."""

from collections.abc import Mapping

from .errors import BadRequest, IllegalTransition
from .execution import OVER, end, task_id_of
from .ledger import ABANDONED, FAILED, SATISFIED
from .model import Goal, GoalState
from .operation import Operation
from .outcomes import finished
from .recurrence import bring_next
from .states import next_state
from .store import decision_rows

_COMPLETED = ("satisfied", "failed")


def complete(
    op: Operation,
    goal_id: str,
    *,
    success: bool,
    measured: Mapping[str, float],
    attempt: int | None = None,
    reason: str | None = None,
) -> Goal:
    """Take down how a goal's execution ended.

    Satisfied, if it succeeded and all success metrics were reached. Otherwise it is adopted
    again, or abandoned after the last attempt. The same attempt told again changes nothing.

    Raises GoalNotFound, IllegalTransition, BadRequest (attempt-over).
    """
    goal = op.goal(goal_id)
    if attempt is not None and _told_already(op, goal, attempt):
        return goal
    if next_state("satisfied", goal_id, goal.state) is None:
        return goal
    outcome = finished(success, goal.success_metrics, measured)
    end(op, goal, outcome)
    data = {"attempt": goal.attempts, **outcome.data}
    if outcome.data["ended"] == "satisfied":
        return _satisfy(op, goal, reason, data)
    spent = goal.attempts >= op.policy.max_attempts
    return op.change(
        goal,
        ABANDONED if spent else FAILED,
        reason=reason or (OVER if spent else None),
        data=data,
        state=GoalState.ABANDONED if spent else GoalState.ADOPTED,
        selection_key=None,
    )


def _satisfy(op: Operation, goal: Goal, reason: str | None, data: dict[str, object]) -> Goal:
    satisfied = op.change(
        goal, SATISFIED, reason=reason, data=data,
        state=GoalState.SATISFIED, selection_key=None,
    )  # fmt: skip
    bring_next(op, satisfied)
    return satisfied


def _told_already(op: Operation, goal: Goal, attempt: int) -> bool:
    """Whether this attempt's end was told before. Raises BadRequest if it ended otherwise, and
    IllegalTransition if it has not begun."""
    if attempt == goal.attempts and goal.state is GoalState.EXECUTING:
        return False
    record = decision_rows.find_record_of_task(op.tx, f"goal:{goal.id}:{attempt}")
    if record is None or record.outcome_data is None:
        raise IllegalTransition(goal.id, "completed", goal.state, [str(GoalState.EXECUTING)])
    ended = record.outcome_data["ended"]
    if ended in _COMPLETED:
        return True
    raise BadRequest(
        "attempt-over",
        f"execution {attempt} of goal {goal.id!r} had ended before: {ended}",
        goal_id=goal.id, attempt=attempt, ended=ended, current=task_id_of(goal),
    )  # fmt: skip
