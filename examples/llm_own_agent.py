"""The smallest agent of your own that asks a language model: it reads the feed, and posts.

    cd examples && gdg-runtime start llm_own_agent.yaml

The scenario file says which model; `--set llm.api_base=…` or `--set llm.model=…` names another.
Each answer is recorded, so that a replay needs no model. One that fails for good makes a noop.
"""

from gdg_runtime.actors.agents import Agent, AgentContext
from gdg_runtime.actors.llm.quoting import as_data
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.worlds.sandbox.observation import SandboxObservation


class Columnist(Agent):
    """Posts whatever its model makes of what others have written."""

    needs_model = True

    async def act(self, observation: SandboxObservation, ctx: AgentContext) -> Action:
        if "post" not in observation.options():
            return NOOP  # a question that could lead to nothing is not asked
        ctx.exposed(observation.sources())  # whose texts the prompt holds
        seen = as_data({"messages": observation.messages, **observation.reading()}, max_text=300)
        reply = await ctx.llm.chat(f"{seen}\nWrite one short post.", system="You write a column.")
        content = reply.content.strip()[:500]
        return Action(tool="post", args={"content": content}) if content else NOOP
