"""A language model: the question, the reply, the usage, the port, and the actor that asks."""

import json
import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ...runtime.actor import EffectActor, handles
from ...runtime.errors import NotSerialisable
from ...runtime.message import ActorRef, Message
from ...scenarios.schema.language_model import ModelConfig

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class ToolCall(BaseModel):
    """A model asks for a tool."""

    model_config = _FROZEN

    id: str
    name: str
    arguments: str
    """JSON text, as the model wrote it: it may be broken."""


class ChatMessage(BaseModel):
    """One message of a conversation, in the shape that OpenAI's API has made common."""

    model_config = _FROZEN

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    """The call that a `tool` message answers."""

    def as_plain(self) -> dict[str, Any]:
        """Return plain JSON data, without what is not set."""
        plain: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            plain["tool_calls"] = [call.model_dump() for call in self.tool_calls]
        if self.tool_call_id is not None:
            plain["tool_call_id"] = self.tool_call_id
        return plain


class ToolSpec(BaseModel):
    """A tool that a model may ask for."""

    model_config = _FROZEN

    name: str
    description: str = ""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """JSON schema of the arguments."""


class Chat(Message, name="llm.chat"):
    """A question to a language model. All that its answer may depend on, and nothing else: no
    key, no address, no time limit, no identifier of a trace."""

    model: str
    messages: tuple[ChatMessage, ...]
    sampling: dict[str, JsonValue] = Field(default_factory=dict)
    """temperature, max_tokens, top_p, seed, stop, and the provider's own parameters."""
    json_schema: dict[str, JsonValue] | None = None
    """The reply's content shall be JSON of this schema; how the model is told is the adapter's
    affair."""
    tools: tuple[ToolSpec, ...] = ()

    def with_schema(self, schema: Mapping[str, Any]) -> "Chat":
        """Return the question with this schema, as it is now. Raises NotSerialisable."""
        try:
            text = json.dumps(schema, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise NotSerialisable("the JSON schema of a question", str(error)) from None
        # By way of the text, which is needed anyway: several times faster than a deep copy.
        fields = {**self.__dict__, "json_schema": json.loads(text)}
        question = Chat.model_construct(**fields)
        question.__dict__["schema_text"] = text
        return question

    @cached_property
    def schema_text(self) -> str | None:
        """Return the schema as JSON; None without one."""
        return None if self.json_schema is None else json.dumps(self.json_schema)

    def as_plain(self, what: str) -> dict[str, Any]:
        """Return the same data, made by hand since every call needs it; the schema is a text,
        which a journal then holds once."""
        plain: dict[str, Any] = {
            "model": self.model,
            "messages": [message.as_plain() for message in self.messages],
            "sampling": self.sampling,
            "json_schema": self.schema_text,
        }
        if self.tools:
            plain["tools"] = [tool.model_dump(mode="json") for tool in self.tools]
        return plain

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "Chat":
        """Return the question whose plain form this is, as a journal holds it."""
        schema = plain["json_schema"]
        return cls(**{**plain, "json_schema": None if schema is None else json.loads(schema)})


class Usage(NamedTuple):
    """Tokens of one call, as the provider counts them."""

    prompt_tokens: int
    completion_tokens: int

    @property
    def total(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def plus(self, other: "Usage") -> "Usage":
        return Usage(*[mine + its for mine, its in zip(self, other, strict=True)])


class Fault(NamedTuple):
    """An attempt that failed, as it is recorded."""

    kind: str
    """See `adapters.llm.transport.FaultKind`; users' own providers may have others."""
    status: int | None = None
    """HTTP status, where there was one."""


class ChatReply(Message, name="llm.reply"):
    """A model's answer, with what it cost to get it."""

    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = "stop"
    """stop, length, tool_calls, content_filter, or what else the provider says."""
    usage: Usage | None = None
    """None where the provider does not report it."""
    model: str = ""
    """The model's name by the provider."""
    fingerprint: str | None = None
    """The provider's system_fingerprint."""
    calls: int = 1
    """Requests sent, failed ones included."""
    faults: tuple[Fault, ...] = ()
    """Attempts that failed before this answer came."""
    wasted: Usage | None = None
    """Tokens of the failed requests, as far as the provider reported them."""
    untold: int = 0
    """Requests that may have a cost, but whose tokens were not reported."""


class ModelTrouble(NamedTuple):
    """The facts of a call that failed for good: the `facts` of its EffectFailed."""

    calls: int
    faults: tuple[Fault, ...]
    wasted: Usage | None = None
    """As of ChatReply."""
    untold: int = 0
    """As of ChatReply."""

    def to_json(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "faults": [list(fault) for fault in self.faults],
            "wasted": None if self.wasted is None else list(self.wasted),
            "untold": self.untold,
        }

    @classmethod
    def of_json(cls, facts: Any) -> "ModelTrouble":
        """Read facts as they were recorded; those of an effect that is no model are empty."""
        if not isinstance(facts, dict):
            return cls(0, ())
        faults = tuple(Fault(*fault) for fault in facts.get("faults", ()))
        wasted = None if facts.get("wasted") is None else Usage(*facts["wasted"])
        return cls(facts.get("calls", 0), faults, wasted, facts.get("untold", 0))


class ModelUse(NamedTuple):
    """Use of language models by an agent. Adds up over turns."""

    calls: int = 0
    """Requests sent, failed ones included."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    uncounted: int = 0
    """Answers whose tokens the provider did not report."""
    faults: int = 0
    """Attempts that failed."""
    failed: int = 0
    """Questions that got no answer at all."""
    repaired: int = 0
    """Replies that were valid only when asked again."""
    invalid: int = 0
    """Replies that stayed invalid."""

    def __add__(self, other: object) -> "ModelUse":
        if not isinstance(other, ModelUse):
            return NotImplemented
        return ModelUse(*[mine + its for mine, its in zip(self, other, strict=True)])

    @classmethod
    def of(cls, ended: ChatReply | ModelTrouble) -> "ModelUse":
        """Count a question that was answered, or that got no answer."""
        calls, faults = ended.calls, len(ended.faults)
        if isinstance(ended, ModelTrouble):
            return cls(calls, faults=faults, failed=1)
        if ended.usage is None:
            return cls(calls, uncounted=1, faults=faults)
        return cls(calls, *ended.usage, faults=faults)


class Provider(Protocol):
    """The port to a language model: answers a question, however long that takes.

    Retries, limits and time limits are the provider's own. Raises `EffectFault` when it gives
    up (`kind` as in `Fault`, `facts` a `ModelTrouble.to_json()`), `EffectWithheld` when the run
    must pause first (a budget is used up, the provider is down). Who asks stands in
    `runtime.effects.asking`.
    """

    async def chat(self, question: Chat) -> ChatReply:
        """Answer a question."""


class NoProvider:
    """A provider where no model may be asked, as in a replay."""

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
