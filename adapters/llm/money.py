"""Money as whole pico-dollars, so that sums are exact and their order does not matter."""

import math
from decimal import Decimal

from ...actors.llm.chat import Usage
from ...scenarios.schema.language_model import Price

PICO = 10**12
"""Pico-dollars in a US dollar."""
_PICO_PER_TOKEN = PICO // 10**6
"""Of a price of one dollar per million tokens."""


def pico_of(usd: float) -> int:
    """An amount in US dollars as pico-dollars, rounded down."""
    return math.floor(Decimal(str(usd)) * PICO)


def dollars(pico: int) -> Decimal:
    """Pico-dollars as an amount in US dollars, exactly."""
    return Decimal(pico).scaleb(-12)


def cost(usage: Usage, price: Price) -> int:
    """What tokens cost, in pico-dollars; prices below a millionth of a dollar per million tokens
    are rounded up to it."""
    return usage.prompt_tokens * _per_token(price.input) + usage.completion_tokens * _per_token(
        price.output
    )


def _per_token(usd_per_million: float) -> int:
    return math.ceil(Decimal(str(usd_per_million)) * _PICO_PER_TOKEN)
