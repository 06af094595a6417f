"""Selecting a goal for execution: the best one that is ready, vetted once more."""

from collections.abc import Iterator
from dataclasses import dataclass

from .execution import release_expired
from .adoption import note_block, vet
from .decisions import GOAL_SELECTED, weights_of
from .fields import utc_text
from .forms import DecisionRecordView, TaskView
from .ledger import ABANDONED, BLOCKED, SELECTED
from .model import Goal, GoalState, Weights
from .operation import Operation
from .ranking import Score, score, weights_view
from .store import decision_rows, goal_rows, ledger_rows, ranking_query, selection_rows, task_rows
from .vetting import Objection

OVERDUE = "overdue"
_MINUTE_US = 60_000_000
_FIRST_LOOK, _WIDER = 4, 8


@dataclass(frozen=True)
class Selection:
    """A goal that was selected, and the task that it became."""

    goal: Goal
    task: TaskView


def select(op: Operation, selection_key: str, owner: str | None = None) -> Selection | None:
    """Take the best goal that is ready and set it executing; None if there is none.

    The same key gets the same task, whatever became of the goal since. A key that was used for
    something else than a goal gets none.
    """
    kept = task_rows.find_selection(op.tx, selection_key)
    if kept is not None:
        task_rows.require_owner(kept, selection_key, owner)
        return _again(op, kept.task)
    tidy(op, owner)
    weights = weights_of(op.tx)
    for goal in ready(op, owner, weights):
        vetting = vet(op, goal)
        if vetting.objection is None:
            return _take(op, goal, selection_key, owner, weights)
        _note_once(op, goal, vetting.objection)
    return None


def tidy(op: Operation, owner: str | None) -> None:
    """What has to be put right before goals are looked at: leases that are over, overdue goals
    under the policy `abandon`, and blocked goals that the ledger does not tell of yet."""
    release_expired(op)
    if op.policy.overdue == "abandon":
        for goal in goal_rows.adopted_and_overdue(op.tx, op.now_us):
            op.change(goal, ABANDONED, reason=OVERDUE, state=GoalState.ABANDONED)
    unnoted = goal_rows.contradicted(op.tx, (GoalState.ADOPTED,), owner=owner, unnoted_only=True)
    for goal in unnoted:
        objection = vet(op, goal).objection
        if objection is not None:
            note_block(op, goal, objection, "select")
            goal_rows.note_blocked(op.tx, goal.id, True)


def ready(op: Operation, owner: str | None, weights: Weights) -> Iterator[Goal]:
    """The goals that are ready, best first. A few are read at a time: mostly the first is it."""
    seen, limit = 0, _FIRST_LOOK
    while True:
        found = ranking_query.ready_goals(
            op.tx, owner=owner, weights=weights, policy=op.policy, now_us=op.now_us, limit=limit
        )
        yield from found[seen:]
        if len(found) < limit:
            return
        seen, limit = len(found), limit * _WIDER


def _take(
    op: Operation, goal: Goal, selection_key: str, owner: str | None, weights: Weights
) -> Selection:
    scored = _score(op, goal, weights)
    record_id = op.new_id("decision")
    attempt = goal.attempts + 1
    task = TaskView(
        task_id=f"goal:{goal.id}:{attempt}",
        kind="goal",
        text=goal.text,
        goal_id=goal.id,
        attempt=attempt,
        success_metrics=goal.success_metrics,
        decision_record_id=record_id,
        trace_id=op.trace.trace_id,
        span_id=op.trace.span_id,
        metadata=goal.metadata,
    )
    executing = op.change(
        goal,
        SELECTED,
        data={
            "selection_key": selection_key,
            "task_id": task.task_id,
            "decision_record_id": record_id,
            "score": scored.raw,
        },
        state=GoalState.EXECUTING,
        attempts=attempt,
        selection_key=selection_key,
    )
    op.count("goal_selected_total")
    ts = utc_text(op.now)
    task_rows.add_task(op.tx, task, ts)
    task_rows.add_selection(op.tx, selection_key, owner, task, ts)
    decision_rows.add_record(op.tx, _record(op, task, scored, weights), selection_key=selection_key)
    goal_rows.note_blocked(op.tx, goal.id, False)
    if op.policy.lease_min is not None:
        until = op.now_us + op.policy.lease_min * _MINUTE_US
        goal_rows.set_lease(op.tx, goal.id, until)
    return Selection(executing, task)


def _score(op: Operation, goal: Goal, weights: Weights) -> Score:
    return score(
        goal, alignment=goal_rows.alignment(op.tx, goal.id), contradicted=False,
        weights=weights, policy=op.policy, now_us=op.now_us,
    )  # fmt: skip


def _record(op: Operation, task: TaskView, scored: Score, weights: Weights) -> DecisionRecordView:
    return DecisionRecordView(
        record_id=task.decision_record_id or "",
        decision_id=GOAL_SELECTED,
        ts=utc_text(op.now),
        goal_id=task.goal_id or "",
        task_id=task.task_id,
        score=scored.raw,
        weights=weights_view(weights, op.policy),
        trace_id=op.trace.trace_id,
        span_id=op.trace.span_id,
        outcome=None,
        outcome_ts=None,
        outcome_data=None,
    )


def _again(op: Operation, task: TaskView | None) -> Selection | None:
    if task is None or task.goal_id is None:
        return None
    goal = goal_rows.find_goal(op.tx, task.goal_id, include_deleted=True)
    return None if goal is None else Selection(goal, task)


def _note_once(op: Operation, goal: Goal, objection: Objection) -> None:
    """Of a goal that looked ready: nothing in its row tells that it is blocked."""
    told = ledger_rows.last(op.tx, goal.id)
    if (
        told is None
        or (told.event, told.reason) != (BLOCKED, objection.reason)
        or told.data["phase"] != "select"
        or told.data["belief_ids"] != list(objection.belief_ids)
    ):
        note_block(op, goal, objection, "select")
