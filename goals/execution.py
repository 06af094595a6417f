"""How an execution ends, whatever its end: task, decision record and lease."""

from typing import Literal

from .fields import utc_text
from .ledger import ABANDONED, RELEASED
from .model import Goal, GoalState
from .operation import Operation
from .outcomes import Outcome, interrupted
from .states import next_state
from .store import decision_rows, goal_rows, task_rows

OVER = "attempts used up"


def task_id_of(goal: Goal) -> str:
    """The id of the task of the goal's current or last execution."""
    return f"goal:{goal.id}:{goal.attempts}"


def end(op: Operation, goal: Goal, outcome: Outcome) -> None:
    """Close the task of an executing goal, and write down what came of the decision for it."""
    task_id, ts = task_id_of(goal), utc_text(op.now)
    task_rows.close_task(op.tx, task_id, ts)
    record = decision_rows.find_record_of_task(op.tx, task_id)
    if record is not None:
        decision_rows.set_outcome(op.tx, record.record_id, outcome.score, ts, outcome.data)


def release(
    op: Operation,
    goal: Goal,
    cause: Literal["released", "belief", "lease"],
    reason: str | None = None,
) -> Goal:
    """Give an executing goal back to the adopted ones. Raises IllegalTransition."""
    next_state("released", goal.id, goal.state)
    end(op, goal, interrupted(cause))
    return op.change(
        goal,
        RELEASED,
        reason=reason or cause,
        data={"attempt": goal.attempts, "cause": cause, "task_id": task_id_of(goal)},
        state=GoalState.ADOPTED,
        selection_key=None,
    )


def abandon(op: Operation, goal_id: str, reason: str | None = None) -> Goal:
    """Give a goal up; nothing is done if it was given up already.

    Raises GoalNotFound and IllegalTransition.
    """
    goal = op.goal(goal_id)
    state = next_state("abandoned", goal_id, goal.state)
    if state is None:
        return goal
    if goal.state is GoalState.EXECUTING:
        end(op, goal, interrupted("abandoned"))
    return op.change(goal, ABANDONED, reason=reason, state=state, selection_key=None)


def release_expired(op: Operation) -> None:
    """Release the executing goals whose lease is over; those out of attempts are given up."""
    for goal in goal_rows.expired_leases(op.tx, op.now_us):
        released = release(op, goal, "lease")
        if released.attempts >= op.policy.max_attempts:
            abandon(op, goal.id, OVER)
