"""Rules for what an agent may ask of the GoalStore: for itself, and about its own goals alone."""

from typing import Any

from ...goals import commands
from ...goals.commands import Command
from ...goals.identity import Caller
from ...goals.schemas import GoalAnswer, Refused
from ...goals.store_api import GoalStore

_OnGoal = (
    commands.ReadGoal | commands.EditGoal | commands.AdoptGoal | commands.AbandonGoal
    | commands.ExplainGoal | commands.CompleteGoal | commands.ReleaseGoal | commands.ReadHistory
)  # fmt: skip
_FREE = (commands.ListBeliefs, commands.ReadBelief)
_AGENTS = "agents/"


def agent_of(path: str) -> str | None:
    """Return the agent that the actor of this path is, or belongs to; None for others."""
    return path.removeprefix(_AGENTS).partition("/")[0] if path.startswith(_AGENTS) else None


def not_allowed(why: str) -> Refused:
    """Refuse what the asker has no right to."""
    return Refused(code="not-allowed", detail=why)


def unfit_command(command: Command) -> Refused | None:
    """Find what is wrong with a command that was made without being checked; None: nothing."""
    try:
        type(command).model_validate_json(command.model_dump_json())
    except ValueError as error:
        return Refused(code="invalid-goal", detail=f"it can't be written as JSON or read: {error}")
    return None


def as_asked_by(
    agent: str, command: Command, caller: Caller, store: GoalStore
) -> Command | Refused:
    """Return the command as it is carried out for an agent: in its name and on its own goals.
    `Refused` where that is not what it asks."""
    changes: dict[str, Any] = {"caller": caller}
    if isinstance(command, commands.CreateGoal):
        changes["draft"] = command.draft.model_copy(update={"owner": agent})
    elif isinstance(command, commands.ListGoals | commands.RankGoals):
        changes["owner"] = agent
    elif isinstance(command, _OnGoal):
        refusal = _refusal(agent, command, store)
        if refusal is not None:
            return refusal
    elif not isinstance(command, _FREE):
        return not_allowed(f"agents may not use {command.message_name}")
    return command.model_copy(update=changes)


def _refusal(agent: str, command: _OnGoal, store: GoalStore) -> Refused | None:
    """Refuse goals of others, and changes of an own goal's owner, approval, beliefs or targets."""
    if command.goal_id is None:
        return not_allowed("an agent sees the history of a goal of its own")
    known = store.ask(commands.ReadGoal(goal_id=command.goal_id))
    if not isinstance(known, GoalAnswer):
        assert isinstance(known, Refused), known
        return known
    goal = known.goal
    if goal.owner != agent:
        return not_allowed(f"the goal {command.goal_id} is not yours")
    if not isinstance(command, commands.EditGoal):
        return None
    given = command.patch.given
    if "owner" in given:
        return not_allowed("an agent can't give a goal to another")
    if goal.requires_approval and given.get("requires_approval") is False:
        return not_allowed("an agent can't do without an approval")
    for field in ("contradicts", "aligns_with", "depends_on"):
        before: tuple[str, ...] = getattr(goal, field)
        if any(one not in given.get(field, before) for one in before):
            return not_allowed(f"an agent can't take anything out of {field}")
    for name, target in given.get("success_metrics", {}).items():
        least = goal.success_metrics.get(name)
        if least is not None and (target is None or target < least):
            return not_allowed(f"an agent can't lower its target {name!r} of {least:g}")
    return None
