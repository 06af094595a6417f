"""Goals that repeat: the next occurrence is there as soon as this one is satisfied."""

from dataclasses import replace
from datetime import timedelta

from .adoption import enter_adopted, note_block, vet_for_adoption
from .fields import FOREVER_MIN
from .ledger import CREATED
from .model import Goal, GoalState
from .operation import Operation
from .ranking import needs_approval

_MINUTE = timedelta(minutes=1)


def next_occurrence(goal: Goal, op: Operation) -> Goal:
    """The goal as it comes again: at the first multiple of its period, counted from its start,
    that lies after now. Missed ones are skipped.

    Horizons are whole minutes, so it counts as created up to a minute before now: otherwise the
    starts would drift.
    """
    period = timedelta(minutes=goal.repeat_every_min or 0)
    start = goal.starts_at + (max(op.now - goal.starts_at, timedelta()) // period + 1) * period
    wait_min = -((op.now - start) // _MINUTE)
    created = start - wait_min * _MINUTE
    window = None if goal.horizon_max_min is None else goal.horizon_max_min - goal.horizon_min_min
    return replace(
        goal,
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
    stands against that, it is left as a proposal."""
    if goal.repeat_every_min is None:
        return
    coming = op.add(next_occurrence(goal, op), CREATED, previous_id=goal.id)
    if needs_approval(coming, op.policy):
        return
    vetting = vet_for_adoption(op, coming)
    if vetting.objection is None:
        enter_adopted(op, coming)
    else:
        note_block(op, coming, vetting.objection, "adopt")
