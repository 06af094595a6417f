"""What a world is: the contract between a scenario and the runtime.

A world is a plain, synchronous object without actors: the scenario actor hosts it, the contract
tests drive it directly. It never learns an agent's declared type, only what the agent does.

One step of a world, as its host drives it:

1. `open_step`, then for each batch of agents whose turn it is:
2. `observe` for each agent, which then acts;
3. `apply` for each action that governance allowed and whose arguments are valid; an action may
   put an *offer* to another agent;
4. `close_offer` with the counterparty's decision, which makes an `Interaction`;
5. `settle` with what governance charges for the interaction;
6. `score` for each agent; when all batches are through, `close_step`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SkipValidation

from ..runtime.message import Message
from ..runtime.randomness import Draws, Stream
from .economy.interaction import Interaction
from .economy.payoff import PayoffEngine
from .rounding import shortened

RngSource = Callable[[str], Stream]
"""Gives the stream of a purpose for the asker at the current step."""


class Moment(NamedTuple):
    """Where an episode stands."""

    epoch: int
    """0-based."""
    step: int
    """0-based within the epoch."""
    index: int  # type: ignore[assignment]  # shadows tuple.index, which no Moment needs
    """0-based over the whole episode."""
    hours: float
    """Logical time since the start of the episode."""


class NoArguments(BaseModel):
    """The arguments of a tool that takes none."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Tool:
    """Something an agent can do, with arguments checked against a pydantic model.

    The model should forbid extra fields and bound every number: what it lets through is applied.
    """

    name: str
    description: str
    arguments: type[BaseModel] = NoArguments

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, as language models are shown it."""
        return self.arguments.model_json_schema()


@dataclass(frozen=True)
class Role:
    """A part that agents can be given in a world: a job, and the tools that go with it.

    Its tools are all that an agent in it may use, whatever its type. To answer an offer is no
    tool: every agent may.
    """

    name: str
    """As scenario files spell it."""
    summary: str
    """One line, for people."""
    prompt: str
    """What a language model in this role is told: its job, in the second person."""
    tools: tuple[str, ...]

    def refusal(self, tool: str) -> str | None:
        """Why an agent in this role may not use the tool, in words that it can act on; None if
        it may."""
        if tool in self.tools:
            return None
        article = "an" if self.name[:1] in tuple("aeiouAEIOU") else "a"
        known = ", ".join(self.tools)
        instead = f"its tools are {known}" if known else "it has no tools"
        return f"{article} {self.name} may not {tool}; {instead}"


class Action(BaseModel):
    """What an agent wants to do: a tool with arguments, or nothing (`tool=None`, a noop)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str | None = None
    args: dict[str, Any] = Field(default_factory=dict)
    reasoning: str | None = None
    """Why, in the agent's words; logged, never interpreted."""


NOOP = Action()


class Source(NamedTuple):
    """A text that an observation holds, and whose it is."""

    kind: str
    """message, post, or what else the world has."""
    id: str
    """Unique among those of its kind in the observation."""
    author: str | None = None
    """The agent that wrote it; None where it was no agent, or nobody is told."""


class CurrentGoal(NamedTuple):
    """What an agent is to do now: for a goal that it executes, or as scheduled."""

    task_id: str
    text: str
    goal_id: str | None = None
    """None for a scheduled task."""
    attempt: int | None = None
    deadline: str | None = None
    """RFC 3339, in the run's logical time."""
    success_metrics: Mapping[str, float] = {}
    """Name to target: what has to be reached."""
    metadata: Mapping[str, JsonValue] = {}
    """What the scenario file says besides; `policy` names the scripted policy to act by."""


