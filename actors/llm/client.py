"""`ctx.llm`: an agent asks its language model."""

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
        """Make the question that `chat` asks, to be asked with `ask`. Raises NoModel."""
        config = self._sure().config
        if isinstance(messages, str):
            messages = [ChatMessage(role="user", content=messages)]
        # A message of the class is taken as it is, since pydantic validates no instance again.
        asked = [ChatMessage.model_validate(message) for message in messages]
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
        answered = [(model, pending) for model, pending in self._open if pending.done]
        self._open = [(model, pending) for model, pending in self._open if not pending.done]
        for model, pending in answered:
            error = pending.error
            if error is None:
                ended: ChatReply | ModelTrouble = pending.value
            else:
                facts = error.facts if isinstance(error, EffectFailed) else None
                ended = ModelTrouble.of_json(facts)
            for kind, status in ended.faults:
                data: dict[str, Any] = {"model": model, "fault": kind}
                if status is not None:
                    data["status"] = status
                self._notebook.event("model_fault", data)
            self._notebook.used(ModelUse.of(ended))

    def _sure(self) -> ModelBinding:
        if self._binding is None:
            raise NoModel(self._ctx.self.path)
        return self._binding
