"""Who is in an episode, by id."""

from .episode import EpisodeConfig
from .goals import GoalSpec, TaskSpec
from .population import AdversarySpec, AgentSpec


def agent_ids(config: EpisodeConfig) -> tuple[tuple[str, AgentSpec], ...]:
    """Every agent's id with the entry it comes from, in the order of the file.

    Ids are `honest_1`, `honest_2`, …: numbered per prefix, also across entries that share one.
    They are unique, since a prefix and a number after the last `_` name one place.
    """
    numbers: dict[str, int] = {}
    roster: list[tuple[str, AgentSpec]] = []
    for spec in config.agents:
        prefix = spec.prefix
        first = numbers.get(prefix, 0) + 1
        numbers[prefix] = first + spec.count - 1
        roster += ((f"{prefix}_{number}", spec) for number in range(first, first + spec.count))
    return tuple(roster)


def targets(
    config: EpisodeConfig, targeting: AdversarySpec | GoalSpec | TaskSpec
) -> tuple[str, ...]:
    """The ids of the agents that an entry with a target is meant for; empty if that is nobody."""
    wanted = targeting.target
    return tuple(
        agent
        for agent, spec in agent_ids(config)
        if wanted == "all" or wanted in (agent, spec.type, spec.name)
    )
