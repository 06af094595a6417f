"""Numbers as a reader of words is shown them: short, since every digit is a token to pay for."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from pydantic import JsonValue

DIGITS = 4
"""Significant digits that are kept."""
PLACES = 6
"""Decimal places beyond which a number is noise."""


def rounded(number: float) -> float | int:
    """The number to 4 significant digits and 6 places; whole where it then has no fraction."""
    if not isfinite(number):
        return number
    short = float(f"{round(number, PLACES):.{DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def shortened(value: Any) -> JsonValue:
    """JSON data with every fractional number rounded; tuples become lists."""
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, Mapping):
        return {str(key): shortened(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [shortened(entry) for entry in value]
    return value  # type: ignore[no-any-return]
