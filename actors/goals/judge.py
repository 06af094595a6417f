"""A language model that compares goals with beliefs. Each of its questions is an effect of the
run: journalled, budgeted, replayed."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from ...goals.checkers.checker import (
    AsyncBeliefConsistencyChecker,
    AsyncMaxOf,
    CheckFailed,
    DeferredChecker,
    LexicalChecker,
    Unvetted,
)
from ...goals.checkers.model_checkers import LLMJudgeChecker
from ...runtime.context import Context
from ...runtime.errors import EffectFailed
from ...scenarios.schema.language_model import ModelConfig
from ..llm.chat import Chat, ChatMessage, ChatReply, ModelBinding, ModelTrouble, ModelUse


class Judge:
    """Answers the store's questions before a goal is adopted, and keeps the answer on each pair of
    a text and a belief."""

    def __init__(self, binding: ModelBinding, *, with_rules: bool) -> None:
        """Bind a judge to its model. `with_rules`: the rules judge too, and the stricter one
        counts."""
        self.binding = binding
        self.with_rules = with_rules
        self.answers = DeferredChecker()
        """The checker that the store is given."""
        self.use = ModelUse()
        """Usage of the model."""
        self._said: dict[str, str] = {}

    async def answer(self, question: Unvetted, ctx: Context) -> None:
        """Have a question answered; a judge that gives no usable answer blocks the goal."""
        report = None
        with suppress(CheckFailed):
            report = await self._checker(ctx).check_consistency(
                query=question.query, beliefs=question.beliefs, memories=[]
            )
        self.answers.learn(question, report)

    def _checker(self, ctx: Context) -> AsyncBeliefConsistencyChecker:
        ask = partial(self._reply, ctx)
        judge = LLMJudgeChecker(ask, model=self.binding.config.model, cache=self._said)
        return AsyncMaxOf([LexicalChecker(), judge]) if self.with_rules else judge

    async def _reply(
        self, ctx: Context, messages: list[dict[str, str]], schema: Mapping[str, Any]
    ) -> str:
        question = judge_question(self.binding.config, messages, schema)
        try:
            reply: ChatReply = await ctx.ask(self.binding.actor, question)
        except EffectFailed as error:
            self.use += ModelUse.of(ModelTrouble.of_json(error.facts))
            raise
        self.use += ModelUse.of(reply)
        return reply.content


def judge_question(
    config: ModelConfig, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]
) -> Chat:
    """Make the question to a judge's model; at temperature 0 unless its settings say otherwise."""
    return Chat(
        model=config.model,
        messages=tuple([ChatMessage.model_validate(message) for message in messages]),
        sampling={"temperature": 0.0, **config.sampling},
    ).with_schema(schema)
