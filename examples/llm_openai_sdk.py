"""An agent around the plain OpenAI SDK, for whoever has one already: the SDK's call is an effect.

    cd examples && gdg-runtime start llm_openai_sdk.yaml

The SDK runs on the run's own event loop, trio or asyncio. What an effect is given as arguments
stands in the run's journal, and so do its result and the text of its error. So the key and the
server's address reach the SDK by `self`, and its errors, which can hold a key, are put into words
of our own. A variable that `api_key_env` names must be in the environment; `.env` is not read here.
Without it, or with a key that is refused, the run pauses: with the right one it can be resumed.

What is lost against `ctx.llm`: retries, rate limits, budgets, prices, `--dry-run`.
"""

import os
import ssl
from typing import Any

from openai import (
    APIStatusError,
    AsyncOpenAI,
    AuthenticationError,
    DefaultAsyncHttpxClient,
    OpenAIError,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gdg_runtime.actors.agents import Agent, AgentContext
from gdg_runtime.actors.llm.quoting import as_data
from gdg_runtime.runtime.errors import EffectFault, EffectWithheld
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.interactions import REJECT, Decision, Offer
from gdg_runtime.scenarios.worlds.sandbox.observation import SandboxObservation

TLS = ssl.create_default_context()
"""Made once: it is what takes time when a client is made."""


class Choice(BaseModel):
    """What the model is asked for."""

    model_config = ConfigDict(extra="forbid")

    counterparty: str
    effort: float = Field(ge=0.0, le=1.0)


class Reply(BaseModel):
    """What is recorded of the SDK's answer: plain data, without ids and times."""

    content: str
    finish_reason: str
    total_tokens: int | None


class Recruiter(Agent):
    """Lets a model choose whom to work with, and how hard."""

    class Params(BaseModel):
        base_url: str = "http://127.0.0.1:8000/v1"
        model: str = "mock"
        api_key_env: str | None = None
        """The environment variable that holds the key; null where the server wants none."""
        timeout_s: float = Field(default=30.0, gt=0.0)
        """Of the whole call, in seconds."""

    params: Params

    async def act(self, observation: SandboxObservation, ctx: AgentContext) -> Action:
        peers = observation.choices()["counterparty"]
        if "propose" not in observation.options():
            return NOOP
        ctx.exposed(observation.sources())
        messages = [
            {"role": "system", "content": f"You are {self.agent}. Choose a partner for work."},
            {"role": "user", "content": as_data(observation.reading(), max_text=300)},
        ]
        schema = Choice.model_json_schema()
        schema["properties"]["counterparty"]["enum"] = list(peers)
        # A failed effect may be let through: then the action is a noop, and an event says why.
        reply = await ctx.effect(self.ask_openai, messages, schema, timeout_s=self.params.timeout_s)
        try:
            choice = Choice.model_validate_json(reply.content)
        except ValidationError as error:
            ctx.note("invalid_reply", problems=error.error_count(), reply=reply.content[:200])
            return NOOP
        offer = {**choice.model_dump(), "promise": choice.effort}
        return Action(tool="propose", args=offer)

    def decide(self, offer: Offer, ctx: AgentContext) -> Decision:
        return Decision(accept=True, effort=0.8) if offer.tau >= 0 else REJECT

    async def ask_openai(self, messages: list[Any], schema: dict[str, Any]) -> Reply:
        """The effect. Only its two arguments are recorded, never `self`."""
        settings = self.params
        key = "none" if settings.api_key_env is None else os.environ.get(settings.api_key_env)
        if not key:
            raise EffectWithheld(f"set {settings.api_key_env} in the environment, then resume")
        form: Any = {"type": "json_schema", "json_schema": {"name": "choice", "schema": schema}}
        try:
            async with AsyncOpenAI(
                base_url=settings.base_url,
                api_key=key,
                max_retries=0,  # hidden retries cost money that no record shows
                timeout=settings.timeout_s,  # of each read; the effect's own limit is the real one
                http_client=DefaultAsyncHttpxClient(verify=TLS),
            ) as client:
                done = await client.chat.completions.create(
                    model=settings.model,
                    messages=messages,
                    response_format=form,
                    max_completion_tokens=200,
                )
        except AuthenticationError:
            raise EffectWithheld("the server refuses the key: change it, then resume") from None
        except APIStatusError as error:
            raise EffectFault("refused", f"the server answered {error.status_code}") from None
        except OpenAIError as error:
            raise EffectFault("no_answer", type(error).__name__) from None
        if not done.choices:
            raise EffectFault("empty", "the answer holds no choice")
        choice = done.choices[0]
        return Reply(
            content=choice.message.content or "",
            finish_reason=choice.finish_reason,
            total_tokens=done.usage.total_tokens if done.usage else None,
        )
