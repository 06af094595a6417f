"""The agent that hosts a world's scripted policy."""

from typing import Any

from pydantic import BaseModel

from ...runtime.ref import ActorRef
from ...scenarios.contract import Action, Decision, Offer, Outcome, Policy
from .agent import Agent
from .context import AgentContext


class ScriptedAgent(Agent):
    """Acts as a policy says, with the actor's own keyed luck."""

    def __init__(
        self, agent: str, governance: ActorRef[Any], params: BaseModel, policy: type[Policy]
    ) -> None:
        super().__init__(agent, governance, params)
        self.policy = policy(agent, params)

    def act(self, observation: Any, ctx: AgentContext) -> Action:
        return self.policy.act(observation, ctx.rng)

    def decide(self, offer: Offer, ctx: AgentContext) -> Decision:
        return self.policy.decide(offer, ctx.rng)

    def update(self, outcome: Outcome, ctx: AgentContext) -> None:
        self.policy.update(outcome)
