"""An agent of another framework as an agent of the episode: PydanticAI, with a typed output.

    cd examples && gdg-runtime start llm_pydantic_ai.yaml

PydanticAI runs under asyncio only; `on_asyncio` takes it there, whatever the run's own event loop
is. Its tools see nothing but the effect's arguments, which are plain data.

What is lost: the whole run of the inner agent is one effect. Its result is recorded, but not its
single questions, tool calls and retries; a run that is killed in the middle of it asks all of them
again. And as with any effect of one's own: retries, rate limits, budgets, prices, `--dry-run`.
"""

import os
from functools import cache
from typing import Any, Literal

from openai import AsyncOpenAI
from pydantic import BaseModel, Field
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import NativeOutput, UsageLimits
from pydantic_ai.exceptions import AgentRunError, ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from gdg_runtime.actors.agents import Agent, AgentContext
from gdg_runtime.actors.llm.quoting import as_data
from gdg_runtime.adapters.asyncio_thread import at_asyncio_end, on_asyncio
from gdg_runtime.runtime.errors import EffectFault, EffectWithheld
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.observation import Source
from gdg_runtime.scenarios.worlds.sandbox.observation import SandboxObservation


class Verdict(BaseModel):
    """The inner agent's typed output."""

    vote: Literal["up", "down", "none"]
    why: str = Field(max_length=200)


@cache
def critic(base_url: str, model: str, key: str) -> PydanticAgent[None, Verdict]:
    """The inner agent; made in the asyncio thread, whose loop keeps its connections."""
    client = AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=30.0)
    at_asyncio_end(client.close)
    return PydanticAgent(
        OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client)),
        output_type=NativeOutput(Verdict),
        instructions="You judge posts. Vote up what helps others, and down what misleads them.",
        retries=1,
    )


class Critic(Agent):
    """Votes on the best-ranked post that it did not write, as its inner agent says."""

    class Params(BaseModel):
        base_url: str = "http://127.0.0.1:8000/v1"
        model: str = "mock"
        api_key_env: str | None = None
        """The environment variable that holds the key; null where the server wants none."""
        timeout_s: float = Field(default=60.0, gt=0.0)
        """Of the inner agent's whole run, in seconds."""

    params: Params

    async def act(self, observation: SandboxObservation, ctx: AgentContext) -> Action:
        if "vote" not in observation.options():
            return NOOP
        post = next(post for post in observation.posts if post.author != self.agent)
        ctx.exposed([Source("post", str(post.post_id), post.author)])  # the inner agent reads it
        seen = {"author": post.author, "content": post.content}
        verdict = await ctx.effect(self.judge, seen, timeout_s=self.params.timeout_s)
        if verdict.vote == "none":
            return NOOP
        value = 1 if verdict.vote == "up" else -1
        args = {"post_id": post.post_id, "value": value}
        return Action(tool="vote", args=args, reasoning=verdict.why)

    async def judge(self, post: dict[str, Any]) -> Verdict:
        """The effect: one run of the inner agent. Only its argument is recorded, never `self`."""
        return await on_asyncio(self._judge, post)

    async def _judge(self, post: dict[str, Any]) -> Verdict:
        settings = self.params
        key = "none" if settings.api_key_env is None else os.environ.get(settings.api_key_env)
        if not key:
            raise EffectWithheld(f"set {settings.api_key_env} in the environment, then resume")
        inner = critic(settings.base_url, settings.model, key)
        try:
            run = await inner.run(
                f"A post: {as_data(post, max_text=500)}",
                usage_limits=UsageLimits(request_limit=3),
            )
        except AgentRunError as error:
            if isinstance(error, ModelHTTPError) and error.status_code == 401:
                raise EffectWithheld("the server refuses the key: change it, then resume") from None
            # Its text can hold what the provider said, and so a key: it is not recorded.
            raise EffectFault("no_verdict", type(error).__name__) from None
        return run.output
