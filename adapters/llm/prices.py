"""Costs of calls: tokens of a question by estimate, prices of models, exact sums of money.

Prices come from the scenario file or from litellm's table, which is read from the installed
package's file; litellm itself is not imported. An unknown price is None, never 0. Money is counted
in whole pico-dollars, so that sums are exact and do not depend on their order.
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

from ...actors.llm.chat import Chat, ChatMessage, Usage
from ...scenarios.schema.language_model import ModelConfig, Price
from .endpoint import provider_at

NO_TOKENS = Usage(0, 0)
_BYTES_PER_TOKEN = 3
_PER_MESSAGE = 8
"""Tokens of a message's frame: its role and the marks around it."""
_PER_FORM = 64
"""Tokens of the words in which a schema or a list of tools is put."""
_UNLIMITED = 4096
"""Taken for the longest reply of a question that sets no limit."""
_PICO = 10**12
"""Pico-dollars in a US dollar."""
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
        name = model if provider is None else model.removeprefix(f"{provider}/")
        if provider is None and "/" in model:
            provider, _, name = model.partition("/")
        names = [name] if provider is None else [f"{provider}/{name}", name]
        names += [":".join(name.split(":")[:2]) for name in names if "ft:" in name]
        for name in names:
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
    return math.floor(Decimal(str(usd)) * _PICO)


def dollars(pico: int) -> Decimal:
    """Convert pico-dollars to US dollars, exactly."""
    return Decimal(pico).scaleb(-12)


def cost(usage: Usage, price: Price) -> int:
    """Return the cost of tokens, in pico-dollars.

    Prices below a millionth of a dollar per million tokens are rounded up to it.
    """
    prices = (price.input, price.output)
    per_token = [math.ceil(Decimal(str(usd)) * (_PICO // 10**6)) for usd in prices]
    return usage.prompt_tokens * per_token[0] + usage.completion_tokens * per_token[1]


def estimate_tokens(question: Chat) -> Usage:
    """Estimate the most tokens that one attempt should take.

    The completion is bounded by `max_tokens` (times `n`). The prompt is its bytes in UTF-8
    divided by 3, and something for each message's frame: English and JSON have about 4 bytes per
    token, so this is above the truth; long rows of rare signs or emoji can be beyond it.
    """
    texts = [(_PER_MESSAGE, _text_of(message)) for message in question.messages]
    if question.json_schema is not None:
        texts.append((_PER_FORM, question.schema_text or ""))
    if question.tools:
        tools = [
            json.dumps(tool.model_dump(mode="json"), ensure_ascii=False) for tool in question.tools
        ]
        texts.append((_PER_FORM, "".join(tools)))
    prompt = sum(
        frame + math.ceil(len(text.encode(errors="surrogatepass")) / _BYTES_PER_TOKEN)
        for frame, text in texts
    )
    sampling = question.sampling
    limits = [sampling.get("max_tokens"), sampling.get("max_completion_tokens")]
    longest = max((limit for limit in limits if isinstance(limit, int)), default=_UNLIMITED)
    choices = sampling.get("n")
    return Usage(prompt, longest * (max(1, choices) if isinstance(choices, int) else 1))


def _text_of(message: ChatMessage) -> str:
    calls = "".join(f"{call.id}{call.name}{call.arguments}" for call in message.tool_calls)
    return f"{message.content}{calls}{message.tool_call_id or ''}"
