"""The language models of a run: what must be there before its first step, and their cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import anyio

from ...actors.llm.chat import Chat, ModelTrouble, Provider, Usage
from ...actors.resolved import ResolvedEpisode
from ...runtime.journal import Recorded
from ...scenarios.schema.language_model import LOCAL, ModelConfig, Price
from ..runs.errors import RunError
from .endpoint import PROVIDERS, endpoint_of, is_direct, provider_of_name
from .keys import Keys, variable_of
from .ledger import Ledger, read_budgets
from .litellm_bridge import KeysWanted, LitellmTransport, keys_wanted, settings_unknown
from .openai_http import OpenAiHttp
from .prices import NO_TOKENS, PriceTable, estimate_tokens, price_of
from .provider import ResilientProvider
from .telemetry import Call
from .transport import Transport

if TYPE_CHECKING:
    from ..local_model.weights import Weights

LOCAL_CONTEXT = 4096
"""Tokens of a prompt with its answer that a local model takes."""


class MissingKeys(RunError):
    """Models can't be asked without their keys."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__("\n".join(missing))


def missing_key(config: ModelConfig, keys: Keys) -> str | None:
    """Say which key a model lacks; None if there is nothing to say.

    Imports litellm where only that knows which key a provider wants. Raises MissingExtra.
    """
    name, known = variable_of(config), provider_of_name(config.model)
    if name is not None:
        wanted: KeysWanted | None = KeysWanted((name,))
    elif config.api_base is not None or config.is_local:
        return None
    elif known is not None and known.key is not None:
        wanted = KeysWanted((known.key,))
    else:
        wanted = keys_wanted(config.model)
    if wanted is None:
        return (
            f"the model {config.model} belongs to no provider that litellm knows: write it as "
            f"provider/model (openai/gpt-4o-mini, anthropic/…, openrouter/…), or give the api_base "
            f"of a server that knows it"
        )
    found = {name: keys.find(name) for name in wanted.names}
    absent = [name for name, key in found.items() if key is None]
    if absent and (len(absent) == len(found) or not wanted.one_is_enough):
        listed = (" or " if wanted.one_is_enough else " and ").join(absent)
        return f"the model {config.model} needs a key: set {listed} in the environment or in .env"
    for name, key in found.items():
        text = "" if key is None else key.reveal()
        if not text.isascii() or not text.isprintable() or " " in text:
            return (
                f"the key of the model {config.model} can't be sent: {name} holds characters "
                f"that no key has (blanks, line ends, or others beyond ASCII)"
            )
    return None


class Unreachable(RunError):
    """A config that names no way to its model."""


