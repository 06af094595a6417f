"""Prices of models, from the scenario file or litellm's price table, and exact sums of money.

The table is read from the installed package's file; litellm itself is not imported. An unknown
price is None, never 0. Money is counted in whole pico-dollars, so that sums are exact and do not
depend on their order.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...actors.llm.chat import Usage
from ...scenarios.schema.language_model import ModelConfig, Price
from .endpoint import provider_at

PICO = 10**12
"""Pico-dollars in a US dollar."""
_PICO_PER_TOKEN = PICO // 10**6
"""Pico-dollars per token, at one dollar per million tokens."""
_FILE = "model_prices_and_context_window_backup.json"
_FREE = Price(input=0.0, output=0.0)
_OWN_MACHINE = frozenset({"ollama", "ollama_chat", "lemonade"})
"""Providers whose models run on the user's machine: there, the table's zeros are prices. Elsewhere
they stand for prices that are not filled in."""
_RENTED = "-cloud"
"""End of the names of ollama's models that run elsewhere, for a subscription."""


@dataclass(frozen=True)
class PriceTable:
    """litellm's table of models."""

    version: str | None = None
    """Version of the litellm that it came with; None where there is none."""
    models: Mapping[str, Any] = field(default_factory=dict)
    """Entries by litellm's names; costs in US dollars per token."""

    @classmethod
    @cache
    def installed(cls) -> "PriceTable":
        """Read the table of the installed litellm; an empty one where there is none."""
        found = find_spec("litellm")
        if found is None or found.origin is None:
            return cls()
        try:
            models = json.loads(Path(found.origin).with_name(_FILE).read_bytes())
            return cls(version("litellm"), models)
        except (OSError, ValueError, PackageNotFoundError):
            return cls()

    def price(self, model: str, provider: str | None = None) -> Price | None:
        """Return the price of a model by litellm's rules; None if the table has none.

        The name as it stands goes first, then the name without the provider before it if that is
        an entry of the same provider (`openai/gpt-4o-mini`: `gpt-4o-mini`); of a fine-tuned model
        the one that it came from. `provider` is given where the name does not tell it.
        """
        if provider is None:
            provider, slash, name = model.partition("/")
            if not slash:
                return self._first([model], None)
        else:
            name = model.removeprefix(f"{provider}/")
        return self._first([f"{provider}/{name}", name], provider)

    def _first(self, names: list[str], provider: str | None) -> Price | None:
        tuned = [":".join(name.split(":")[:2]) for name in names if "ft:" in name]
        for name in (*names, *tuned):
            entry = self.models.get(name)
            if isinstance(entry, dict) and _is_of(entry, provider):
                return _price(name, entry)
        return None


def price_of(config: ModelConfig, table: PriceTable | None = None) -> Price | None:
    """Return a model's price, in US dollars per million tokens; None if it is unknown.

    The scenario file's own `price` goes first. The small local model is free. For an `api_base`
    the table counts only if that is the provider's own address.
    """
    if config.price is not None:
        return config.price
    if config.is_local:
        return _FREE
    table = table or PriceTable.installed()
    if config.api_base is None:
        return table.price(config.model)
    provider = provider_at(config.api_base)
    return None if provider is None else table.price(config.model, provider)


def table_version() -> str | None:
    """Return the version of the litellm whose table is used; None where there is none."""
    return PriceTable.installed().version


def _is_of(entry: Mapping[str, Any], provider: str | None) -> bool:
    """Tell whether an entry is one of a provider's.

    litellm has several names for some (bedrock and bedrock_converse, vertex_ai and
    vertex_ai-language-models).
    """
    whose = entry.get("litellm_provider")
    if provider is None or whose is None or whose == provider:
        return True
    if provider == "bedrock":
        return str(whose).startswith(provider)
    return str(whose).startswith(f"{provider}-")


def _price(name: str, entry: Mapping[str, Any]) -> Price | None:
    costs = [entry.get("input_cost_per_token"), entry.get("output_cost_per_token")]
    known = [cost for cost in costs if isinstance(cost, int | float) and cost >= 0]
    if len(known) < len(costs):
        return None
    own = entry.get("litellm_provider") in _OWN_MACHINE and not name.endswith(_RENTED)
    if not own and not all(known):
        return None
    # Rounded, since 1.5e-07 times a million is not quite 0.15 in floating point.
    per_million = [float(f"{cost * 1e6:.12g}") for cost in known]
    return Price(input=per_million[0], output=per_million[1])


def pico_of(usd: float) -> int:
    """Convert US dollars to pico-dollars, rounded down."""
    return math.floor(Decimal(str(usd)) * PICO)


def dollars(pico: int) -> Decimal:
    """Convert pico-dollars to US dollars, exactly."""
    return Decimal(pico).scaleb(-12)


def cost(usage: Usage, price: Price) -> int:
    """Return the cost of tokens, in pico-dollars.

    Prices below a millionth of a dollar per million tokens are rounded up to it.
    """
    return usage.prompt_tokens * _per_token(price.input) + usage.completion_tokens * _per_token(
        price.output
    )


def _per_token(usd_per_million: float) -> int:
    return math.ceil(Decimal(str(usd_per_million)) * _PICO_PER_TOKEN)
