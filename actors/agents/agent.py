"""The base class of agents: write `act`, and the agent takes part in an episode."""

from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any

from pydantic import BaseModel, ConfigDict

from ...runtime.actor import Actor, handles
from ...runtime.context import Context
from ...runtime.ref import ActorRef
from ...scenarios.contract import NOOP, REJECT, Action, Decision, Offer, Outcome
from ..messages import ActionProposed, Answer, Proposal, Turn


class Agent(Actor):
    """An agent of your own: subclass it and write `act`; `decide` and `update` are optional.

    Each may be a plain method or `async def`; an async one may await what `ctx` offers, such as
    `await ctx.effect(async_function, *args)`. Name the class in a scenario file as
    `type: your_module:YourAgent`, with `params:` for its Params.

    An exception in `act` makes the action a noop, one in `decide` a rejection; both are recorded,
    and after `supervision.max_failures` of the scenario the agent is isolated.
    """

    class Params(BaseModel):
        """The agent's parameters, settable in the scenario file."""

        model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, agent: str, governance: ActorRef[Any], params: BaseModel) -> None:
        self.agent = agent
        """The agent's id in the episode."""
        self.governance = governance
        self.params = params

    def act(self, observation: Any, ctx: Context) -> Action | Awaitable[Action]:
        """Choose what to do in this turn."""
        raise NotImplementedError(f"{type(self).__name__} must define act(observation, ctx)")

    def decide(self, offer: Offer, ctx: Context) -> Decision | Awaitable[Decision]:
        """Answer another agent's offer; by default nothing is accepted."""
        return REJECT

    def update(self, outcome: Outcome, ctx: Context) -> None:
        """Learn from an interaction that is over."""

    @handles
    def on_turn(self, message: Turn, ctx: Context) -> Any:
        action = self.act(message.observation, ctx)
        if not isinstance(action, Action) and isawaitable(action):
            return self._act_later(action, ctx)
        ctx.tell(self.governance, ActionProposed(agent=self.agent, action=action or NOOP))
        return None

    async def _act_later(self, action: Awaitable[Action], ctx: Context) -> None:
        chosen = await action
        ctx.tell(self.governance, ActionProposed(agent=self.agent, action=chosen or NOOP))

    @handles
    def on_proposal(self, message: Proposal, ctx: Context) -> Any:
        scenario = ctx.sender
        assert scenario is not None
        decision = self.decide(message.offer, ctx)
        if not isinstance(decision, Decision) and isawaitable(decision):
            return self._decide_later(decision, scenario, message.offer, ctx)
        ctx.tell(scenario, Answer(offer_id=message.offer.offer_id, decision=decision))
        return None

    async def _decide_later(
        self, decision: Awaitable[Decision], scenario: ActorRef[Any], offer: Offer, ctx: Context
    ) -> None:
        decided = await decision
        ctx.tell(scenario, Answer(offer_id=offer.offer_id, decision=decided))

    @handles
    def on_outcome(self, message: Outcome, ctx: Context) -> None:
        self.update(message, ctx)
