"""What this layer adds to the catalogue of names, and how names of a config become classes."""

from ..scenarios.catalogue import Catalogue, CatalogueError
from ..scenarios.measures.catalogue import METRICS
from ..scenarios.measures.metric import Metric
from ..scenarios.schema.episode import EpisodeConfig
from ..scenarios.schema.language_model import ModelConfig
from ..scenarios.schema.roster import agent_ids
from ..scenarios.world import Policy, World
from .agents.agent import Agent
from .levers import BUILT_IN, Lever, LeverStack, stack_of

_AGENTS = {
    "llm": f"{__package__}.llm.agent:LlmAgent",
    "goal_led": f"{__package__}.agents.policy_agents:GoalLedAgent",
}
_GOALS = __package__.rpartition(".")[0] + ".goals"
_FORMS = {
    "goal": f"{_GOALS}.forms:GoalDraft",
    "belief": f"{_GOALS}.forms:BeliefDraft",
    "scheduled task": f"{_GOALS}.forms:ScheduledTaskDraft",
    "goal policy": f"{_GOALS}.policy:GoalPolicy",
    "goal weights": f"{_GOALS}.policy:GoalWeights",
}

__all__ = [
    "CatalogueError",
    "agent_class",
    "build_levers",
    "default_catalogue",
    "models_asked",
    "own_metrics",
]


def default_catalogue() -> Catalogue:
    """Built-in names, entry points, and `module:Class` paths."""
    return Catalogue(
        agents=_AGENTS,
        levers=BUILT_IN,
        bases={"worlds": World, "agents": Agent, "levers": Lever, "metrics": Metric},
        forms=_FORMS,
    )


def agent_class(catalogue: Catalogue, world: type[World], name: str) -> type[Policy] | type[Agent]:
    """The policy of the world, or the agent class, that a config calls `name`.

    Raises CatalogueError.
    """
    policy = world.policies.get(name)
    if policy is not None:
        return policy
    found: type[Agent] = catalogue.resolve("agents", name)
    return found


def models_asked(catalogue: Catalogue, config: EpisodeConfig) -> dict[str, ModelConfig]:
    """The language models of a run by the paths of the actors that ask them; one object for all
    agents of an entry.

    Scripted policies ask none, whatever `llm:` and `models:` say. Raises CatalogueError.
    """
    world: type[World] = catalogue.resolve("worlds", config.world.name)
    of_entry: dict[int, ModelConfig] = {}
    for spec in config.agents:
        model = config.model_of(spec)
        if model is not None and not issubclass(agent_class(catalogue, world, spec.type), Policy):
            of_entry[id(spec)] = model
    found = {
        f"agents/{agent}": of_entry[id(spec)]
        for agent, spec in agent_ids(config)
        if id(spec) in of_entry
    }
    judge = config.model_of_judge
    return found if judge is None else {**found, "goals": judge}


def build_levers(catalogue: Catalogue, config: EpisodeConfig) -> LeverStack:
    """The levers that a config switches on, built-in ones first, then its own in file order.

    Raises CatalogueError.
    """
    plugins = []
    for plugin in config.governance.levers:
        own: type[Lever] = catalogue.resolve("levers", plugin.type)
        plugins.append(own(config.governance, own.Params.model_validate(plugin.params)))
    return stack_of(config.governance, plugins)


def own_metrics(catalogue: Catalogue, config: EpisodeConfig) -> list[type[Metric]]:
    """The metrics of the user's own that a config tracks."""
    return [
        catalogue.resolve("metrics", name) for name in config.metrics.track if name not in METRICS
    ]
