"""An agent that asks the outside world before it acts: any async function will do.

    cd examples && gdg-runtime start effect_agent.yaml

All agents of a step ask at once. What they were told stands in the run's journal, so that a resumed
run asks nothing twice, and a replay needs no network.
"""

import anyio
from pydantic import BaseModel

from gdg_runtime.actors.agents import Agent
from gdg_runtime.runtime import Context
from gdg_runtime.runtime.errors import EffectError
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.worlds.sandbox.observation import SandboxObservation


class Advice(BaseModel):
    """What the service answers; effects hand over plain data and models."""

    topic: str
    worth_saying: bool


async def ask_service(agent: str, posts_seen: int) -> Advice:
    """Stands for a call of your SDK or of an HTTP API; here it only takes its time."""
    await anyio.sleep(0.02)
    return Advice(topic=f"what {agent} learned from {posts_seen} posts", worth_saying=True)


class Advised(Agent):
    """Posts what the service advises, and passes where the service fails."""

    async def act(self, observation: SandboxObservation, ctx: Context) -> Action:
        try:
            advice = await ctx.effect(
                ask_service, self.agent, len(observation.posts), timeout_s=5.0
            )
        except EffectError:
            return NOOP
        if not advice.worth_saying:
            return NOOP
        return Action(tool="post", args={"content": f"A note on {advice.topic}"})
