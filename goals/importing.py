"""Taking goals over from elsewhere, as they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from .adoption import note_block, vet_for_adoption
from .editing import require_no_cycle
from .errors import BadRequest
from .fields import LAST_YEAR
from .forms import GoalView, check_fit
from .ledger import CREATED
from .model import Goal, GoalState
from .operation import Operation
from .ranking import needs_approval
from .store import goal_rows
from .vetting import Objection

_TAKEN = ("prioritized",)
"""Ids that name something else in the HTTP API."""
_MOST_CHANGES = 10**12
_LAST_CHANGE = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
"""What is taken over of a goal's past, at most. There is room above for what comes: a goal that was
imported can be changed, and then be read and imported elsewhere."""
_AT_WORK = (GoalState.ADOPTED, GoalState.EXECUTING)


@dataclass(frozen=True)
class ImportResult:
    """What came of an import."""

    created: int
    known: int
    """Left alone, since a goal with the id is there already, or was."""
    blocked: tuple[str, ...]
    """Came in as proposed, since a belief, the deadline or a missing approval stands against
    adopting them."""


def import_goals(op: Operation, views: Sequence[GoalView]) -> ImportResult:
    """Take goals over with their ids and states. Executing ones come in as adopted, since nobody
    here executes them; an adopted one that could not be adopted here comes in as proposed. More
    than 10^12 changes or attempts count as so many.

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
    blocked: dict[str, Objection | None] = {}
    for goal in goals.values():
        if goal.state not in _AT_WORK:
            continue
        if needs_approval(goal, op.policy):
            blocked[goal.id] = None
        elif (objection := vet_for_adoption(op, goal).objection) is not None:
            blocked[goal.id] = objection
    for goal in goals.values():
        require_no_cycle(op, goal)
        state = GoalState.ADOPTED if goal.state in _AT_WORK else goal.state
        if goal.id in blocked:
            state = GoalState.PROPOSED
        _bring_in(op, replace(goal, state=state), blocked.get(goal.id))
    return ImportResult(len(goals), known, tuple(blocked))


def _bring_in(op: Operation, goal: Goal, objection: Objection | None) -> None:
    brought = op.add(replace(goal, selection_key=None), CREATED, imported=True)
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
    return replace(
        goal,
        version=min(goal.version, _MOST_CHANGES),
        attempts=min(goal.attempts, _MOST_CHANGES),
        created_at=min(goal.created_at, _LAST_CHANGE),
        updated_at=min(goal.updated_at, _LAST_CHANGE),
    )
