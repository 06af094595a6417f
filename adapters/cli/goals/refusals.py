"""Refusals and invalid fields in words for the user: the exit code, and what to do next."""

import re
from collections.abc import Mapping
from shlex import quote
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ....goals.schemas import Refused
from ....runtime.wording import shortened
from ...goals.refusals import KINDS, LOCAL, OTHER, Kind
from ..errors import CliError

EXIT_REFUSED, EXIT_BAD_INPUT = 1, 2

_CONTRADICTED = (
    "If the belief does not hold any more: `{goals} belief set {belief} --inactive`. Else give the "
    "goal up with `{goals} abandon {goal}`."
)
_COMMAND_LINE = re.compile(r"`([^`]*)`")
_NAME = re.compile(r"\{goals?\}|\{belief\}")
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


def _kind(refused: Refused) -> Kind:
    return KINDS.get(refused.code) or LOCAL.get(refused.code) or OTHER


def exit_code(refused: Refused) -> int:
    """2 for what no other state of the goals would make right, else 1."""
    return EXIT_BAD_INPUT if _kind(refused).bad_input else EXIT_REFUSED


def reason(refused: Refused) -> str:
    """Return the reason for a refusal; where beliefs are the reason, with their ids."""
    facts = refused.facts
    beliefs = facts.get("belief_ids")
    if facts.get("reason") != "severity" or not isinstance(beliefs, list):
        return refused.detail
    named = ", ".join(str(belief) for belief in beliefs)
    return f"blocked by {named} (severity {facts.get('severity')}): {refused.detail}"


def next_step(refused: Refused, options: str) -> str:
    """Return what to do next, in a sentence or two; empty if the refusal says it itself.

    `options` names the goals' place; each command line in the advice ends with them.
    """
    facts = refused.facts
    text = _kind(refused).next_step
    if facts.get("reason") == "active_contradiction":
        text = _CONTRADICTED
    beliefs = facts.get("belief_ids")
    names = {
        "{goals}": "gdg-runtime goals",
        "{goal}": quote(str(facts.get("goal_id") or "GOAL")),
        "{belief}": quote(str(beliefs[0])) if isinstance(beliefs, list) and beliefs else "BELIEF",
    }
    text = _COMMAND_LINE.sub(lambda found: f"`{found[1]}{options}`", text)
    return _NAME.sub(lambda found: names[found[0]], text)


def filled(form: type[M], fields: Mapping[str, Any]) -> M:
    """Fill the form with these fields. Raises CliError."""
    try:
        return form.model_validate(fields)
    except ValidationError as error:
        raise CliError(validation_errors(error), EXIT_BAD_INPUT) from None


def validation_errors(error: ValidationError, options: Mapping[str, str] = OPTIONS) -> str:
    """Put each mistake on a line of its own: where, what was expected, what came.

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
    """Say what was expected, and what came where that is short."""
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
        words += f", got {shortened(repr(given), 60)}"
    return words
