"""Worlds, agents, levers and metrics that the episode tests name as `troupe:Class`."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from gdg_runtime.actors.agents import Agent
from gdg_runtime.actors.levers import Lever
from gdg_runtime.runtime import Context
from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import NOOP, Action, Alignment, Applied, Event, Tool
from gdg_runtime.scenarios.economy.interaction import Interaction
from gdg_runtime.scenarios.interactions import Account, Decision, InteractionResult, Offer
from gdg_runtime.scenarios.measures.figure import Figure
from gdg_runtime.scenarios.measures.metric import Metric
from gdg_runtime.scenarios.observation import Observation
from gdg_runtime.scenarios.world import Moment, NoopPolicy, Policy, RngSource, Seat, World


class CounterObservation(Observation):
    count: int

    def panels(self) -> dict[str, Any]:
        return {"count": self.count}


class AddArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    amount: int = Field(default=1, ge=0, le=10)


class Adder(Policy):
    """Adds one, always."""

    def act(self, observation: CounterObservation, rng: RngSource) -> Action:
        return Action(tool="add", args={"amount": 1})


class CounterWorld(World):
    """All agents add to one number; an agent's reputation is how much it has added."""

    name: ClassVar[str] = "counter"
    summary: ClassVar[str] = "A number that goes up."
    tools: ClassVar[tuple[Tool, ...]] = (Tool("add", "Add to the number.", AddArguments),)
    policies: ClassVar[Mapping[str, type[Policy]]] = {"adder": Adder, "noop": NoopPolicy}
    reference: ClassVar[str] = "adder"
    baseline: ClassVar[str] = "adder"

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        end_at: int = 1_000_000

    def __init__(self, config: Any, seats: Sequence[Seat], draws: Draws) -> None:
        super().__init__(config, seats, draws)
        self.count = 0
        self.added = {seat.agent: 0 for seat in seats}
        self.heard: dict[str, list[str]] = {seat.agent: [] for seat in seats}

    def observe(self, agent: str) -> CounterObservation:
        messages = tuple(self.heard[agent])
        return CounterObservation(agent=agent, messages=messages, count=self.count)

    def hear(self, agent: str, text: str, intensity: float) -> None:
        self.heard[agent] = [text]

    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        if not isinstance(arguments, AddArguments):
            return Applied()
        self.count += arguments.amount
        self.added[agent] += arguments.amount
        return Applied(events=[Event("added", {"count": self.count}, agent)])

    def score(self, agent: str) -> Alignment:
        return Alignment(1.0, {"laziness": 0.0})

    def account(self, agent: str) -> Account:
        return Account(agent, reputation=float(self.added[agent]))

    @property
    def done(self) -> bool:
        return self.count >= self.config.end_at


class Scripted(Agent):
    """Does one thing always, as its params say."""

    class Params(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        tool: str | None = None
        args: dict[str, Any] = {}
        fail_in: str = ""
        text: str = "a bad day"

    params: Params

    def act(self, observation: Any, ctx: Context) -> Action:
        if self.params.fail_in == "act":
            raise RuntimeError(self.params.text)
        return Action(tool=self.params.tool, args=self.params.args) if self.params.tool else NOOP

    def decide(self, offer: Offer, ctx: Context) -> Decision:
        if self.params.fail_in == "decide":
            raise RuntimeError(self.params.text)
        return Decision(accept=True, effort=1.0)

    def update(self, outcome: InteractionResult, ctx: Context) -> None:
        if self.params.fail_in == "update":
            raise RuntimeError(self.params.text)


class Nan(Agent):
    """Sends an argument that is no number, and one that has no JSON form."""

    def act(self, observation: Any, ctx: Context) -> Action:
        return Action(tool="add", args={"amount": float("nan"), "thing": object()})


class Forbid(Lever):
    """Denies one tool."""

    name: ClassVar[str] = "forbid"
    summary: ClassVar[str] = "Denies one tool."

    class Params(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        tool: str

    params: Params

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        return "it is forbidden here" if action.tool == self.params.tool else None


class Busiest(Metric):
    """How many turns were active."""

    name: ClassVar[str] = "active_turns"

    def __init__(self) -> None:
        self.active = 0

    def interaction(self, interaction: Interaction) -> None:
        """Not counted."""

    def turn(self, agent: str, score: float | None, acted: bool) -> None:
        self.active += acted

    def close(self, agents: int) -> Figure:
        return Figure.of(float(self.active), agents)
