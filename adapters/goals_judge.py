"""A language model as the judge of goals, for stores outside of an episode."""

from typing import Any

from ..actors.goals.judge import judge_question
from ..goals.checkers.judge import LLMJudgeChecker
from ..scenarios.schema.language_model import Budget, ModelConfig
from .llm.keys import Keys
from .llm.language_models import MissingKeys
from .llm.ledger import Ledger
from .llm.prices import price_of
from .llm.provider import PatientProvider
from .llm.reach import reach


class JudgeModel:
    """The model behind a judge: retries, limits and keys as of an agent's; no budget."""

    def __init__(self, config: ModelConfig, keys: Keys | None = None) -> None:
        """Raises MissingKeys, MissingExtra, Unreachable."""
        keys = keys or Keys.load()
        missing = keys.missing(config)
        if missing:
            raise MissingKeys([missing])
        self._config = config
        self._provider = PatientProvider(
            config, reach(config, keys), Ledger(Budget(), {}, {}, {}),
            price=price_of(config), redact=keys.redact, record=lambda call: None,
        )  # fmt: skip

    def checker(self) -> LLMJudgeChecker:
        """The checker that asks this model. Its verdicts are kept as long as it lives."""
        return LLMJudgeChecker(self._ask, model=self._config.model)

    async def _ask(self, messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        reply = await self._provider.chat(judge_question(self._config, messages, schema))
        return reply.content

    async def aclose(self) -> None:
        """Close the connections to the provider."""
        await self._provider.aclose()
