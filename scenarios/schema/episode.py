"""The resolved config of an episode: what a scenario file comes to, with every default.

It is what is hashed, stored in `config.json` and resumed from.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, JsonValue, field_validator

from .governance import GovernanceConfig
from .language_model import Budget, LlmConfig, ModelConfig, ModelOverrides, settled
from .sections import Deferred, Section, SimulationConfig

if TYPE_CHECKING:
    from .goals import GoalsConfig, GoalSpec, OwnGoal, TaskSpec
else:

    class OwnGoal(Deferred):
        """A goal of an entry of `agents`."""

    class GoalsConfig(Deferred):
        """The section `goals`."""


_UNFIT = re.compile(r"[^A-Za-z0-9_-]")
_NAME = "a name of at most 64 letters, digits, - and _ that begins with a letter"
Name = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$", json_schema_extra={"expected": _NAME})
]


class AgentSpec(Section):
    """One or more agents of the same kind."""

    type: str = Field(min_length=1, max_length=200)
    """A policy of the world, a built-in or plugged-in agent, or `module:Class`."""
    count: int = Field(default=1, ge=1, le=100_000)

    name: Name | None = None
    """Prefix of the agents' ids; null: the type. Agents of different types may share a name, so
    that their ids don't give the type away."""
    role: str | None = Field(default=None, min_length=1, max_length=64)
    params: dict[str, Any] = Field(default_factory=dict)
    """Settings of the agent's own kind; in a file they may stand beside `type` as well."""
    llm: ModelOverrides | None = None
    """The language model that these agents ask, where it differs from `llm:` and `models:`; in a
    file its settings (`model`, `temperature`, …) may stand beside `type` as well."""
    budget: Budget | None = None
    """Limits of what each of these agents spends on language models."""
    goals: tuple[OwnGoal, ...] = Field(default=(), max_length=1_000)
    """Goals that each of these agents begins with, besides those of the `goals:` section."""

    @property
    def prefix(self) -> str:
        """Return what the agents' ids begin with; of `module:Class` the class."""
        return self.name or _UNFIT.sub("_", self.type.rpartition(":")[2])


class AdversarySpec(Section):
    """An adversary outside of the world that speaks to agents by a script."""

    type: Literal["scripted"] = "scripted"
    target: str = Field(default="all", min_length=1)
    """`all`, an agent's id, an agent type, or the name of an entry of `agents`."""
    messages: tuple[Annotated[str, Field(min_length=1, max_length=100_000)], ...] = Field(
        min_length=1, json_schema_extra={"expected": "a list of at least one text"}
    )
    """Said in turn, again from the first when all are said."""
    start_step: int = Field(default=0, ge=0, le=10**14)
    """Index over the whole episode of the first step with a message."""
    every_steps: int = Field(default=1, ge=1, le=10**14)
    intensity: float = Field(default=0.5, ge=0.0, le=1.0)
    """The weight of the message that is reported to the world."""


SCHEMA_VERSION = 1

_SLUG = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
_SLUG_EXPECTED = "at most 128 letters, digits, '.', '-' and '_', beginning with a letter or digit"


class WorldSpec(Section):
    """The world and its parameters."""

    name: str = Field(default="sandbox", min_length=1, max_length=200)
    """A built-in or plugged-in world, or `module:Class`."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Every field of the world's Config model."""


class MetricsConfig(Section):
    """The metrics that are reported."""

    track: tuple[str, ...] = ()
    """Names of metrics to report; empty: the default ones."""
    alignment_threshold: float = Field(default=0.8, ge=0.0, le=1.0)
    """An agent-step that scores below counts as misaligned."""


class SafetyConfig(Section):
    """When the episode is stopped for safety."""

    kill_switch_enabled: bool = True
    kill_switch_toxicity: float | None = Field(default=None, ge=0.0, le=1.0)
    """The switch is thrown when an epoch's toxicity is above this; null: never."""


class SupervisionConfig(Section):
    """Limits for agents that fail."""

    max_failures: int = Field(default=3, ge=1, le=1_000_000)
    """An agent whose code has raised this often is isolated; the episode goes on."""


class EffectsConfig(Section):
    """Limits and order of requests to the outside world (models, tools)."""

    max_concurrency: int = Field(default=64, ge=1, le=10_000)
    """Most requests in flight at once."""
    timeout_s: float = Field(default=60.0, gt=0.0, le=86_400.0)
    """Seconds of real time until a request is given up."""
    order: Literal["logical", "arrival"] = "logical"
    """Logical: replies are handled in reserved places, whoever is faster. Arrival: as they come;
    such a run can be replayed but not reproduced."""


class EpisodeConfig(Section):
    """Everything that an episode depends on besides code and recorded external inputs."""

    schema_version: int = Field(default=SCHEMA_VERSION, ge=SCHEMA_VERSION, le=SCHEMA_VERSION)
    scenario_id: str = Field(pattern=_SLUG, json_schema_extra={"expected": _SLUG_EXPECTED})
    label: str | None = Field(
        default=None, pattern=_SLUG, json_schema_extra={"expected": f"{_SLUG_EXPECTED}; or null"}
    )
    """Names the run among others of the scenario."""
    description: str = ""
    motif: str | None = None
    """The phenomenon that the scenario is about."""
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    """The user's own notes; nothing reads them."""

    world: WorldSpec = WorldSpec()
    agents: tuple[AgentSpec, ...] = Field(
        min_length=1,
        max_length=10_000,
        json_schema_extra={"expected": "a list of at least one agent"},
    )
    llm: LlmConfig | None = None
    """Defaults of the language models that agents ask."""
    models: dict[str, ModelOverrides] = Field(default_factory=dict)
    """By role: a model's name, or its settings."""
    goals: GoalsConfig | None = None
    """The goals of agents, kept in a GoalStore; null: there is none."""
    adversaries: tuple[AdversarySpec, ...] = Field(default=(), max_length=10_000)
    governance: GovernanceConfig = GovernanceConfig()
    simulation: SimulationConfig = SimulationConfig()
    metrics: MetricsConfig = MetricsConfig()
    safety: SafetyConfig = SafetyConfig()
    supervision: SupervisionConfig = SupervisionConfig()
    effects: EffectsConfig = EffectsConfig()

    @field_validator("models", mode="before")
    @classmethod
    def _names_are_short_for_settings(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {
            role: {"model": model} if isinstance(model, str) else model
            for role, model in given.items()
        }

    def model_of(self, spec: AgentSpec) -> ModelConfig | None:
        """Return the language model that agents of an entry ask; None if no section names one."""
        return settled(self.llm, self.models.get(spec.role or ""), spec.llm)

    @property
    def model_of_judge(self) -> ModelConfig | None:
        """Return the language model that compares goals with beliefs; None where none does."""
        goals = self.goals
        if goals is None or goals.checker == "lexical":
            return None
        return settled(self.llm, goals.judge)


def agent_ids(config: EpisodeConfig) -> tuple[tuple[str, AgentSpec], ...]:
    """List every agent's id with the entry it comes from, in the order of the file.

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
    config: EpisodeConfig, targeting: "AdversarySpec | GoalSpec | TaskSpec"
) -> tuple[str, ...]:
    """List the ids of the agents that an entry with a target is meant for."""
    wanted = targeting.target
    return tuple(
        agent
        for agent, spec in agent_ids(config)
        if wanted == "all" or wanted in (agent, spec.type, spec.name)
    )