class Observation(BaseModel):
    """What an agent sees before it acts. Worlds add typed fields for their scripted policies.

    `reading`, `options`, `choices` and `sources` are for those who can't know the world
    beforehand, such as language models. They are worked out only when they are asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    messages: tuple[str, ...] = ()
    """Text addressed to the agent: briefings, pressure, what adversaries say."""
    goal: SkipValidation[CurrentGoal | None] = None
    """What the agent is to do now; set by the host, never by the world."""

    def panels(self) -> dict[str, JsonValue]:
        """Everything else the agent sees, as the step log keeps it."""
        return {}

    def reading(self) -> dict[str, JsonValue]:
        """The panels for a reader of words: with texts in full, short numbers, a fixed order."""
        return {name: shortened(panel) for name, panel in self.panels().items()}

    def options(self) -> tuple[str, ...] | None:
        """The tools that could succeed now, with what the agent is shown; None: perhaps all.

        A tool is left out only where it is certain to be refused. Must not tell what is hidden.
        """
        return None

    def choices(self) -> Mapping[str, tuple[JsonValue, ...]]:
        """The values that an argument can take now, where they are known, best first.

        Keyed by the argument's name, or by `tool.argument` where tools differ, which goes first.
        """
        return {}

    def sources(self) -> tuple[Source, ...]:
        """Whose texts the reading and the messages hold."""
        return tuple([Source("message", str(nth)) for nth in range(len(self.messages))])


def carrying(goal: CurrentGoal, observation: Any) -> Any:
    """The observation with what its agent is to do."""
    if isinstance(observation, BaseModel):
        return observation.model_copy(update={"goal": goal})
    return replace(observation, goal=goal)


class Seat(NamedTuple):
    """A place in the world that an agent takes. The agent's declared type is not part of it."""

    agent: str
    role: str | None = None


class Offer(BaseModel):
    """A proposal to another agent, as the counterparty sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offer_id: str
    initiator: str
    counterparty: str
    tau: float = 0.0
    """Transfer from initiator to counterparty, in units of payoff."""
    terms: SkipValidation[dict[str, Any]] = Field(default_factory=dict)
    """What the world lets the counterparty know of the offer and of the initiator: plain JSON data,
    from the world itself and so not validated again."""


class Decision(BaseModel):
    """A counterparty's answer to an offer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accept: bool
    effort: float = Field(default=0.0, ge=0.0, le=1.0)
    """What the counterparty will put into the work, 0 (nothing) to 1."""
    reason: str = ""


REJECT = Decision(accept=False)


class Charges(NamedTuple):
    """What governance adds to an interaction or to accounts."""

    cost_a: float = 0.0
    cost_b: float = 0.0
    reputation_deltas: Mapping[str, float] = {}
    resource_deltas: Mapping[str, float] = {}
    freeze: tuple[str, ...] = ()
    unfreeze: tuple[str, ...] = ()


class Account(NamedTuple):
    """What governance may know of an agent before it rules on its actions."""

    agent: str
    resources: float = 0.0
    reputation: float = 0.0
    """In [-1, 1] in the sandbox."""
    frozen: bool = False


class Event(NamedTuple):
    """Something that happened, for the event log."""

    type: str
    data: dict[str, Any]
    agent: str | None = None
    told: bool = False
    """Whether the agent's own action says it all: then the transcript does not say it again."""


@dataclass(slots=True)
class Applied:
    """What an action did."""

    ok: bool = True
    error: str | None = None
    """Why the world refused, in words an agent can act on; the world is then unchanged."""
    unknown: bool = False
    """Whether it refused because an argument names what is not there."""
    result: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    offer: Offer | None = None


class Alignment(NamedTuple):
    """An agent's alignment in one step.

    `value` = 1 - the sum of the violations' weighted sizes, in [0, 1], 1 is aligned; null where
    the step can't be scored, with the reason. Each component is a violation by name, already
    weighted, at least 0.
    """

    value: float | None
    components: Mapping[str, float]
    reason: str | None = None

    @classmethod
    def from_violations(cls, violations: Mapping[str, float]) -> "Alignment":
        """The score that the weighted violations leave. Raises ValueError outside [0, 1]."""
        total = 0.0
        for name, size in violations.items():
            if size < 0.0:
                raise ValueError(f"violation {name} is {size}; a component is at least 0")
            total += size
        if total > 1.0 + 1e-9:
            raise ValueError(f"violations add up to {total}; the weights must stay within 1")
        return cls(max(0.0, 1.0 - total), violations)


class Outcome(Message, name="episode.outcome"):
    """What became of an interaction, as one of its two sides learns it."""

    interaction_id: str
    other: str
    initiated: bool
    accepted: bool
    p: float = Field(ge=0.0, le=1.0)
    """P(v = +1), from the observables."""
    payoff: float
    """The side's own π."""
    tau: float
    cost: float
    promise: float | None = None


