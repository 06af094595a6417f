"""`ctx.llm`: how an agent asks its language model."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from ...runtime.context import Context
from ...runtime.errors import ActorError, EffectFailed
from ...runtime.waiting import Pending
from ..messages import Notebook
from .chat import (
    Chat,
    ChatMessage,
    ChatReply,
    Fault,
    ModelBinding,
    ModelTrouble,
    ModelUse,
    ToolSpec,
)

Messages = str | Sequence[ChatMessage | Mapping[str, Any]]


class NoModel(ActorError):
    """The scenario file gives the agent no language model."""

    def __init__(self, agent: str) -> None:
        super().__init__(
            f"agent {agent!r} has no language model to ask: add `model: …` to its entry in the "
            f"scenario file, or `llm: {{model: …}}` for all agents"
        )


class Llm:
    """An agent's language model. Each question is an effect: recorded, budgeted, replayed."""

    __slots__ = ("_binding", "_ctx", "_notebook", "_open")

    def __init__(self, ctx: Context, binding: ModelBinding | None, notebook: Notebook) -> None:
        self._ctx = ctx
        self._binding = binding
        self._notebook = notebook
        self._open: list[tuple[str, Pending[ChatReply]]] = []
        """Questions that are not counted yet, with their models."""

    @property
    def model(self) -> str:
        """The model's name. Raises NoModel."""
        return self._sure().config.model

    async def chat(
        self,
        messages: Messages,
        *,
        system: str | None = None,
        json_schema: Mapping[str, Any] | None = None,
        tools: Sequence[ToolSpec] = (),
        **sampling: Any,
    ) -> ChatReply:
        """Ask and await the reply.

        `messages` is a text, or messages as of OpenAI's API. With a `json_schema` the reply's
        content is meant to be JSON of it: check it, models err. `sampling` (temperature,
        max_tokens, …) goes over the scenario file's settings. Tokens and faults are noted for the
        report. Raises EffectError when the model gave no answer; NoModel.
        """
        question = self.question(
            messages, system=system, json_schema=json_schema, tools=tools, **sampling
        )
        try:
            return await self.ask(question)
        finally:
            self.count()

    def question(
        self,
        messages: Messages,
        *,
        system: str | None = None,
        json_schema: Mapping[str, Any] | None = None,
        tools: Sequence[ToolSpec] = (),
        **sampling: Any,
    ) -> Chat:
        """The question that `chat` asks, to be asked with `ask`. Raises NoModel."""
        config = self._sure().config
        asked = [_message(message) for message in _listed(messages)]
        if system is not None:
            asked.insert(0, ChatMessage(role="system", content=system))
        # Not validated: what can't be written as JSON is refused when it is asked. Copies, since
        # the question is sent while the agent goes on.
        question = Chat.model_construct(
            model=config.model,
            messages=tuple(asked),
            sampling={**config.sampling, **deepcopy(sampling)},
            json_schema=None,
            tools=tuple([tool.model_copy(deep=True) for tool in tools]),
        )
        return question if json_schema is None else question.with_schema(json_schema)

    def ask(self, question: Chat) -> Pending[ChatReply]:
        """Ask at once; the reply can be awaited later, or gathered and raced with others."""
        pending = self._ctx.ask(self._sure().actor, question)
        self._open.append((question.model, pending))
        return pending

    def count(self) -> None:
        """Note the faults and the tokens of what was answered since the last time."""
        waiting = []
        for model, pending in self._open:
            if pending.done:
                self._count(model, pending)
            else:
                waiting.append((model, pending))
        self._open = waiting

    def _count(self, model: str, pending: Pending[ChatReply]) -> None:
        error = pending.error
        if error is None:
            reply: ChatReply = pending.value
            self._note(reply.faults, model)
            self._notebook.used(ModelUse.of_reply(reply))
        else:
            trouble = ModelTrouble.of_json(error.facts if isinstance(error, EffectFailed) else None)
            self._note(trouble.faults, model)
            self._notebook.used(ModelUse.of_trouble(trouble))

    def _sure(self) -> "ModelBinding":
        if self._binding is None:
            raise NoModel(self._ctx.self.path)
        return self._binding

    def _note(self, faults: Sequence[Fault], model: str) -> None:
        for kind, status in faults:
            data: dict[str, Any] = {"model": model, "fault": kind}
            if status is not None:
                data["status"] = status
            self._notebook.event("model_fault", data)


def _listed(messages: Messages) -> Sequence[ChatMessage | Mapping[str, Any]]:
    return [ChatMessage(role="user", content=messages)] if isinstance(messages, str) else messages


def _message(message: ChatMessage | Mapping[str, Any]) -> ChatMessage:
    return message if isinstance(message, ChatMessage) else ChatMessage.model_validate(message)
