"""The start of a GoalStore in an episode: its settings, and what it holds first, as commands."""

from collections.abc import Mapping

from ...goals.commands import AddBelief, AdoptGoal, Command, CreateGoal, ScheduleTask
from ...goals.identity import Caller
from ...goals.policy import GoalFlags
from ...scenarios.schema.episode import EpisodeConfig, agent_ids, targets
from ...scenarios.schema.goals import GoalsConfig, OwnGoal


def first_commands(goals: GoalsConfig, config: EpisodeConfig, caller: Caller) -> list[Command]:
    """Make the commands for the beliefs and scheduled tasks of a scenario file, in its order."""
    commands: list[Command] = [AddBelief(caller=caller, draft=belief) for belief in goals.beliefs]
    for spec in goals.tasks:
        for agent in targets(config, spec):
            own = {"task_id": f"{spec.task.task_id}:{agent}", "owner": agent}
            task = spec.task.model_copy(update=own)
            commands.append(ScheduleTask(caller=caller, task=task))
    return commands


def first_goals(goals: GoalsConfig, config: EpisodeConfig) -> list[tuple[str, OwnGoal]]:
    """List each agent's goals: those of the `goals:` section, then those of its own entry."""
    meant = [(spec, frozenset(targets(config, spec))) for spec in goals.list]
    found: list[tuple[str, OwnGoal]] = []
    for agent, entry in agent_ids(config):
        found += [(agent, spec) for spec, whom in meant if agent in whom]
        found += [(agent, spec) for spec in entry.goals]
    return found


def creation(
    agent: str, spec: OwnGoal, ids: Mapping[tuple[str, str], str], caller: Caller
) -> CreateGoal:
    """Make the command that proposes an agent's goal; `ids` has those of its named goals so far."""
    depends_on = tuple([ids[agent, name] for name in spec.goal.depends_on])
    draft = spec.goal.model_copy(update={"owner": agent, "depends_on": depends_on})
    return CreateGoal(caller=caller, draft=draft)


def adoption(goal_id: str, caller: Caller) -> AdoptGoal:
    """Make the command that adopts it."""
    return AdoptGoal(caller=caller, goal_id=goal_id)


def flags_of(goals: GoalsConfig) -> GoalFlags:
    """Return the flags that the section sets."""
    return GoalFlags(system=goals.system, shadow=goals.shadow, canary_percent=goals.canary_percent)
