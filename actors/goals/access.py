"""What an agent may ask of the GoalStore: for itself, and about its own goals alone."""

from typing import Any

from ...goals.commands import (
    AbandonGoal,
    AdoptGoal,
    Command,
    CompleteGoal,
    CreateGoal,
    EditGoal,
    ExplainGoal,
    ListBeliefs,
    ListGoals,
    RankGoals,
    ReadBelief,
    ReadGoal,
    ReadHistory,
    Refused,
    ReleaseGoal,
)
from ...goals.errors import GoalNotFound
from ...goals.goal_store import GoalStore
from ...goals.identity import Caller

_ON_A_GOAL = (
    ReadGoal, EditGoal, AdoptGoal, AbandonGoal, ExplainGoal, CompleteGoal, ReleaseGoal, ReadHistory,
)  # fmt: skip
_FREE = (ListBeliefs, ReadBelief)


def as_asked_by(
    agent: str, command: Command, caller: Caller, store: GoalStore
) -> Command | Refused:
    """The command as it is carried out for an agent: in its name and on its own goals. `Refused`
    where that is not what it asks."""
    changes: dict[str, Any] = {"caller": caller}
    if isinstance(command, CreateGoal):
        changes["draft"] = command.draft.model_copy(update={"owner": agent})
    elif isinstance(command, ListGoals | RankGoals):
        changes["owner"] = agent
    elif isinstance(command, _ON_A_GOAL):
        refusal = _not_its_own(agent, command.goal_id, store)
        if refusal is not None:
            return refusal
        if isinstance(command, EditGoal):
            refusal = _loosening(command, store)
            if refusal is not None:
                return refusal
    elif not isinstance(command, _FREE):
        return Refused(code="not-allowed", detail=f"agents may not use {command.message_name}")
    return command.model_copy(update=changes)


def _loosening(command: EditGoal, store: GoalStore) -> Refused | None:
    """What an agent may not change of its goals: whose they are, and what may stop them."""
    goal, given = store.get(command.goal_id), command.patch.given
    if "owner" in given:
        return Refused(code="not-allowed", detail="an agent can't give a goal to another")
    if goal.requires_approval and given.get("requires_approval") is False:
        return Refused(code="not-allowed", detail="an agent can't do without an approval")
    if any(belief not in given.get("contradicts", goal.contradicts) for belief in goal.contradicts):
        return Refused(
            code="not-allowed", detail="an agent can't take out a belief that its goal contradicts"
        )
    return None


def _not_its_own(agent: str, goal_id: str | None, store: GoalStore) -> Refused | None:
    if goal_id is None:
        return Refused(code="not-allowed", detail="an agent sees the history of a goal of its own")
    try:
        owner = store.get(goal_id).owner
    except GoalNotFound as error:
        return Refused(code=error.code, detail=error.detail, facts=error.facts)
    if owner != agent:
        return Refused(code="not-allowed", detail=f"the goal {goal_id} is not yours")
    return None
