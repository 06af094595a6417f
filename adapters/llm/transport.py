"""One exchange with a provider: the port that the two adapters implement, and how it fails."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from ...actors.llm.chat import Chat, ToolCall, Usage
from ...scenarios.schema.language_model import ModelConfig

FaultKind = Literal[
    "rate_limited",      # 429
    "overloaded",        # 503, 529
    "server_error",      # other 5xx
    "timed_out",         # 408, or nothing within the time limit
    "disconnected",      # refused, reset, closed in the middle
    "malformed",         # no JSON, truncated JSON, HTML
    "empty",             # no choice, or neither content nor tool call
    "bad_request",       # 400, 422 and other 4xx
    "context_too_long",  # 400 or 413 that says so
    "unauthorised",      # 401, 403
    "unknown_model",     # 404
    "out_of_credit",     # 402, or 429 with insufficient_quota
]  # fmt: skip

_REFUSED: frozenset[FaultKind] = frozenset(
    {"bad_request", "context_too_long", "unauthorised", "unknown_model", "out_of_credit"}
)
MAY_PASS: frozenset[FaultKind] = frozenset(get_args(FaultKind)) - _REFUSED
"""Faults for which another attempt makes sense."""
NOT_BILLED: frozenset[FaultKind] = _REFUSED | {"rate_limited", "overloaded"}
"""Faults for which a provider charges nothing; for others it may."""
OUTAGE_LIKE: frozenset[FaultKind] = MAY_PASS - {"rate_limited", "empty"}
"""Faults of a provider that may be down. All others come from one that answers."""
ABSENT: frozenset[str | None] = frozenset({"overloaded", "disconnected"})
"""Faults that say nothing about a question: no server was there to read it."""

_BY_WORDS: tuple[tuple[set[int], str, FaultKind], ...] = (
    ({400, 403, 429},
     r"insufficient_quota|billing_(hard_limit_reached|not_active)|credit balance is too low"
     r"|insufficient (credit|balance|funds)", "out_of_credit"),
    ({400, 413, 422, 500},
     r"context_length_exceeded|maximum context|context.{0,3}(length|window|size)"
     r"|prompt is too long|exceed_context", "context_too_long"),
    ({400, 422}, r"model_not_found|unknown model", "unknown_model"),
)  # fmt: skip
"""Statuses, words of a refusal in any case, and the fault that they mean together."""

_BY_STATUS: dict[int, FaultKind] = {
    401: "unauthorised", 402: "out_of_credit", 403: "unauthorised", 404: "unknown_model",
    408: "timed_out", 429: "rate_limited", 503: "overloaded", 529: "overloaded",
}  # fmt: skip
_MOST_WORDS = 10_000
"""Characters of a refusal that are read."""


class TransportFault(Exception):
    """An exchange that failed. Its text is ours alone: a provider's own words may hold keys."""

    def __init__(
        self, kind: FaultKind, status: int | None = None, retry_after_s: float | None = None,
        usage: Usage | None = None,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.status = status
        self.retry_after_s = retry_after_s
        """Seconds that the provider asks to wait, from `Retry-After` (seconds or a date)."""
        self.usage = usage
        """Tokens that were charged all the same, where the provider reported them."""
        super().__init__(kind if status is None else f"{kind} ({status})")


class Answer(NamedTuple):
    """Answer of a provider, not yet checked."""

    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = "stop"
    usage: Usage | None = None
    model: str = ""
    fingerprint: str | None = None
    provider_id: str | None = None
    """The provider's id of the reply: for telemetry, never for the journal."""


class Transport(ABC):
    """Sends one question once. No retries, no time limit of its own: cancelling the call closes
    its connection, so that the caller's time limits are real."""

    async def send(self, question: Chat) -> Answer:
        """Send one question. Raises TransportFault."""
        outcome = await self.outcome(question)
        if isinstance(outcome, Exception):
            # Raised here, where no frame has ever held a key or a provider's words.
            raise outcome
        return outcome

    @abstractmethod
    async def outcome(self, question: Chat) -> Answer | Exception:
        """Send one question; return what goes wrong with it instead of raising it."""

    async def aclose(self) -> None:
        """Close all connections. Called once, on the loop that `send` was called on."""


def place_of(error: BaseException) -> str:
    """Return ` at module:line` of where an error was raised; its text could hold a key."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f" at {frame.tb_frame.f_globals.get('__name__')}:{frame.tb_lineno}" if frame else ""


def kind_of(status: int, words: str) -> FaultKind:
    """Return the fault that a status other than 200 means. `words` is the body's text."""
    for statuses, pattern, kind in _BY_WORDS:
        if status in statuses and re.search(pattern, words[:_MOST_WORDS], re.IGNORECASE):
            return kind
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status < 300:
        return "malformed"
    return "server_error" if status >= 500 else "bad_request"


def fault_of(status: int, words: str, headers: Mapping[str, str]) -> TransportFault:
    """Make the fault of a response with this status, these headers and this body."""
    return TransportFault(kind_of(status, words), status, retry_after(headers))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, at least 0, by `retry-after-ms` or `Retry-After`.

    The latter holds seconds or an HTTP date. None where they say nothing that makes sense.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
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


def account_refusal(fault: TransportFault, config: ModelConfig, has_answered: bool) -> str | None:
    """Say what is wrong with key, model or credit, and what to do; None for any other fault.

    A 403 after answers is of the question: providers refuse flagged prompts so.
    """
    # No more of the address than its host: it can hold a password.
    base = config.api_base
    who = "the provider" if base is None else f"the server {urlsplit(base).hostname}"
    status = "" if fault.status is None else f" ({fault.status})"
    match fault.kind:
        case "unknown_model":
            wrong = f"{who} does not know the model {config.model}{status}"
            cure = "make it available there (a misspelt name needs a new run)"
        case "out_of_credit":
            wrong = f"the account of {config.model} at {who} has no credit left{status}"
            cure = "add credit"
        case "unauthorised" if fault.status != 403 or not has_answered:
            wrong = f"{who} refuses the key for {config.model}{status}"
            cure = f"set {config.api_key_env or 'its API key'} to one that is valid for this model"
        case _:
            return None
    return f"{wrong}: {cure}, then: gdg-runtime resume RUN"