def make_transport(config: ModelConfig, keys: Keys) -> Transport:
    """Make the transport of a model.

    Nothing is opened before the first question; litellm is imported for a model of a provider's
    own. A model of this package's own (`local/…`) must be served first, and the config have the
    server's api_base. Raises Unreachable, and MissingExtra.
    """
    if config.is_local:
        raise Unreachable(f"the model {config.model} is not being served: give its api_base")
    if not is_direct(config):
        # Else litellm would refuse them at each call.
        if config.api_base is None and (unknown := settings_unknown(config.model, config.sampling)):
            raise Unreachable(
                f"the model {config.model} does not take {' and '.join(unknown)}: leave that out "
                f"of its settings"
            )
        return LitellmTransport(config, keys)
    endpoint = endpoint_of(config)
    if endpoint is None:
        known = " or ".join(f"{name}/…" for name, one in PROVIDERS.items() if one.url)
        raise Unreachable(
            f"the model {config.model} can't be asked with adapter: openai, since its server is "
            f"unknown: give an api_base, or a model {known}, or choose adapter: litellm"
        )
    return OpenAiHttp(config, endpoint, keys.of(config))


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
        self._providers: list[ResilientProvider] = []
        self._local: dict[Weights, int] = {}
        """Local models, with the questions that each answers at once."""
        self._bases: dict[str, str] = {}
        self.record: Callable[[Call], None] = lambda call: None
        """Takes each call's physical facts."""
        self.spent: Callable[[str, int, Any], None] = lambda actor, number, facts: None
        """Takes what a call has cost that has no outcome of its own."""
        roles = {f"agents/{one.agent}": one.spec.role for one in episode.agents if one.spec.role}
        self.ledger = Ledger(read_budgets(episode.config, budgets), roles)
        self.keys = Keys.load()
        lacks = [missing_key(model, self.keys) for model in self._models.values()]
        if missing := [text for text in lacks if text is not None]:
            raise MissingKeys(missing)
        for model in self._models.values():
            if model.is_local:
                from ..local_model.weights import pulled_weights  # most runs need no such model

                weights = pulled_weights(model.model)
                self._local[weights] = max(self._local.get(weights, 1), model.at_once)
            else:
                make_transport(model, self.keys)
        for model in self._models.values():
            self.ledger.check_price(model.model, price_of(model))
        self._prices = {path: price_of(model) for path, model in episode.models_asked.items()}
        """Prices of each actor's model, by its path."""

    def __enter__(self) -> LanguageModels:
        """Start the servers of local models."""
        for weights, slots in self._local.items():
            from ..local_model.server import local_server  # as above

            serving = local_server(
                weights, slots=slots, context=LOCAL_CONTEXT, reuse_prompts=True, say=self._say
            )
            self._bases[f"{LOCAL}{weights.name}"] = self._stack.enter_context(serving).api_base
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def provider(self, path: str, config: ModelConfig) -> Provider:
        """Make the provider of a model whose effect actor has this path."""
        reached = config
        if config.is_local and config.model in self._bases:
            reached = config.model_copy(update={"api_base": self._bases[config.model]})
        made = ResilientProvider(
            config, make_transport(reached, self.keys), self.ledger,
            price=price_of(config), redact=self.keys.redact, record=self._ended,
        )  # fmt: skip
        self._providers.append(made)
        return made

    def _ended(self, call: Call) -> None:
        self.record(call)
        if call.lost_cost is not None:
            self.spent(call.actor, call.number, call.lost_cost)

    def charge(self, recorded: Recorded) -> None:
        """Book what earlier executions of the run have paid for."""
        for record in recorded.outcomes():
            asked = record["asked"]
            asks_model = isinstance(asked, dict) and asked.get("message") == Chat.message_name
            if asks_model and not record.get("given"):
                self._book(recorded, record, record["value"])
        for record in recorded.spent:
            self._book(recorded, record, record["facts"])

    def _book(self, recorded: Recorded, record: dict[str, Any], value: Any) -> None:
        """Book the cost that an outcome reports; requests that reported no tokens count at their
        estimate, which is recorded where the question itself is not."""
        facts, actor = value if isinstance(value, dict) else {}, record["actor"]
        trouble = ModelTrouble.of_json(facts)
        usage = (trouble.wasted or NO_TOKENS).plus(Usage(*facts.get("usage") or NO_TOKENS))
        bound = Usage(*facts.get("bound") or NO_TOKENS)
        if trouble.untold and facts.get("bound") is None:
            asked = json.loads(recorded.asked(actor, record["number"]))
            bound = estimate_tokens(Chat.of_plain(asked["body"]))
        price, unknown = self._price_of(actor), trouble.untold
        self.ledger.charge(actor, trouble.calls, usage, price, unknown=unknown, bound=bound)

    def _price_of(self, actor: str) -> Price | None:
        """Return the price of an actor's model; an agent's children ask for the agent."""
        while actor and actor not in self._prices:
            actor = actor.rpartition("/")[0]
        return self._prices.get(actor)

    async def aclose(self) -> None:
        """Close all connections."""
        with anyio.CancelScope(shield=True):
            for provider in self._providers:
                await provider.aclose()

    def to_json(self) -> dict[str, Any]:
        """Return the cost for meta.json: what was spent, at which prices."""
        found = [(model.model, price_of(model)) for model in self._models.values()]
        prices = [{"model": name, "price": price and price.model_dump()} for name, price in found]
        table = PriceTable.installed().version
        return {**self.ledger.to_json(), "prices": prices, "price_table": table}
