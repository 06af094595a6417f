"""The selection of what is to be done next: the best goal that is ready, as far as the flags let
goals decide, or a scheduled task."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from .decisions import GOAL_SELECTED
from .fields import utc_text
from .lifecycle import note_block, release_expired, vet
from .model import Goal, GoalState
from .operation import Operation
from .ranking import Formula
from .schemas import DecisionRecordView, TaskView
from .store import goal_rows, ledger_rows, ranking_query, task_rows
from .vetting import Objection

OVERDUE = "overdue"
_MINUTE_US = 60_000_000
_FIRST_LOOK, _WIDER = 4, 8
_LOG = logging.getLogger(__name__)
KEPT = timedelta(hours=24)
"""Time for which a key that got a scheduled task gets the same again; one that got a goal always
does."""


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
    formula = op.formula()
    for goal in ready(op, owner, formula):
        vetting = vet(op, goal)
        if vetting.objection is None:
            return _take(op, goal, selection_key, owner, formula)
        _note_once(op, goal, vetting.objection)
    return None


def tidy(op: Operation, owner: str | None) -> None:
    """Put right what selection depends on: leases that are over, overdue goals under the policy
    `abandon`, and blocked goals that are not noted in the ledger yet."""
    release_expired(op)
    if op.policy.overdue == "abandon":
        for goal in goal_rows.adopted_and_overdue(op.tx, op.now_us):
            op.change(goal, "goal_abandoned", reason=OVERDUE, state=GoalState.ABANDONED)
    unnoted = goal_rows.contradicted(op.tx, (GoalState.ADOPTED,), owner=owner, unnoted=True)
    for goal in unnoted:
        objection = vet(op, goal).objection
        if objection is not None:
            note_block(op, goal, objection, "select")
            goal_rows.note_blocked(op.tx, goal.id, True)


def ready(op: Operation, owner: str | None, formula: Formula) -> Iterator[Goal]:
    """Return the goals that are ready, best first. A few are read at a time: mostly the first is
    it."""
    seen, limit = 0, _FIRST_LOOK
    while True:
        found = ranking_query.ready_goals(op.tx, formula, owner=owner, limit=limit)
        yield from found[seen:]
        if len(found) < limit:
            return
        seen, limit = len(found), limit * _WIDER


def _take(
    op: Operation, goal: Goal, selection_key: str, owner: str | None, formula: Formula
) -> Selection:
    score = formula.score(goal, goal_rows.alignment(op.tx, goal.id), contradicted=False).raw
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
        "goal_selected_for_execution",
        data={
            "selection_key": selection_key,
            "task_id": task.task_id,
            "decision_record_id": record_id,
            "score": score,
        },
        state=GoalState.EXECUTING,
        attempts=attempt,
        selection_key=selection_key,
    )
    op.count("goal_selected_total")
    ts = utc_text(op.now)
    task_rows.add_task(op.tx, task, ts)
    task_rows.add_selection(op.tx, selection_key, owner, task, ts)
    task_rows.add_record(op.tx, _record(op, task, score, formula), selection_key=selection_key)
    goal_rows.note_blocked(op.tx, goal.id, False)
    if op.policy.lease_min is not None:
        until = op.now_us + op.policy.lease_min * _MINUTE_US
        goal_rows.set_lease(op.tx, goal.id, until)
    return Selection(executing, task)


def _record(op: Operation, task: TaskView, score: float, formula: Formula) -> DecisionRecordView:
    shared = task.model_dump(include={"goal_id", "task_id", "trace_id", "span_id"})
    return DecisionRecordView(
        **shared, record_id=task.decision_record_id or "", decision_id=GOAL_SELECTED,
        ts=utc_text(op.now), score=score, weights=formula.weights_view(),
        outcome=None, outcome_ts=None, outcome_data=None,
    )  # fmt: skip


def _again(op: Operation, task: TaskView | None) -> Selection | None:
    if task is None or task.goal_id is None:
        return None
    goal = goal_rows.find_goal(op.tx, task.goal_id, include_deleted=True)
    return None if goal is None else Selection(goal, task)


def _note_once(op: Operation, goal: Goal, objection: Objection) -> None:
    """Note the block of a goal that looked ready, once: nothing in its row shows that it is
    blocked."""
    newest = ledger_rows.last(op.tx, goal.id)
    if (
        newest is None
        or (newest.event, newest.reason) != ("goal_blocked_by_belief", objection.reason)
        or newest.data["phase"] != "select"
        or newest.data["belief_ids"] != list(objection.belief_ids)
    ):
        note_block(op, goal, objection, "select")


class NextStep(NamedTuple):
    """The next thing to do."""

    task: TaskView | None
    """None: nothing."""
    shadow: Goal | None = None
    """The goal that would have been taken, were it not for shadow mode."""
    replayed: bool = False
    """The key had got this task before."""


def next_task(op: Operation, selection_key: str, owner: str | None = None) -> NextStep:
    """Decide what is done next, within a transaction.

    The same key gets the same task again; a key that got none is not used up. In shadow mode the
    best goal that is ready is reported and logged, its text not checked once more; if ranking fails
    there, that is logged and the scheduled task comes all the same.
    """
    kept = task_rows.find_selection(op.tx, selection_key)
    if kept is not None and kept.task is not None:
        task_rows.require_owner(kept, selection_key, owner)
        return NextStep(kept.task, replayed=True)
    # With goals switched off as well: those that still execute must not hang for ever.
    release_expired(op)
    shadow = None
    if op.flags.shadow:
        shadow = _would_take(op, selection_key, owner)
    elif op.flags.live and op.flags.draw(selection_key):
        selected = select(op, selection_key, owner)
        if selected is not None:
            return NextStep(selected.task)
    return NextStep(_take_scheduled(op, selection_key, owner), shadow)


def _would_take(op: Operation, selection_key: str, owner: str | None) -> Goal | None:
    try:
        best = ranking_query.ready_goals(op.tx, op.formula(), owner=owner, limit=1)
    except Exception as error:
        if not op.tx.in_transaction:  # the database gave up, not the ranking
            raise
        _LOG.error("goal_shadow_failed: scheduled tasks go on without it", exc_info=error)
        return None
    for goal in best:
        _LOG.info("goal_shadow_selected: %s for %s", goal.id, selection_key)
        return goal
    return None


def _take_scheduled(op: Operation, selection_key: str, owner: str | None) -> TaskView | None:
    due = task_rows.due_scheduled(op.tx, owner, op.now_us)
    if due is None:
        return None
    task_rows.take_scheduled(op.tx, due.task_id, op.now_us)
    task_rows.add_selection(op.tx, selection_key, owner, due.task, utc_text(op.now))
    task_rows.forget_scheduled(op.tx, utc_text(op.now - KEPT))
    return due.task
