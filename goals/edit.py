"""Creating, editing, deleting and importing goals; adding and editing beliefs, and what that does
to goals that are executing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_origin

from pydantic import ValidationError

from ..runtime.wording import first_problem
from .errors import BadRequest, BeliefNotFound, NotEditable, VersionConflict
from .fields import LAST_YEAR
from .lifecycle import note_block, release, vet, vet_for_adoption
from .model import EDITABLE, Belief, Goal, GoalDraft, GoalPatch, GoalState, check_fit
from .operation import Operation
from .ranking import needs_approval
from .schemas import BeliefDraft, BeliefPatch, Imported
from .store import goal_rows
from .vetting import Objection

_VETTED = ("text", "aligns_with", "contradicts")
"""Fields that vetting and approval are about."""
_MERGED = tuple(
    name for name, field in GoalDraft.model_fields.items() if get_origin(field.annotation) is dict
)
"""Fields whose names are merged one by one."""
_TAKEN = ("prioritized",)
"""Ids that name something else in the HTTP API."""
_MOST_CHANGES = 10**12
_LAST_CHANGE = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
"""Limits of a goal's imported past. There is room above them for what comes: an imported goal can
be changed, and then be read and imported elsewhere."""
_AT_WORK = (GoalState.ADOPTED, GoalState.EXECUTING)


def create(op: Operation, draft: GoalDraft) -> Goal:
    """Propose a goal. Raises BadRequest (unknown-dependency)."""
    _require_known(op, draft.depends_on)
    goal = Goal(id=op.new_id("goal"), created_at=op.now, updated_at=op.now, **dict(draft))
    return op.add(goal, "goal_created")


def update(
    op: Operation, goal_id: str, patch: GoalPatch, expected_version: int | None = None
) -> Goal:
    """Change what the patch gives. What changes nothing makes no new version.

    An adopted goal is vetted again if its text or beliefs change. With these an approval lapses:
    it was for what the goal was before.

    Raises GoalNotFound, VersionConflict, NotEditable, BadRequest (invalid-goal,
    unknown-dependency, dependency-cycle), and, noted in the ledger, GoalBlocked and
    CheckerUnavailable.
    """
    goal = op.goal(goal_id, expected_version=expected_version)
    changes = _changes(goal, patch)
    if not changes:
        return goal
    if goal.state not in EDITABLE and list(changes) != ["metadata"]:
        raise NotEditable(
            "goal-not-editable",
            f"the goal is {goal.state}: only its metadata can be changed now",
            goal_id=goal_id, state=goal.state, fields=list(changes),
        )  # fmt: skip
    changed = list(changes)
    after = _checked(goal, changes)
    if "depends_on" in changes:
        _require_known(op, after.depends_on)
        require_no_cycle(op, after)
    if any(name in changes for name in _VETTED):
        if goal.state is GoalState.ADOPTED:
            objection = vet(op, after).objection
            if objection is not None:
                note_block(op, goal, objection, "patch")
                raise objection.as_error(goal)
        if goal.approved_by is not None:
            changes["approved_by"] = None
    return op.change(goal, "goal_updated", data={"changed": changed}, **changes)


def delete(op: Operation, goal_id: str, expected_version: int | None = None) -> Goal:
    """Delete a goal softly: it stays in the file, and is gone everywhere else.

    Raises GoalNotFound, VersionConflict, NotEditable (goal-executing).
    """
    goal = op.goal(goal_id, expected_version=expected_version)
    if goal.state is GoalState.EXECUTING:
        raise NotEditable(
            "goal-executing",
            "the goal is executing; abandon it, or release it, before it is deleted",
            goal_id=goal_id,
        )  # fmt: skip
    return op.change(goal, "goal_deleted", deleted_at=op.now)


def _changes(goal: Goal, patch: GoalPatch) -> dict[str, Any]:
    """Return the fields that become different, in the order of the form."""
    given = patch.given
    for name in _MERGED:
        if name in given:
            given[name] = _merged(getattr(goal, name), given[name])
    return {name: value for name, value in given.items() if value != getattr(goal, name)}


def _merged(target: Any, patch: Any) -> Any:
    """Merge as JSON merge patch does, RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged


def _checked(goal: Goal, changes: dict[str, Any]) -> Goal:
    """Return the goal with these changes. Raises BadRequest (invalid-goal)."""
    proposed = {name: changes.get(name, getattr(goal, name)) for name in GoalDraft.model_fields}
    try:
        draft = GoalDraft.model_validate(proposed)
    except ValidationError as error:
        raise BadRequest("invalid-goal", str(first_problem(error)), goal_id=goal.id) from None
    return goal.changed(**dict(draft))


