"""A resolved episode: a config with the classes that its names mean.

Names become classes once, when a scenario file is loaded or a stored config is read. Everything
downstream (the wiring, the code revision, the dry run, the language models) takes them from here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ..scenarios.catalogue import KINDS as KINDS_BELOW
from ..scenarios.catalogue import Catalogue, Kind
from ..scenarios.files.diagnostics import InvalidScenario
from ..scenarios.files.loader import load_scenario
from ..scenarios.measures.metric import METRICS, Metric
from ..scenarios.schema.episode import AgentSpec, EpisodeConfig, agent_ids
from ..scenarios.schema.language_model import ModelConfig
from ..scenarios.world import Policy, World
from .agents.agent import Agent
from .levers import BUILT_IN, Lever, LeverStack, stack_of

KINDS: Mapping[str, Kind] = {
    **KINDS_BELOW,
    "agents": Kind(
        "agent type",
        Agent,
        {
            "llm": f"{__package__}.llm.agent:LlmAgent",
            "goal_led": f"{__package__}.agents.policy_agents:GoalLedAgent",
        },
    ),
    "levers": Kind("lever", Lever, BUILT_IN),
    "adversaries": Kind(
        "adversary",
        built_in={"scripted": f"{__package__}.adversary:ScriptedAdversary"},
        can_be_plugged_in=False,
    ),
    "judges": Kind(
        "judge",
        described={
            "lexical": "goals.checker: rules compare goals with beliefs; no model is asked",
            "judge": "goals.checker: a language model compares goals with beliefs",
            "both": "goals.checker: rules and a language model, of which the stricter counts",
        },
        can_be_plugged_in=False,
    ),
}
"""All kinds that an episode knows: those of the layer below, and this layer's rows."""

AgentClass = type[Policy] | type[Agent]
"""A policy of the world, which an agent of the product's plays, or an agent of its own."""


class ResolvedAgent(NamedTuple):
    """One agent of an episode."""

    agent: str
    """The agent's id."""
    spec: AgentSpec
    """The entry of the config that the agent comes from."""
    made_of: AgentClass
    model: ModelConfig | None
    """The language model that it asks; the same object for all agents of an entry."""

    @property
    def is_scripted(self) -> bool:
        """True if a policy of the world decides, which never asks a model."""
        return issubclass(self.made_of, Policy)


@dataclass(frozen=True)
class ResolvedEpisode:
    """A config and the classes that its names mean."""

    config: EpisodeConfig
    world: type[World]
    agent_classes: tuple[AgentClass, ...]
    """One for each entry of `config.agents`."""
    lever_classes: tuple[type[Lever], ...]
    """One for each entry of `config.governance.levers`; the built-in levers are not among them."""
    metric_classes: tuple[type[Metric], ...]
    """The tracked metrics of the user's own, in the order of the config."""

    @cached_property
    def agents(self) -> tuple[ResolvedAgent, ...]:
        """List all agents, in the order of the config."""
        config = self.config
        found = {}
        for spec, made_of in zip(config.agents, self.agent_classes, strict=True):
            # Scripted policies ask no model, whatever `llm:` and `models:` say.
            model = None if issubclass(made_of, Policy) else config.model_of(spec)
            found[id(spec)] = made_of, model
        return tuple(
            [ResolvedAgent(agent, spec, *found[id(spec)]) for agent, spec in agent_ids(config)]
        )

    @cached_property
    def models_asked(self) -> Mapping[str, ModelConfig]:
        """Map the language models of the run by the paths of the actors that ask them."""
        found = {f"agents/{one.agent}": one.model for one in self.agents if one.model is not None}
        judge = self.config.model_of_judge
        return found if judge is None else {**found, "goals": judge}

    @property
    def models(self) -> dict[str, ModelConfig]:
        """Map the distinct language models of the run by their configs as JSON."""
        distinct = {id(model): model for model in self.models_asked.values()}
        return {model.model_dump_json(): model for model in distinct.values()}

    @property
    def classes(self) -> tuple[type[World] | AgentClass | type[Lever] | type[Metric], ...]:
        """List every class that the config names."""
        return (self.world, *self.agent_classes, *self.lever_classes, *self.metric_classes)

    def make_levers(self) -> LeverStack:
        """Make the levers that the config switches on: built-in ones first, then its own."""
        governance = self.config.governance
        plugins = [
            made_of(governance, made_of.Params.model_validate(plugin.params))
            for made_of, plugin in zip(self.lever_classes, governance.levers, strict=True)
        ]
        return stack_of(governance, plugins)


def default_catalogue() -> Catalogue:
    """Return a catalogue of built-in names, entry points and `module:Class` paths."""
    return Catalogue(KINDS)


def load_episode(
    source: Path | str | Mapping[str, Any],
    *,
    sets: Sequence[str] = (),
    scenario_params: Sequence[str] = (),
    seed: int | None = None,
    epochs: int | None = None,
    label: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> ResolvedEpisode:
    """Load a scenario and resolve it. `label` names the run; the rest is as in `load_scenario`.

    Raises InvalidScenario with every fault of file and overrides.
    """
    catalogue = default_catalogue()
    # Quoted, since a label such as 2024 or null is a text.
    labelled = () if label is None else (f"label={json.dumps(label)}",)
    try:
        config = load_scenario(
            source, sets=(*sets, *labelled), scenario_params=scenario_params, seed=seed,
            epochs=epochs, catalogue=catalogue, environment=environment,
        )  # fmt: skip
    except InvalidScenario as error:
        if label is None:
            raise
        # The user gave an option, and no --set.
        faults = [
            replace(fault, file="--label", path="")
            if fault.path == "label" and fault.file.startswith('--set label="')
            else fault
            for fault in error.faults
        ]
        raise InvalidScenario(faults) from None
    return resolve_episode(config, catalogue)


def resolve_episode(
    config: EpisodeConfig | ResolvedEpisode, catalogue: Catalogue | None = None
) -> ResolvedEpisode:
    """Find the classes that a config names; a resolved episode is returned as it is.

    Raises CatalogueError for names that lead nowhere.
    """
    if isinstance(config, ResolvedEpisode):
        return config
    catalogue = catalogue or default_catalogue()
    world = catalogue.resolve("worlds", config.world.name)
    return ResolvedEpisode(
        config,
        world,
        tuple(catalogue.agent_class(world, spec.type) for spec in config.agents),
        tuple(catalogue.resolve("levers", lever.type) for lever in config.governance.levers),
        tuple(
            catalogue.resolve("metrics", name)
            for name in config.metrics.track
            if name not in METRICS
        ),
    )
