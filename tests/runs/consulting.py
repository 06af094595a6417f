"""Agents that ask a slow provider before everything they do: the load of the run tests."""

import os
import random
from hashlib import sha256
from typing import Any

import anyio

from gdg_runtime.actors.agents import Agent
from gdg_runtime.runtime import Context
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.interactions import Decision, Offer


async def consult(question: str) -> str:
    """An answer that follows from the question; how long it takes does not.

    With GDG_TEST_PROVIDER=host:port the answer comes over the network from a provider that counts,
    else it is made here after a random delay of up to GDG_TEST_LATENCY seconds.
    """
    address = os.environ.get("GDG_TEST_PROVIDER")
    if address is None:
        await anyio.sleep(LATENCY.random() * float(os.environ.get("GDG_TEST_LATENCY", "0.002")))
        return answer_to(question)
    host, _, port = address.rpartition(":")
    async with await anyio.connect_tcp(host, int(port)) as stream:
        await stream.send(question.encode() + b"\n")
        received = b""
        while not received.endswith(b"\n"):
            received += await stream.receive()
    return received.decode().strip()


def answer_to(question: str) -> str:
    """What the provider answers."""
    return sha256(question.encode()).hexdigest()


LATENCY = random.Random(0)
"""Seeded anew by the determinism test for each pattern of latencies."""


class ConsultingAgent(Agent):
    """Does what the provider says; luck and observation enter the questions."""

    async def act(self, observation: Any, ctx: Context) -> Action:
        luck = ctx.rng("consult").below(1000)
        about = f"{self.agent} {ctx.step} {luck} {len(observation.posts)}"
        what, whom = await ctx.gather(
            ctx.effect(consult, f"what {about}"), ctx.effect(consult, f"whom {about}")
        )
        number = int(what[:8], 16)
        if number % 4 == 0 or not observation.peers:
            return Action(tool="post", args={"content": f"thought {what[:12]}"})
        if number % 4 == 1:
            return NOOP
        if number % 13 == 2:
            raise RuntimeError("a bad day")
        peer = observation.peers[int(whom[:8], 16) % len(observation.peers)]
        effort = (number % 100) / 100
        offer = {"counterparty": peer.agent, "tau": 0.1, "promise": 0.8, "effort": effort,
                 "corners": 0, "kind": "collaboration"}  # fmt: skip
        return Action(tool="propose", args=offer)

    async def decide(self, offer: Offer, ctx: Context) -> Decision:
        verdict = await ctx.effect(consult, f"accept {offer.offer_id} {offer.tau}")
        return Decision(accept=int(verdict[:2], 16) < 160, effort=0.5)
