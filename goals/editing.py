"""Creating, editing and deleting goals."""

from dataclasses import fields
from typing import Any

from pydantic import ValidationError

from .adoption import note_block, vet
from .errors import BadRequest, NotEditable
from .forms import GoalDraft, GoalPatch
from .ledger import CREATED, DELETED, UPDATED
from .model import Goal, GoalState
from .operation import Operation
from .states import EDITABLE
from .store import goal_rows

_VETTED = ("text", "aligns_with", "contradicts")
"""Fields that vetting and approval are about."""
_MERGED = ("metadata", "success_metrics")


def create(op: Operation, draft: GoalDraft) -> Goal:
    """Propose a goal. Raises BadRequest (unknown-dependency)."""
    _require_known(op, draft.depends_on)
    given = {name: getattr(draft, name) for name in GoalDraft.model_fields}
    goal = Goal(id=op.new_id("goal"), created_at=op.now, updated_at=op.now, **given)
    return op.add(goal, CREATED)


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
    return op.change(goal, UPDATED, data={"changed": changed}, **changes)


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
    return op.change(goal, DELETED, deleted_at=op.now)


def _changes(goal: Goal, patch: GoalPatch) -> dict[str, Any]:
    """The fields that become different, in the order of the form."""
    given = patch.given
    for name in _MERGED:
        if name in given:
            given[name] = _merged(getattr(goal, name), given[name])
    return {name: value for name, value in given.items() if value != getattr(goal, name)}


def _merged(target: Any, patch: Any) -> Any:
    """JSON merge patch, RFC 7396."""
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
    """The goal with these changes. Raises BadRequest (invalid-goal)."""
    shown = {field.name: getattr(goal, field.name) for field in fields(goal)}
    proposed = {name: changes.get(name, shown[name]) for name in GoalDraft.model_fields}
    try:
        draft = GoalDraft.model_validate(proposed)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        why = f"{where}: {first['msg']}" if where else first["msg"]
        raise BadRequest("invalid-goal", why, goal_id=goal.id) from None
    whole = {**shown, **{name: getattr(draft, name) for name in GoalDraft.model_fields}}
    return Goal(**whole)


def _require_known(op: Operation, ids: tuple[str, ...]) -> None:
    for goal_id in ids:
        if goal_rows.find_goal(op.tx, goal_id) is None:
            raise BadRequest(
                "unknown-dependency",
                f"no goal has the id {goal_id!r}; create a goal before others depend on it",
                depends_on=goal_id,
            )  # fmt: skip


def require_no_cycle(op: Operation, goal: Goal) -> None:
    """Raises BadRequest (dependency-cycle) if the goal would have to wait for itself."""
    path = goal_rows.dependency_path(op.tx, goal.depends_on, goal.id)
    if path is not None:
        circle = [goal.id, *path]
        raise BadRequest(
            "dependency-cycle",
            f"the goal would have to wait for itself: {' → '.join(circle)}",
            goal_id=goal.id, path=circle,
        )  # fmt: skip