def _require_known(op: Operation, ids: tuple[str, ...]) -> None:
    for goal_id in ids:
        if goal_rows.find_goal(op.tx, goal_id) is None:
            raise BadRequest(
                "unknown-dependency",
                f"no goal has the id {goal_id!r}; create a goal before others depend on it",
                depends_on=goal_id,
            )  # fmt: skip


def require_no_cycle(op: Operation, goal: Goal) -> None:
    """Check that the goal does not wait for itself. Raises BadRequest (dependency-cycle)."""
    path = goal_rows.dependency_path(op.tx, goal.depends_on, goal.id)
    if path is not None:
        circle = [goal.id, *path]
        raise BadRequest(
            "dependency-cycle",
            f"the goal would have to wait for itself: {' → '.join(circle)}",
            goal_id=goal.id, path=circle,
        )  # fmt: skip


def import_goals(op: Operation, given: Sequence[Goal]) -> Imported:
    """Take goals over with their ids and states. Executing ones come in as adopted, since no one
    here executes them; an adopted one that could not be adopted here comes in as proposed. More
    than 10^12 changes or attempts count as so many.

    Raises BadRequest (invalid-goal, dependency-cycle); then none was taken over.
    """
    goals: dict[str, Goal] = {}
    known = 0
    for goal in given:
        if goal.id in goals or goal_rows.find_goal(op.tx, goal.id, include_deleted=True):
            known += 1
        else:
            goals[goal.id] = _fit(goal)
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
        taken = goal.changed(state=state, selection_key=None)
        brought = op.add(taken, "goal_created", imported=True)
        objection = blocked.get(goal.id)
        if objection is not None:
            note_block(op, brought, objection, "adopt")
    return Imported(created=len(goals), known=known, blocked=tuple(blocked))


def _fit(goal: Goal) -> Goal:
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
    return goal.changed(
        version=min(goal.version, _MOST_CHANGES),
        attempts=min(goal.attempts, _MOST_CHANGES),
        created_at=min(goal.created_at, _LAST_CHANGE),
        updated_at=min(goal.updated_at, _LAST_CHANGE),
    )


def find_belief(op: Operation, belief_id: str) -> Belief:
    """Find a belief. Raises BeliefNotFound."""
    belief = goal_rows.find_belief(op.tx, belief_id)
    if belief is None:
        raise BeliefNotFound(belief_id)
    return belief


def add_belief(op: Operation, draft: BeliefDraft) -> Belief:
    """Hold a belief. If it is active, executing goals that it forbids are released.

    Raises NotEditable (belief-exists).
    """
    if goal_rows.find_belief(op.tx, draft.id) is not None:
        raise NotEditable(
            "belief-exists",
            f"there is a belief {draft.id!r} already; edit_belief it",
            belief_id=draft.id,
        )
    belief = Belief(created_at=op.now, updated_at=op.now, version=1, **draft.model_dump())
    stopped = _stop_forbidden(op, belief) if belief.active else []
    goal_rows.insert_belief(op.tx, belief)
    for goal_id in stopped:
        goal_rows.note_blocked(op.tx, goal_id, True)
    return belief


def edit_belief(
    op: Operation, belief_id: str, patch: BeliefPatch, expected_version: int | None = None
) -> Belief:
    """Change what the patch gives. If it makes the belief active, executing goals that it
    forbids are released. What changes nothing makes no new version.

    Raises BeliefNotFound, VersionConflict, NotEditable (belief-immutable).
    """
    before = find_belief(op, belief_id)
    if expected_version not in (None, before.version):
        raise VersionConflict(f"belief {belief_id!r}", expected_version or 0, before.version)
    changes = {name: value for name, value in patch.given.items() if value != getattr(before, name)}
    if not changes:
        return before
    if before.immutable:
        raise NotEditable(
            "belief-immutable", f"the belief {belief_id!r} is immutable", belief_id=belief_id
        )
    after = op.next_version(before, **changes)
    stopped = _stop_forbidden(op, after) if after.active and not before.active else []
    goal_rows.update_belief(op.tx, before, after)
    for goal_id in stopped:
        goal_rows.note_blocked(op.tx, goal_id, True)
    return after


def _stop_forbidden(op: Operation, belief: Belief) -> list[str]:
    """Release the executing goals that the belief forbids, before it becomes active: so that at
    no statement a goal is executing, or becomes adopted, against an active belief."""
    why = f"the belief {belief.id!r} became active"
    objection = Objection("active_contradiction", why, (belief.id,), 1.0)
    stopped = goal_rows.executing_against(op.tx, belief.id)
    for goal in stopped:
        note_block(op, goal, objection, "belief")
        release(op, goal, "belief", why)
    return [goal.id for goal in stopped]
