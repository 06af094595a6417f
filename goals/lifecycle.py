"""The life of a goal: approval, adoption, the end of an execution, repetition."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from .decisions import Outcome, finished, interrupted
from .errors import ApprovalRequired, BadRequest, IllegalTransition
from .fields import FOREVER_MIN, utc_text
from .model import EDITABLE, Goal, GoalState, next_state
from .operation import Operation
from .ranking import is_overdue, needs_approval
from .schemas import GoalAnswer
from .store import goal_rows, task_rows
from .vetting import Objection, Phase, Vetting, read_bearing

OVER = "attempts used up"
_MINUTE = timedelta(minutes=1)
_COMPLETED = ("satisfied", "failed")


def task_id_of(goal: Goal) -> str:
    """Return the id of the task of the goal's current or last execution."""
    return f"goal:{goal.id}:{goal.attempts}"


def end(op: Operation, goal: Goal, outcome: Outcome) -> None:
    """Close the task of an executing goal, and write down what came of the decision for it."""
    task_id, ts = task_id_of(goal), utc_text(op.now)
    task_rows.close_task(op.tx, task_id, ts)
    record = task_rows.find_record_of_task(op.tx, task_id)
    if record is not None:
        task_rows.set_outcome(op.tx, record.record_id, outcome.score, ts, outcome.data)


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
        "goal_released",
        reason=reason or cause,
        data={"attempt": goal.attempts, "cause": cause, "task_id": task_id_of(goal)},
        state=GoalState.ADOPTED,
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
    return op.change(goal, "goal_abandoned", reason=reason, state=state)


def release_expired(op: Operation) -> None:
    """Release the executing goals whose lease is over; those out of attempts are given up."""
    for goal in goal_rows.expired_leases(op.tx, op.now_us):
        released = release(op, goal, "lease")
        if released.attempts >= op.policy.max_attempts:
            abandon(op, goal.id, OVER)


def adopt(op: Operation, goal_id: str, expected_version: int | None = None) -> GoalAnswer:
    """Vet a proposed goal and adopt it; nothing is done if it is adopted or executing already.

    Raises GoalNotFound, VersionConflict, IllegalTransition, ApprovalRequired, and, noted in the
    ledger, DeadlinePassed, GoalBlocked and CheckerUnavailable.
    """
    goal = op.goal(goal_id, expected_version=expected_version)
    state = next_state("adopted", goal_id, goal.state)
    if state is None:
        return GoalAnswer(goal=goal)
    if needs_approval(goal, op.policy):
        raise ApprovalRequired(goal_id)
    vetting = vet_for_adoption(op, goal)
    if vetting.objection is not None:
        note_block(op, goal, vetting.objection, "adopt")
        raise vetting.objection.as_error(goal)
    adopted = enter_adopted(op, goal)
    return GoalAnswer(goal=adopted, warnings=vetting.warnings)


def enter_adopted(op: Operation, goal: Goal) -> Goal:
    """Adopt a goal that was vetted in this transaction."""
    adopted = op.change(goal, "goal_adopted", state=GoalState.ADOPTED)
    op.count("goals_adopted_total")
    return adopted


def vet_for_adoption(op: Operation, goal: Goal) -> Vetting:
    """Vet a goal for adoption: its deadline, then its beliefs."""
    if is_overdue(goal, op.now_us):
        return Vetting(Objection("deadline", "the deadline has passed"))
    return vet(op, goal)


def vet(op: Operation, goal: Goal) -> Vetting:
    """Vet a goal against the beliefs as they are now."""
    return op.vetter.vet(goal, read_bearing(op.tx, goal, op.policy))


def note_block(op: Operation, goal: Goal, objection: Objection, phase: Phase) -> None:
    """Write down that a goal was blocked, and count it for each of the beliefs."""
    op.record(
        "goal_blocked_by_belief", goal, goal.state, objection.reason,
        belief_ids=list(objection.belief_ids), severity=objection.severity,
        phase=phase, why=objection.why,
    )  # fmt: skip
    for belief_id in objection.belief_ids:
        op.count("goal_blocked_by_belief_total", belief_id=belief_id)


