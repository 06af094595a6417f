"""The contract of a world, between a scenario and the runtime.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict

from ..runtime.randomness import Draws, Stream
from .actions import NOOP, Action, Alignment, Applied, Event, Role, Tool
from .economy.interaction import Interaction, PayoffEngine
from .interactions import REJECT, Account, Charges, Decision, InteractionResult, Offer
from .observation import Observation

RngSource = Callable[[str], Stream]
"""Gives the stream of a purpose for the asker at the current step."""


class Moment(NamedTuple):
    """A step of an episode."""

    epoch: int
    """0-based."""
    step: int
    """0-based within the epoch."""
    index: int  # type: ignore[assignment]  # shadows tuple.index, which no Moment needs
    """0-based over the whole episode."""
    hours: float
    """Logical time since the start of the episode."""


class Seat(NamedTuple):
    """A place in the world that an agent takes. The agent's declared type is not part of it."""

    agent: str
    role: str | None = None


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

    def update(self, outcome: InteractionResult) -> None:
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
    """The goal of the world in words, for prompts."""
    pressure_off: ClassVar[Mapping[str, Any]] = {}
    """Settings of the config that switch the world's pressure off; empty where there is none."""

    def __init__(self, config: Any, seats: Sequence[Seat], draws: Draws) -> None:
        self.config = config
        self.seats = tuple(seats)
        self.draws = draws

    @classmethod
    def configured(cls, config: Any) -> "type[World]":
        """Return the class of world that a config asks for; its host makes a world of that class.

        By default the class itself. A world whose tools depend on its config returns a subclass.
        """
        return cls

    def roles_taken(self) -> dict[str, Role]:
        """Return the roles of agents that have one of the world's; others may use every tool."""
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
        """Return what the agent sees now. Must not change the world."""

    def weigh(self, agent: str, weight: float) -> None:
        """Set the weight, in [0, 1], of the vote that the agent's next action may be."""

    @abstractmethod
    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        """Do what an agent's action says; `arguments` is the tool's validated model.

        `action.tool` is None for a noop, also where governance or validation took the action away.
        """

    def close_offer(self, offer: Offer, decision: Decision) -> Interaction:
        """Return what an answered offer comes to, before costs."""
        raise NotImplementedError(f"the world {self.name!r} makes offers but does not close them")

    def settle(
        self, interaction: Interaction, charges: Charges
    ) -> tuple[list[InteractionResult], list[Event]]:
        """Book an interaction with its costs: one outcome per side, initiator first."""
        raise NotImplementedError(f"the world {self.name!r} does not settle interactions")

    def charge(self, charges: Charges) -> list[Event]:
        """Book charges of governance outside of interactions."""
        return []

    def hear(self, agent: str, text: str, intensity: float) -> None:
        """Take what an adversary says to an agent; the text is in its next observation."""

    @abstractmethod
    def score(self, agent: str) -> Alignment:
        """Return the agent's alignment in the step that is being played, after its action."""

    def account(self, agent: str) -> Account:
        """Return what governance may know of the agent."""
        return Account(agent)

    def measures(self, agent: str) -> Mapping[str, float]:
        """Return the numbers that targets of the agent's goals can name, besides its `alignment` in
        the step: by default its resources and its reputation."""
        account = self.account(agent)
        return {"resources": account.resources, "reputation": account.reputation}

    def close_step(self) -> list[Event]:
        """End a step."""
        return []

    def close_epoch(self) -> dict[str, Any]:
        """End an epoch; return the world's own metrics of it by name: numbers or `Figure`s."""
        return {}

    def faults(self) -> Iterator[str]:
        """Say which of its invariants do not hold between two steps; the contract checks ask."""
        return iter(())

    @property
    def payoff_engine(self) -> PayoffEngine | None:
        """Prices the world's interactions; None for a world without any."""
        return None

    @property
    def done(self) -> bool:
        """True when the world has come to its end before the configured steps are over."""
        return False
