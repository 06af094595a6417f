"""Agents that act by scripted policies: always one, or the one that the current goal names."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from ...scenarios.actions import NOOP, Action
from ...scenarios.files.diagnostics import nearest
from ...scenarios.interactions import REJECT, Decision, InteractionResult, Offer
from ...scenarios.observation import Observation
from ...scenarios.world import Policy, World
from ..messages import GovernanceRef
from .agent import Agent, Misfit
from .context import AgentContext


class ScriptedAgent(Agent):
    """Acts as a policy says, with the actor's own keyed randomness."""

    def __init__(
        self, agent: str, governance: GovernanceRef, params: BaseModel, policy: type[Policy]
    ) -> None:
        super().__init__(agent, governance, params)
        self.policy = policy(agent, params)

    def act(self, observation: Any, ctx: AgentContext) -> Action:
        return self.policy.act(observation, ctx.rng)

    def decide(self, offer: Offer, ctx: AgentContext) -> Decision:
        return self.policy.decide(offer, ctx.rng)

    def update(self, outcome: InteractionResult, ctx: AgentContext) -> None:
        self.policy.update(outcome)


def misfit_of_policy(param: str, name: object, world: type[World]) -> Misfit | None:
    """Return what keeps a policy that a parameter names from acting without its own parameters.

    None if nothing does, as for `noop`.
    """
    if name == "noop":
        return None
    policy = world.policies.get(str(name))
    if policy is None:
        known = list(dict.fromkeys(["noop", *world.policies]))
        return Misfit(param, f"unknown {param} {name!r} (known: {', '.join(known)})",
                      nearest(str(name), known))  # fmt: skip
    if any(field.is_required() for field in policy.Params.model_fields.values()):
        return Misfit(param, f"the policy {name!r} can't act without parameters")
    return None


class GoalLedAgent(Agent):
    """Acts by the policy that `metadata.policy` of its current goal or scheduled task names.

    Where it has neither, or they name none, it acts by `otherwise`.
    """

    class Params(Agent.Params):
        """The parameters that a scenario file can set."""

        otherwise: str = Field(default="noop", min_length=1, max_length=200)
        """`noop`, or a scripted policy of the world."""

    @classmethod
    def misfit(cls, params: Mapping[str, Any], world: type[World]) -> Misfit | None:
        return misfit_of_policy("otherwise", params.get("otherwise", "noop"), world)

    def __init__(self, agent: str, governance: GovernanceRef, params: BaseModel) -> None:
        super().__init__(agent, governance, params)
        assert isinstance(params, GoalLedAgent.Params)
        self.otherwise = params.otherwise
        self.policies: dict[str, Policy] = {}
        """The policies that it has acted by, with what they have learned."""
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

    def update(self, outcome: InteractionResult, ctx: AgentContext) -> None:
        for policy in self.policies.values():
            policy.update(outcome)

    def _policy(self) -> Policy | None:
        """Return the policy that leads now; it is made when it leads for the first time."""
        name = self.led_by
        if name not in self.policies and self.binding is not None:
            found = self.binding.world.policies.get(name)
            if found is not None:
                self.policies[name] = found(self.agent)
        return self.policies.get(name)
