"""The language models of a run: what must be there before its first step, and their cost."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import anyio

from ...actors.llm.chat import Chat, ModelTrouble, Usage
from ...actors.llm.model import Provider
from ...actors.resolved import ResolvedEpisode
from ...runtime.journal import Recorded
from ...scenarios.schema.language_model import LOCAL, ModelConfig, Price
from ..runs.errors import RunError
from .budgets import Budgets
from .keys import Keys
from .ledger import Ledger, estimate_tokens
from .prices import price_of, table_version
from .provider import ResilientProvider
from .telemetry import CallRecord
from .transport_factory import make_transport

LOCAL_CONTEXT = 4096
"""Tokens of a prompt with its answer that a local model takes."""


class MissingKeys(RunError):
    """Models can't be asked without their keys."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__("\n".join(missing))


class LanguageModels:
    """The providers of a run. Enter it before the run begins; `aclose` on the run's loop."""

    def __init__(
        self, episode: ResolvedEpisode, budgets: Sequence[str] = (),
        say: Callable[[str], None] = lambda text: None,
    ) -> None:  # fmt: skip
        """Prepare all providers, and check what must be there before the run begins.

        Raises MissingKeys, BudgetNeedsPrice, BadBudget; NotPulled for a local model that is not
        there yet, MissingExtra for a package that is not, Unreachable.
        """
        self._models = episode.models
        self._say = say
        self._stack = ExitStack()
        self._providers: dict[str, ResilientProvider] = {}
        self._bases: dict[str, str] = {}
        self.record: Callable[[CallRecord], None] = lambda call: None
        """Takes each call's physical facts."""
        self.spent: Callable[[str, int, Any], None] = lambda actor, number, facts: None
        """Takes what a call has cost that has no outcome of its own."""
        limits = Budgets.of(episode.config, budgets)
        self.ledger = Ledger(
            limits.run, limits.by_role, limits.by_agent,
            {f"agents/{one.agent}": one.spec.role for one in episode.agents if one.spec.role},
        )  # fmt: skip
        self.keys = Keys.load()
        missing = [text for model in self._models.values() if (text := self.keys.missing(model))]
        if missing:
            raise MissingKeys(missing)
        for name in self._local():
            from ..local_model.weights import pulled_weights

            pulled_weights(name)
        for model in self._models.values():
            if not model.is_local:
                make_transport(model, self.keys)
        for model in self._models.values():
            self.ledger.check_prices({model.model: price_of(model)})
        self._prices = {path: price_of(model) for path, model in episode.models_asked.items()}
        """Prices of each actor's model, by its path."""

    def _local(self) -> dict[str, int]:
        """Return the local models, with the questions that each answers at once."""
        wanted: dict[str, int] = {}
        for model in self._models.values():
            if model.is_local:
                name = model.model.removeprefix(LOCAL)
                wanted[name] = max(wanted.get(name, 1), model.at_once)
        return wanted

    def __enter__(self) -> "LanguageModels":
        """Start the servers of local models."""
        for name, slots in self._local().items():
            from ..local_model import local_server

            server = self._stack.enter_context(
                local_server(
                    name, slots=slots, context=LOCAL_CONTEXT, reuse_prompts=True, say=self._say
                )
            )
            self._bases[f"{LOCAL}{name}"] = server.api_base
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def provider(self, path: str, config: ModelConfig) -> Provider:
        """Make the provider of a model whose effect actor has this path."""
        base = self._bases.get(config.model) if config.is_local else None
        reached = config if base is None else config.model_copy(update={"api_base": base})
        made = ResilientProvider(
            config, make_transport(reached, self.keys), self.ledger,
            price=price_of(config), redact=self.keys.redact,
            record=lambda call: self.record(call),
            spent=lambda actor, number, facts: self.spent(actor, number, facts),
        )  # fmt: skip
        self._providers[path] = made
        return made

    def charge(self, recorded: Recorded) -> None:
        """Book what earlier executions of the run have paid for."""
        for record in recorded.outcomes():
            asked = record["asked"]
            asks_model = isinstance(asked, dict) and asked.get("message") == Chat.message_name
            if asks_model and not record.get("given"):
                self._book(recorded, record, _ReportedCost.of(record["value"]))
        for record in recorded.spent:
            self._book(recorded, record, _ReportedCost.of(record["facts"]))

    def _book(self, recorded: Recorded, record: dict[str, Any], cost: "_ReportedCost") -> None:
        """Book one cost; requests that reported no tokens count at their estimate."""
        actor = record["actor"]
        bound = cost.bound
        if cost.unknown and bound is None:
            asked = json.loads(recorded.asked(actor, record["number"]))
            bound = estimate_tokens(Chat.of_plain(asked["body"]))
        self.ledger.charge(
            actor, cost.calls, cost.usage, self._price_of(actor),
            unknown=cost.unknown, bound=bound or Usage(0, 0),
        )  # fmt: skip

    def _price_of(self, actor: str) -> Price | None:
        """Return the price of an actor's model; an agent's children ask for the agent."""
        while actor and actor not in self._prices:
            actor = actor.rpartition("/")[0]
        return self._prices.get(actor)

    async def aclose(self) -> None:
        """Close all connections."""
        with anyio.CancelScope(shield=True):
            for provider in self._providers.values():
                await provider.aclose()

    def to_json(self) -> dict[str, Any]:
        """Return the cost for meta.json: what was spent, at which prices."""
        prices = [
            {"model": model.model, "price": None if price is None else price.model_dump()}
            for model in self._models.values()
            for price in [price_of(model)]
        ]
        return {**self.ledger.to_json(), "prices": prices, "price_table": table_version()}


class _ReportedCost(NamedTuple):
    """The cost of a question, as its outcome reports it."""

    calls: int
    usage: Usage | None
    unknown: int
    """Calls that may have been billed without reporting their tokens."""
    bound: Usage | None = None
    """Most tokens of each, where the question itself is not recorded."""

    @classmethod
    def of(cls, value: Any) -> "_ReportedCost":
        facts = value if isinstance(value, dict) else {}
        trouble = ModelTrouble.of_json(facts)
        usage = None if facts.get("usage") is None else Usage(*facts["usage"])
        if trouble.wasted is not None:
            usage = trouble.wasted.plus(usage or Usage(0, 0))
        bound = facts.get("bound")
        return cls(trouble.calls, usage, trouble.untold, None if bound is None else Usage(*bound))
