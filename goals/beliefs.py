"""Adding and editing beliefs, and what that does to goals that are executing."""

from datetime import timedelta

from .errors import BeliefNotFound, NotEditable, VersionConflict
from .lifecycle import note_block, release
from .model import Belief
from .operation import Operation
from .schemas import BeliefDraft, BeliefPatch
from .store import belief_rows, goal_rows
from .vetting import Objection

_TICK = timedelta(microseconds=1)


def find_belief(op: Operation, belief_id: str) -> Belief:
    """Find a belief. Raises BeliefNotFound."""
    belief = belief_rows.find_belief(op.tx, belief_id)
    if belief is None:
        raise BeliefNotFound(belief_id)
    return belief


def add_belief(op: Operation, draft: BeliefDraft) -> Belief:
    """Hold a belief. If it is active, executing goals that it forbids are released.

    Raises NotEditable (belief-exists).
    """
    if belief_rows.find_belief(op.tx, draft.id) is not None:
        raise NotEditable(
            "belief-exists",
            f"there is a belief {draft.id!r} already; edit_belief it",
            belief_id=draft.id,
        )
    belief = Belief(created_at=op.now, updated_at=op.now, version=1, **draft.model_dump())
    stopped = _stop_forbidden(op, belief) if belief.active else []
    belief_rows.insert_belief(op.tx, belief)
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
    updated_at = max(op.now, before.updated_at + _TICK)
    after = before.changed(version=before.version + 1, updated_at=updated_at, **changes)
    stopped = _stop_forbidden(op, after) if after.active and not before.active else []
    belief_rows.update_belief(op.tx, before, after)
    for goal_id in stopped:
        goal_rows.note_blocked(op.tx, goal_id, True)
    return after


def _stop_forbidden(op: Operation, belief: Belief) -> list[str]:
    """Release the executing goals that the belief forbids, before it becomes active: so that at
    no statement a goal is executing, or becomes adopted, against an active belief."""
    objection = Objection(
        reason="active_contradiction",
        why=f"the belief {belief.id!r} became active",
        belief_ids=(belief.id,),
        severity=1.0,
    )
    stopped = goal_rows.executing_against(op.tx, belief.id)
    for goal in stopped:
        note_block(op, goal, objection, "belief")
        release(op, goal, "belief", objection.why)
    return [goal.id for goal in stopped]
