"""A language model as the judge of goals, for stores outside of an episode."""

from typing import Any

from pydantic import ValidationError

from ...actors.goals.judge import judge_question
from ...goals.checkers.checker import AsyncMaxOf, LexicalChecker
from ...goals.checkers.model_checkers import LLMJudgeChecker
from ...runtime.wording import first_problem
from ...scenarios.schema.language_model import ModelConfig
from ..llm.keys import Keys
from ..llm.language_models import MissingKeys, make_transport, missing_key
from ..llm.ledger import Ledger
from ..llm.prices import price_of
from ..llm.provider import ResilientProvider
from ..runs.errors import RunError


class BadJudge(RunError):
    """The judge's model or address is not understood."""


def judge_config(model: str, api_base: str | None) -> ModelConfig:
    """Make the model of a judge with the defaults of agents' models. Raises BadJudge."""
    try:
        return ModelConfig(model=model, api_base=api_base)
    except ValidationError as error:
        found = first_problem(error)
        option = "--judge" if found.path.startswith("model") else "--judge-api-base"
        raise BadJudge(f"{option}: {found.message}") from None


class JudgeModel:
    """The model behind a judge: retries, limits and keys as of an agent's; no budget."""

    def __init__(self, config: ModelConfig, keys: Keys | None = None) -> None:
        """Find the keys and the transport of the model. Raises MissingKeys, MissingExtra,
        Unreachable."""
        keys = keys or Keys.load()
        missing = missing_key(config, keys)
        if missing:
            raise MissingKeys([missing])
        self._config = config
        self._provider = ResilientProvider(
            config, make_transport(config, keys), Ledger(),
            price=price_of(config), redact=keys.redact, record=lambda call: None,
        )  # fmt: skip

    def checker(self) -> AsyncMaxOf:
        """Make a checker of the rules and this model; the stricter counts. The model's verdicts are
        kept as long as the checker lives."""
        return AsyncMaxOf([LexicalChecker(), LLMJudgeChecker(self._ask, model=self._config.model)])

    async def _ask(self, messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        reply = await self._provider.chat(judge_question(self._config, messages, schema))
        return reply.content

    async def aclose(self) -> None:
        """Close the connections to the provider."""
        await self._provider.aclose()
