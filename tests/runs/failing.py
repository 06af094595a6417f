"""Agents that go wrong, each in the way that its parameter says."""

import asyncio
from typing import Any

import anyio
import trio
from pydantic import BaseModel

from gdg_runtime.actors.agents import Agent
from gdg_runtime.runtime import Context
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.interactions import Decision, InteractionResult, Offer
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld


async def a_number(text: str) -> int:
    return text  # type: ignore[return-value]  # that is what goes wrong


async def a_set(text: str) -> Any:
    return {text}


class Failing(Agent):
    """Fails `how`; else does nothing."""

    class Params(BaseModel):
        how: str

    params: Params

    async def act(self, observation: Any, ctx: Context) -> Action:
        match self.params.how:
            case "raises":
                raise KeyError("no such thought \x1b[31m")
            case "trio":
                await trio.sleep(0.01)
            case "anyio":
                await anyio.sleep(0.01)
            case "asyncio":
                await asyncio.sleep(0)
            case "future":
                await asyncio.Future()
            case "wrong type":
                await ctx.effect(a_number, "seven")
            case "set":
                await ctx.effect(a_set, "seven")
            case "no action":
                return "post"  # type: ignore[return-value]
            case "exits":
                raise SystemExit(7)
        return NOOP

    def decide(self, offer: Offer, ctx: Context) -> Decision:
        if self.params.how == "decide":
            raise ValueError("can't make up its mind")
        if self.params.how == "no decision":
            return "yes"  # type: ignore[return-value]
        return Decision(accept=True)

    def update(self, outcome: InteractionResult, ctx: Context) -> None:
        if self.params.how == "update":
            raise ValueError("learns nothing")


class Unmade(SandboxWorld):
    """A world that can't be made."""

    def __init__(self, *parts: Any) -> None:
        raise LookupError("no such place")
