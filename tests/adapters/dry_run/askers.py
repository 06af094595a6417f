"""Agents that ask their models in ways of their own."""

from typing import Any

from gdg_runtime.actors.agents import Agent
from gdg_runtime.actors.agents.context import AgentContext
from gdg_runtime.actors.llm.chat import ChatMessage, ToolSpec
from gdg_runtime.scenarios.actions import NOOP, Action

performed: list[str] = []
"""Effects that really happened: the sign of a rehearsal that reached out."""


class Plain(Agent):
    """Asks one question of 400 characters in each turn."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        await ctx.llm.chat("x" * 400)
        return NOOP


class Endless(Agent):
    """Asks until it hears what nobody ever says."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        while (await ctx.llm.chat("Say the word")).content != "the word":
            pass
        return NOOP


class Silent(Agent):
    """Has a model and never asks it."""

    def act(self, observation: Any, ctx: AgentContext) -> Action:
        return NOOP


class Broken(Agent):
    """Takes for granted that its model talks about the weather."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        reply = await ctx.llm.chat("What is the weather?")
        raise ValueError(f"no weather in {reply.content!r}")


async def pay(whom: str) -> str:
    performed.append(whom)
    return "paid"


class Payer(Agent):
    """Pays somebody, then asks."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        try:
            await ctx.effect(pay, "bob")
        finally:
            await ctx.llm.chat("And now?")
        return NOOP


class Client(Agent):
    """Pays somebody, and asks only if that worked."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        await ctx.llm.chat(await ctx.effect(pay, "bob"))
        return NOOP


class ToolUser(Agent):
    """Lets its model call a tool, and tells it the result."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        tool = ToolSpec(
            name="look",
            parameters={
                "type": "object",
                "properties": {"where": {"$ref": "#/$defs/Place"}, "far": {"type": "integer"}},
                "$defs": {"Place": {"enum": ["here", "there"]}},
            },
        )
        question = "Where is it?"
        reply = await ctx.llm.chat(question, tools=[tool])
        if reply.tool_calls:
            said = [
                ChatMessage(role="user", content=question),
                ChatMessage(role="assistant", tool_calls=reply.tool_calls),
                ChatMessage(role="tool", tool_call_id=reply.tool_calls[0].id),
            ]
            await ctx.llm.chat(said, tools=[tool])
        return NOOP
