"""Agents of one's own that the tests name as `own_askers:Class`."""

from typing import Any

from gdg_runtime.actors.agents import Agent, AgentContext
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.observation import Source


class Mutating(Agent):
    """Asks three questions at once, all made from one schema that it changes in between."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        schema: dict[str, Any] = {"enum": [0]}
        asked = []
        for number in (1, 2, 3):
            schema["enum"][0] = number
            asked.append(ctx.llm.ask(ctx.llm.question("?", json_schema=schema)))
        replies = await ctx.gather(*asked)
        ctx.note("answered", answers=[reply.content for reply in replies])
        return NOOP


class Learning(Agent):
    """Asks its model about what came of its action, in an async method."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        return Action(tool="post", args={"content": f"step {ctx.step}"})

    async def learn(self, acted: Any, ctx: AgentContext) -> None:  # type: ignore[override]
        await ctx.llm.chat("what now?")
        ctx.note("learned", tool=acted.tool)


class NotesASet(Agent):
    def act(self, observation: Any, ctx: AgentContext) -> Action:
        ctx.note("odd", names={"a", "b"})
        return NOOP


class NotesAStep(Agent):
    def act(self, observation: Any, ctx: AgentContext) -> Action:
        ctx.note("odd", step=77)
        return NOOP


class NotesTheDeep(Agent):
    def act(self, observation: Any, ctx: AgentContext) -> Action:
        deep: list[Any] = []
        for _ in range(400):
            deep = [deep]
        ctx.note("odd", deep=deep)
        return NOOP


class FailsOnce(Agent):
    """Fails in its first turn, after it has read."""

    def act(self, observation: Any, ctx: AgentContext) -> Action:
        ctx.exposed([Source("post", str(ctx.step - 1))])
        if ctx.step == 1:
            raise LookupError("nothing")
        return NOOP
