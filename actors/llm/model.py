"""The effect actor of a language model; the provider behind it is an adapter."""

import math
from typing import NamedTuple, Protocol

from ...runtime.actor import EffectActor, handles
from ...runtime.message import ActorRef
from ...scenarios.schema.language_model import ModelConfig
from .chat import Chat, ChatReply


class Provider(Protocol):
    """The port to a language model: answers a question, however long that takes.

    Retries, limits and time limits are the provider's own. Raises `EffectFault` when it gives
    up (`kind` as in `Fault`, `facts` a `ModelTrouble.to_json()`), `EffectWithheld` when the run
    must pause first (a budget is used up, the provider is down). Who asks stands in
    `runtime.effects.asking`.
    """

    async def chat(self, question: Chat) -> ChatReply:
        """One question, one answer."""


class NoProvider:
    """Stands where nobody may be asked, as in a replay."""

    async def chat(self, question: Chat) -> ChatReply:
        raise RuntimeError(f"nobody is there to ask {question.model}: this is a replay")


class Model(EffectActor):
    """One model configuration of the run."""

    known_as = "llm"
    """A question says all that its answer depends on; which of a run's models are reached in the
    same way, and under which number, does not."""
    timeout_s = math.inf
    """The provider's own time limits are what counts: waiting for a rate limit is no fault."""

    def __init__(self, provider: Provider, max_concurrency: int) -> None:
        self.provider = provider
        self.capacity = max_concurrency  # type: ignore[misc]  # of this model, not of the class

    @handles
    async def on_chat(self, question: Chat) -> ChatReply:
        return await self.provider.chat(question)


class ModelBinding(NamedTuple):
    """The language model that an agent may ask."""

    actor: ActorRef[Chat]
    """The effect actor of the model."""
    config: ModelConfig
