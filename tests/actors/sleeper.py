"""An agent that breaks the rule: it awaits something that its context does not offer."""

from typing import Any

import trio

from gdg_runtime.actors.agents import Agent
from gdg_runtime.runtime import Context
from gdg_runtime.scenarios.actions import NOOP, Action


class Sleeper(Agent):
    async def act(self, observation: Any, ctx: Context) -> Action:
        await trio.sleep(0.01)
        return NOOP
