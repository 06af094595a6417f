"""An agent whose own parameter has the name of a model's setting."""

from typing import Any

from gdg_runtime.actors.agents import Agent, AgentContext
from gdg_runtime.scenarios.actions import NOOP, Action


class Seeded(Agent):
    class Params(Agent.Params):
        seed: int = 0

    def act(self, observation: Any, ctx: AgentContext) -> Action:
        return NOOP
