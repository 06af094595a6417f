"""An agent of your own: works again with whoever paid off, and tries somebody new now and then.

    cd examples && gdg-runtime start own_agent.yaml

A scenario file names it as `type: own_agent:Reciprocal`.
"""

from typing import Any

from pydantic import BaseModel, Field

from gdg_runtime.actors.agents import Agent
from gdg_runtime.runtime import ActorRef, Context
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.interactions import Decision, InteractionResult, Offer
from gdg_runtime.scenarios.worlds.sandbox.observation import SandboxObservation


class Reciprocal(Agent):
    """Remembers what each peer was worth to it."""

    class Params(BaseModel):
        curiosity: float = Field(default=0.2, ge=0.0, le=1.0)
        """Chance to work with a random peer, whatever is known of it."""
        effort: float = Field(default=0.8, ge=0.0, le=1.0)

    params: Params

    def __init__(self, agent: str, governance: ActorRef[Any], params: BaseModel) -> None:
        super().__init__(agent, governance, params)
        self.worth: dict[str, float] = {}

    def act(self, observation: SandboxObservation, ctx: Context) -> Action:
        peers = [peer.agent for peer in observation.peers]
        if not peers:
            return NOOP
        luck = ctx.rng("whom")  # the only randomness a run can replay
        if luck.chance(self.params.curiosity):
            partner = luck.choice(peers)
        else:
            partner = max(peers, key=lambda peer: self.worth.get(peer, 0.0))
        effort = self.params.effort
        offer = {"counterparty": partner, "promise": effort, "effort": effort}
        return Action(tool="propose", args=offer, reasoning=f"{partner} was good to me")

    def decide(self, offer: Offer, ctx: Context) -> Decision:
        welcome = self.worth.get(offer.initiator, 0.0) >= 0.0
        return Decision(accept=welcome, effort=self.params.effort)

    def update(self, outcome: InteractionResult, ctx: Context) -> None:
        if outcome.accepted:
            known = self.worth.get(outcome.other, 0.0)
            self.worth[outcome.other] = 0.7 * known + 0.3 * outcome.payoff
