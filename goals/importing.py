"""Taking goals over from elsewhere, as they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .adoption import note_block, vet
from .editing import require_no_cycle
from .errors import BadRequest
from .forms import GoalView, check_fit
from .ledger import CREATED
from .model import Goal, GoalState
from .operation import Operation
from .store import goal_rows
from .vetting import Objection

_TAKEN = ("prioritized",)
"""Ids that name something else in the HTTP API."""
_AT_WORK = (GoalState.ADOPTED, GoalState.EXECUTING)


@dataclass(frozen=True)
class ImportResult:
    """What came of an import."""

    created: int
    known: int
    """Left alone, since a goal with the id is there already, or was."""
    blocked: tuple[str, ...]
    """Came in as proposed, since a belief stands against them."""


def import_goals(op: Operation, views: Sequence[GoalView]) -> ImportResult:
    """Take goals over with their ids and states. Executing ones come in as adopted, since nobody
    here executes them; an adopted one that is blocked comes in as proposed.

    Raises BadRequest (invalid-goal, dependency-cycle); then none was taken over.
    """
    goals: dict[str, Goal] = {}
    known = 0
    for view in views:
        if view.id in goals or _is_known(op, view.id):
            known += 1
        else:
            goals[view.id] = _fit(view)
    # All are vetted before one is written, so that a checker that has to be asked elsewhere does
    # not cost the writing again for each question.
    objections = {
        goal.id: objection
        for goal in goals.values()
        if goal.state in _AT_WORK and (objection := vet(op, goal).objection) is not None
    }
    for goal in goals.values():
        require_no_cycle(op, goal)
        _bring_in(op, goal, objections.get(goal.id))
    return ImportResult(len(goals), known, tuple(objections))


def _bring_in(op: Operation, goal: Goal, objection: Objection | None) -> None:
    state = GoalState.ADOPTED if goal.state in _AT_WORK else goal.state
    if objection is not None:
        state = GoalState.PROPOSED
    brought = op.add(replace(goal, state=state, selection_key=None), CREATED, imported=True)
    if objection is not None:
        note_block(op, brought, objection, "adopt")


def _is_known(op: Operation, goal_id: str) -> bool:
    return goal_rows.find_goal(op.tx, goal_id, include_deleted=True) is not None


def _fit(view: GoalView) -> Goal:
    goal = view.to_goal()
    if goal.id in _TAKEN:
        raise BadRequest("invalid-goal", f"{goal.id!r} is no id for a goal", goal_id=goal.id)
    try:
        check_fit(goal.horizon_min_min, goal.horizon_max_min, goal.aligns_with, goal.contradicts)
    except ValueError as error:
        raise BadRequest("invalid-goal", f"{goal.id}: {error}", goal_id=goal.id) from None
    if goal.updated_at < goal.created_at:
        raise BadRequest(
            "invalid-goal", f"{goal.id}: updated_at is before created_at", goal_id=goal.id
        )
    return goal
