"""`type: goal_led`: an agent whose goals decide which scripted policy it acts by."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ...runtime.ref import ActorRef
from ...scenarios.contract import (
    NOOP,
    REJECT,
    Action,
    Decision,
    Observation,
    Offer,
    Outcome,
    Policy,
    World,
)
from .agent import Agent, Misfit
from .context import AgentContext
from .policies import misfit_of_policy


class GoalLedAgent(Agent):
    """Acts by the policy that `metadata.policy` of its current goal or scheduled task names.

    Where it has neither, or they name none, it acts by `otherwise`.
    """

    class Params(BaseModel):
        """What a scenario file may say of it."""

        model_config = ConfigDict(frozen=True, extra="forbid")

        otherwise: str = Field(default="noop", min_length=1, max_length=200)
        """`noop`, or a scripted policy of the world."""

    @classmethod
    def misfit(cls, params: Mapping[str, Any], world: type[World]) -> Misfit | None:
        return misfit_of_policy("otherwise", params.get("otherwise", "noop"), world)

    def __init__(self, agent: str, governance: ActorRef[Any], params: BaseModel) -> None:
        super().__init__(agent, governance, params)
        assert isinstance(params, GoalLedAgent.Params)
        self.otherwise = params.otherwise
        self.policies: dict[str, Policy] = {}
        """Those that it has acted by, with what they have learned."""
        self.led_by = params.otherwise

    def act(self, observation: Observation, ctx: AgentContext) -> Action:
        goal = observation.goal
        named = None if goal is None else goal.metadata.get("policy")
        self.led_by = named if isinstance(named, str) else self.otherwise
        policy = self._policy()
        return NOOP if policy is None else policy.act(observation, ctx.rng)

    def decide(self, offer: Offer, ctx: AgentContext) -> Decision:
        policy = self._policy()
        return REJECT if policy is None else policy.decide(offer, ctx.rng)

    def update(self, outcome: Outcome, ctx: AgentContext) -> None:
        for policy in self.policies.values():
            policy.update(outcome)

    def _policy(self) -> Policy | None:
        """The policy that leads now; made when it leads for the first time."""
        name = self.led_by
        known = self.policies.get(name)
        if known is None and self.seat is not None:
            found = self.seat.world.policies.get(name)
            if found is not None:
                known = self.policies[name] = found(self.agent)
        return known
