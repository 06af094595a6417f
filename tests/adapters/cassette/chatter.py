"""An agent that asks before it acts; what and how fast is set by the environment."""

import os
import random
from typing import Any

import anyio

from gdg_runtime.actors.agents import Agent
from gdg_runtime.runtime import Context
from gdg_runtime.scenarios.actions import Action

_LATENCY = random.Random(0)


async def advise(prompt: str) -> str:
    """Offline it fails, so that a run which asks at all comes out otherwise."""
    if os.environ.get("GDG_TEST_OFFLINE"):
        raise ConnectionError("nobody is there")
    await anyio.sleep(_LATENCY.random() * float(os.environ.get("GDG_TEST_LATENCY", "0")))
    return f"advice on {len(prompt)}{os.environ.get('GDG_TEST_ADDS', '')}"


class Chatter(Agent):
    async def act(self, observation: Any, ctx: Context) -> Action:
        says = os.environ.get("GDG_TEST_SAYS", "nothing")
        rules = "Rule: be kind to all agents. " * 20
        first = ctx.effect(advise, "the same each time")
        second = ctx.effect(advise, f"{rules}You are {self.agent}, and say {says}.")
        told = await ctx.gather(first, second)
        return Action(tool="post", args={"content": f"{told[0]} and {told[1]}"})
