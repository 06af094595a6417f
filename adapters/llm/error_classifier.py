"""Classify a provider's refusal by its status and its words, and say when the run must pause."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ...scenarios.schema.language_model import ModelConfig
from .transport import FaultKind, TransportFault

_NO_CREDIT = re.compile(
    r"insufficient_quota|billing_(hard_limit_reached|not_active)|credit balance is too low"
    r"|insufficient (credit|balance|funds)",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context_length_exceeded|maximum context|context.{0,3}(length|window|size)|prompt is too long"
    r"|exceed_context",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(r"model_not_found|unknown model", re.IGNORECASE)
_BY_STATUS: dict[int, FaultKind] = {
    401: "unauthorised",
    402: "out_of_credit",
    403: "unauthorised",
    404: "unknown_model",
    408: "timed_out",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
_MOST_WORDS = 10_000
"""Characters of a refusal that are read."""


def kind_of(status: int, words: str) -> FaultKind:
    """Return the fault that a status other than 200 means. `words` is the body's text."""
    words = words[:_MOST_WORDS]
    if status in (400, 403, 429) and _NO_CREDIT.search(words):
        return "out_of_credit"
    if status in (400, 413, 422, 500) and _TOO_LONG.search(words):
        return "context_too_long"
    if status in (400, 422) and _NO_MODEL.search(words):
        return "unknown_model"
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    if status < 300:
        return "malformed"
    return "server_error" if status >= 500 else "bad_request"


def fault_of(
    status: int, words: str, headers: Mapping[str, str] | None = None
) -> TransportFault:  # fmt: skip
    """Make the fault of a response with this status, these headers and this body."""
    return TransportFault(kind_of(status, words), status, retry_after(headers or {}))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, at least 0, by `retry-after-ms` or `Retry-After`.

    The latter holds seconds or an HTTP date. None where they say nothing that makes sense.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    if text is None:
        return None
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def is_of_the_account(fault: TransportFault, has_answered: bool) -> bool:
    """Tell whether a fault is one of key, model or credit, not of the question.

    A 403 after answers is of the question: providers refuse flagged prompts so.
    """
    if fault.kind == "unauthorised":
        return fault.status != 403 or not has_answered
    return fault.kind in {"unknown_model", "out_of_credit"}


def refusal_of(fault: TransportFault, config: ModelConfig) -> str:
    """Say what is wrong, with which model, and what to do."""
    who = _provider(config)
    status = "" if fault.status is None else f" ({fault.status})"
    match fault.kind:
        case "unknown_model":
            wrong = f"{who} does not know the model {config.model}{status}"
            cure = "make it available there (a misspelt name needs a new run)"
        case "out_of_credit":
            wrong = f"the account of {config.model} at {who} has no credit left{status}"
            cure = "add credit"
        case _:
            wrong = f"{who} refuses the key for {config.model}{status}"
            cure = f"set {config.api_key_env or 'its API key'} to one that is valid for this model"
    return f"{wrong}: {cure}, then: gdg-runtime resume RUN"


def _provider(config: ModelConfig) -> str:
    if config.api_base is not None:
        # No more of the address: it can hold a password.
        return f"the server {urlsplit(config.api_base).hostname}"
    return "the provider"
