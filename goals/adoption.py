"""Adopting a goal: approval, deadline, beliefs; and what is written down about a blocked one."""

from dataclasses import dataclass

from .errors import ApprovalRequired, IllegalTransition
from .forms import Warned
from .ledger import ADOPTED, APPROVED, BLOCKED
from .model import Goal, GoalState
from .operation import Operation
from .ranking import is_overdue, needs_approval
from .states import EDITABLE, after
from .vetting import Objection, Phase, Vetting, read_bearing


@dataclass(frozen=True)
class Adoption:
    """An adopted goal, and what should be known about it."""

    goal: Goal
    warnings: tuple[Warned, ...] = ()


def adopt(op: Operation, goal_id: str, expected_version: int | None = None) -> Adoption:
    """Vet a proposed goal and adopt it; nothing is done if it is adopted or executing already.

    Raises GoalNotFound, VersionConflict, IllegalTransition, ApprovalRequired, and, noted in the
    ledger, DeadlinePassed, GoalBlocked and CheckerUnavailable.
    """
    goal = op.goal(goal_id, expected_version=expected_version)
    state = next_state("adopted", goal_id, goal.state)
    if state is None:
        return Adoption(goal)
    if needs_approval(goal, op.policy):
        raise ApprovalRequired(goal_id)
    vetting = vet_for_adoption(op, goal)
    if vetting.objection is not None:
        note_block(op, goal, vetting.objection, "adopt")
        raise vetting.objection.as_error(goal)
    return Adoption(enter_adopted(op, goal), vetting.warnings)


def enter_adopted(op: Operation, goal: Goal) -> Goal:
    """Adopt a goal that was vetted in this transaction."""
    adopted = op.change(goal, ADOPTED, state=GoalState.ADOPTED)
    op.count("goals_adopted_total")
    return adopted


def vet_for_adoption(op: Operation, goal: Goal) -> Vetting:
    """What stands against adopting the goal now."""
    if is_overdue(goal, op.now_us):
        return Vetting(objection=Objection(reason="deadline", why="the deadline has passed"))
    return vet(op, goal)


def vet(op: Operation, goal: Goal) -> Vetting:
    """What the beliefs, as they are now, have against the goal."""
    return op.vetter.vet(goal, read_bearing(op.tx, goal, op.policy))


def note_block(op: Operation, goal: Goal, objection: Objection, phase: Phase) -> None:
    """Write down that a goal was blocked, and count it for each of the beliefs."""
    op.tell(
        BLOCKED,
        goal,
        state_from=goal.state,
        reason=objection.reason,
        data={
            "belief_ids": list(objection.belief_ids),
            "severity": objection.severity,
            "phase": phase,
            "why": objection.why,
        },
    )
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
    return op.change(goal, APPROVED, approved_by=op.actor)
