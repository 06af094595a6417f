"""The base class of agents: an agent that defines `act` can take part in an episode."""

from collections.abc import Awaitable, Mapping
from inspect import isawaitable
from typing import Any, ClassVar, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from ...runtime.actor import Actor, handles
from ...runtime.errors import EffectError
from ...scenarios.actions import NOOP, Action
from ...scenarios.interactions import REJECT, Decision, InteractionResult, Offer
from ...scenarios.world import World
from ..messages import (
    Acted,
    ActionProposed,
    Answer,
    GovernanceRef,
    Proposal,
    ScenarioRef,
    Turn,
    TurnReport,
)
from .context import AgentBinding, AgentContext

Chosen = TypeVar("Chosen", Action, Decision)


class Misfit(NamedTuple):
    """A problem of an agent's parameters in a world."""

    param: str
    problem: str
    suggestion: str | None = None


class Agent(Actor):
    """An agent of your own: subclass it and write `act`; the other methods are optional.

    Each may be a plain method or `async def`; an async one may await what `ctx` offers, such as
    `await ctx.llm.chat("…")` for the language model that the scenario file gives the agent, or
    `await ctx.effect(async_function, *args)` for anything else. Name the class in a scenario file
    as `type: your_module:YourAgent`, with `params:` for its Params.

    An exception in `act` makes the action a noop, one in `decide` a rejection; both are recorded,
    and after `supervision.max_failures` of the scenario the agent is isolated. An effect that did
    not end well (`EffectError`) is no fault of the agent's: it does not count.
    """

    context_class = AgentContext
    needs_model: ClassVar[bool] = False
    """True if a scenario file must give the agent a language model."""

    class Params(BaseModel):
        """The agent's parameters, settable in the scenario file."""

        model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def misfit(cls, params: Mapping[str, Any], world: type[World]) -> Misfit | None:
        """Return what keeps these (valid) parameters from working in the world, None if nothing.

        It is reported as a fault of the scenario file, before anything runs.
        """
        return None

    def __init__(self, agent: str, governance: GovernanceRef, params: BaseModel) -> None:
        self.agent = agent
        """The agent's id in the episode."""
        self.governance = governance
        self.params = params
        self.binding: AgentBinding | None = None
        """The agent's place in the world; set by the wiring before the first message."""

    def act(self, observation: Any, ctx: AgentContext) -> Action | Awaitable[Action]:
        """Choose what to do in this turn."""
        raise NotImplementedError(f"{type(self).__name__} must define act(observation, ctx)")

    def decide(self, offer: Offer, ctx: AgentContext) -> Decision | Awaitable[Decision]:
        """Answer another agent's offer; by default nothing is accepted."""
        return REJECT

    def update(self, outcome: InteractionResult, ctx: AgentContext) -> Awaitable[None] | None:
        """Learn from an interaction that is over."""
        return None

    def learn(self, acted: Acted, ctx: AgentContext) -> Awaitable[None] | None:
        """Learn the result of your action: done, or refused and why."""
        return None

    @handles
    def on_turn(self, message: Turn, ctx: AgentContext) -> Any:
        ctx.notebook.drop_exposure()
        action = self.act(message.observation, ctx)
        if not isinstance(action, Action) and isawaitable(action):
            return self._act_later(action, ctx)
        self._propose(action, ctx)
        return None

    # Errors of agents name the two methods that await, so each choice has its own.
    async def _act_later(self, action: Awaitable[Action], ctx: AgentContext) -> None:
        self._propose(await _awaited(action, NOOP, ctx), ctx)

    def _propose(self, action: Action | None, ctx: AgentContext) -> None:
        report = _report(ctx)
        proposed = ActionProposed(agent=self.agent, action=action or NOOP, report=report)
        ctx.tell(self.governance, proposed)

    @handles
    def on_proposal(self, message: Proposal, ctx: AgentContext) -> Any:
        scenario, offer_id = ctx.sender, message.offer.offer_id
        assert scenario is not None
        decision = self.decide(message.offer, ctx)
        if not isinstance(decision, Decision) and isawaitable(decision):
            return self._decide_later(decision, scenario, offer_id, ctx)
        ctx.tell(scenario, Answer(offer_id=offer_id, decision=decision, report=_report(ctx)))
        return None

    async def _decide_later(
        self, decision: Awaitable[Decision], scenario: ScenarioRef, offer_id: str, ctx: AgentContext
    ) -> None:
        made = await _awaited(decision, REJECT, ctx)
        ctx.tell(scenario, Answer(offer_id=offer_id, decision=made, report=_report(ctx)))

    @handles
    def on_outcome(self, message: InteractionResult, ctx: AgentContext) -> Any:
        return self.update(message, ctx)

    @handles
    def on_acted(self, message: Acted, ctx: AgentContext) -> Any:
        return self.learn(message, ctx)


async def _awaited(choice: Awaitable[Chosen], instead: Chosen, ctx: AgentContext) -> Chosen:
    """Await a choice; return `instead` if an effect did not end well."""
    try:
        return await choice
    except EffectError as error:
        ctx.note("effect_failed", error=str(error))
        return instead


def _report(ctx: AgentContext) -> TurnReport | None:
    ctx.llm.count()
    return ctx.notebook.close()