class Policy(ABC):
    """A scripted agent's mind. A new one is made for every episode.

    `rng(purpose)` gives keyed streams; nothing else may be random.
    """

    class Params(BaseModel):
        """A policy's parameters, settable in the scenario file."""

        model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, agent: str, params: BaseModel | None = None) -> None:
        self.agent = agent
        self.params = params if params is not None else self.Params()

    @abstractmethod
    def act(self, observation: Any, rng: RngSource) -> Action:
        """Choose what to do in this turn."""

    def decide(self, offer: Offer, rng: RngSource) -> Decision:
        """Answer another agent's offer."""
        return REJECT

    def update(self, outcome: Outcome) -> None:
        """Learn from an interaction that is over."""


class NoopPolicy(Policy):
    """Does nothing, always: the yardstick that a reference policy must beat."""

    def act(self, observation: Any, rng: RngSource) -> Action:
        return NOOP


class World(ABC):
    """A world and its rules. See the module's docstring for the order of the calls."""

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    Config: ClassVar[type[BaseModel]]
    tools: ClassVar[tuple[Tool, ...]] = ()
    policies: ClassVar[Mapping[str, type[Policy]]] = {}
    """The scripted agents of this world by the name that scenario files use."""
    roles: ClassVar[Mapping[str, Role]] = {}
    """The roles that agents can have, by name. Where there are none, a role is mere text."""
    reference: ClassVar[str]
    """The policy that does what the world's goal asks (the oracle)."""
    baseline: ClassVar[str]
    """A plausible policy that the world's pressures can mislead."""
    goal: ClassVar[str] = ""
    """What the agents are asked to do, in words."""
    pressure_off: ClassVar[Mapping[str, Any]] = {}
    """Settings of the config that switch the world's pressure off; empty where there is none."""

    def __init__(self, config: Any, seats: Sequence[Seat], draws: Draws) -> None:
        self.config = config
        self.seats = tuple(seats)
        self.draws = draws

    def roles_taken(self) -> dict[str, Role]:
        """The role of each agent that has one of the world's; the others may use every tool."""
        roles = self.roles
        if not roles:
            return {}
        return {agent: roles[role] for agent, role in self.seats if role and role in roles}

    def reset(self) -> list[Event]:
        """Set the stage; called once, before the first step."""
        return []

    def announce(self, terms: Mapping[str, Any]) -> None:
        """Make the terms of governance public; called after `reset`, and when they change."""

    def open_step(self, moment: Moment) -> list[Event]:
        """Begin a step."""
        return []

    @abstractmethod
    def observe(self, agent: str) -> Observation:
        """What the agent sees now. Must not change the world."""

    def weigh(self, agent: str, weight: float) -> None:
        """Set the weight, in [0, 1], of the vote that the agent's next action may be."""

    @abstractmethod
    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        """Do what an agent's action says; `arguments` is the tool's validated model.

        `action.tool` is None for a noop, also where governance or validation took the action away.
        """

    def close_offer(self, offer: Offer, decision: Decision) -> Interaction:
        """What an answered offer comes to, before costs."""
        raise NotImplementedError(f"the world {self.name!r} makes offers but does not close them")

    def settle(
        self, interaction: Interaction, charges: Charges
    ) -> tuple[list[Outcome], list[Event]]:
        """Book an interaction with its costs: one outcome per side, initiator first."""
        raise NotImplementedError(f"the world {self.name!r} does not settle interactions")

    def charge(self, charges: Charges) -> list[Event]:
        """Book what governance does to accounts outside of interactions."""
        return []

    def hear(self, agent: str, text: str, intensity: float) -> None:
        """An adversary speaks to an agent; the text is in its next observation."""

    @abstractmethod
    def score(self, agent: str) -> Alignment:
        """The agent's alignment in the step that is being played, after its action."""

    def account(self, agent: str) -> Account:
        """The agent's standing, for governance."""
        return Account(agent)

    def measures(self, agent: str) -> Mapping[str, float]:
        """What the success of the agent's goals can be measured by, besides its `alignment` in the
        step: by default its resources and its reputation."""
        account = self.account(agent)
        return {"resources": account.resources, "reputation": account.reputation}

    def close_step(self) -> list[Event]:
        """End a step."""
        return []

    def close_epoch(self) -> dict[str, Any]:
        """What the world adds to the epoch's figures."""
        return {}

    @property
    def payoff_engine(self) -> PayoffEngine | None:
        """What prices the world's interactions; None for a world without any."""
        return None

    @property
    def done(self) -> bool:
        """True when the world has come to its end before the configured steps are over."""
        return False
