"""What is wrong with the fields of a form, in words for whoever typed the options."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import CliError
from .refusals import EXIT_BAD_INPUT

M = TypeVar("M", bound=BaseModel)
OPTIONS = {
    "horizon_min_min": "--start",
    "horizon_max_min": "--deadline",
    "success_metrics": "--metric",
    "repeat_every_min": "--repeat-every",
}
"""Fields whose options have other names."""
_EXPECTED = {
    "less_than_equal": "at most {le:g}",
    "greater_than_equal": "at least {ge:g}",
    "timezone_aware": "a time with its zone, such as 2025-11-08T12:00:00Z",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
}
_WORDS = {"string_unicode": "a text can't hold half a surrogate pair, nor bytes that are not UTF-8"}
_MOST = 10


def filled(form: type[M], fields: Mapping[str, Any]) -> M:
    """The form with these fields. Raises CliError."""
    try:
        return form.model_validate(fields)
    except ValidationError as error:
        raise CliError(mistakes(error), EXIT_BAD_INPUT) from None


def mistakes(error: ValidationError, options: Mapping[str, str] = OPTIONS) -> str:
    """Each mistake on a line of its own: where, what was expected, what came.

    `options` has other names for fields.
    """
    found = error.errors(include_url=False)
    lines = []
    for mistake in found[:_MOST]:
        place = ".".join(str(part) for part in mistake["loc"] if part not in ("draft", "patch"))
        words = _words(mistake)
        for field, option in options.items():
            words = words.replace(field, option)
            place = place.replace(field, option)
        lines.append(f"{place}: {words}" if place else words)
    if len(found) > _MOST:
        lines.append(f"… and {len(found) - _MOST} more")
    return "\n".join(lines)


def _words(mistake: ErrorDetails) -> str:
    """What was expected, and what came where that is short."""
    if mistake["type"] == "extra_forbidden":
        return "there is no such field"
    expected = _EXPECTED.get(mistake["type"])
    if expected is None:
        words = _WORDS.get(mistake["type"]) or mistake["msg"].removeprefix("Value error, ")
        words = words.replace("Input should be", "expected", 1)
    else:
        words = f"expected {expected.format(**mistake.get('ctx', {}))}"
    given = mistake["input"]
    if mistake["type"] in ("too_short", "too_long") and isinstance(given, str):
        words += " characters" if not words.endswith(" 1") else " character"
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        words += f", got {_shortened(repr(given))}"
    return words


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