def approve(op: Operation, goal_id: str, expected_version: int | None = None) -> Goal:
    """Note who approves the goal; once approved it stays so.

    Raises GoalNotFound, VersionConflict and IllegalTransition.
    """
    goal = op.goal(goal_id, expected_version=expected_version)
    if goal.approved_by is not None:
        return goal
    if goal.state not in EDITABLE:
        raise IllegalTransition(goal_id, "approved", goal.state, [str(one) for one in EDITABLE])
    return op.change(goal, "goal_approved", approved_by=op.actor)


def next_occurrence(goal: Goal, op: Operation) -> Goal:
    """Return the goal as it comes again: at the first multiple of its period, counted from its
    start, that lies after now. Missed ones are skipped.

    Horizons are whole minutes, so it counts as created up to a minute before now: otherwise the
    starts would drift.
    """
    period = timedelta(minutes=goal.repeat_every_min or 0)
    start = goal.starts_at + (max(op.now - goal.starts_at, timedelta()) // period + 1) * period
    wait_min = -((op.now - start) // _MINUTE)
    created = start - wait_min * _MINUTE
    window = None if goal.horizon_max_min is None else goal.horizon_max_min - goal.horizon_min_min
    return goal.changed(
        id=op.new_id("goal"),
        horizon_min_min=wait_min,
        horizon_max_min=None if window is None else min(wait_min + window, FOREVER_MIN),
        state=GoalState.PROPOSED,
        created_at=created,
        updated_at=created,
        version=1,
        previous_id=goal.id,
        attempts=0,
        selection_key=None,
    )


def bring_next(op: Operation, goal: Goal) -> None:
    """Create the next occurrence of a satisfied goal, if it repeats, and adopt it. If something
    blocks that, it stays a proposal."""
    if goal.repeat_every_min is None:
        return
    coming = op.add(next_occurrence(goal, op), "goal_created", previous_id=goal.id)
    if needs_approval(coming, op.policy):
        return
    vetting = vet_for_adoption(op, coming)
    if vetting.objection is None:
        enter_adopted(op, coming)
    else:
        note_block(op, coming, vetting.objection, "adopt")


def complete(
    op: Operation,
    goal_id: str,
    *,
    success: bool,
    measured: Mapping[str, float],
    attempt: int | None = None,
    reason: str | None = None,
) -> Goal:
    """Complete a goal's execution.

    Satisfied, if it succeeded and all success metrics were reached. Otherwise it is adopted
    again, or abandoned after the last attempt. The same attempt reported again changes nothing.

    Raises GoalNotFound, IllegalTransition, BadRequest (attempt-over).
    """
    goal = op.goal(goal_id)
    if attempt is not None and _is_reported(op, goal, attempt):
        return goal
    if next_state("satisfied", goal_id, goal.state) is None:
        return goal
    outcome = finished(success, goal.success_metrics, measured)
    end(op, goal, outcome)
    data = {"attempt": goal.attempts, **outcome.data}
    if outcome.data["ended"] == "satisfied":
        state = GoalState.SATISFIED
        satisfied = op.change(goal, "goal_satisfied", reason=reason, data=data, state=state)
        bring_next(op, satisfied)
        return satisfied
    if goal.attempts >= op.policy.max_attempts:
        state, reason = GoalState.ABANDONED, reason or OVER
        return op.change(goal, "goal_abandoned", reason=reason, data=data, state=state)
    return op.change(goal, "goal_failed", reason=reason, data=data, state=GoalState.ADOPTED)


def _is_reported(op: Operation, goal: Goal, attempt: int) -> bool:
    """Return whether this attempt's end was reported before. Raises BadRequest if it ended
    otherwise, and IllegalTransition if it has not begun."""
    if attempt == goal.attempts and goal.state is GoalState.EXECUTING:
        return False
    record = task_rows.find_record_of_task(op.tx, f"goal:{goal.id}:{attempt}")
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
