"""One exchange with a provider: the port that the two adapters implement, and how it fails."""

from typing import Literal, NamedTuple, Protocol

from ...actors.llm.chat import Chat, ToolCall, Usage

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

MAY_PASS: frozenset[FaultKind] = frozenset(
    {"rate_limited", "overloaded", "server_error", "timed_out", "disconnected", "malformed",
     "empty"}
)  # fmt: skip
"""Faults for which another attempt makes sense."""

NOT_BILLED: frozenset[FaultKind] = frozenset(
    {"rate_limited", "overloaded", "bad_request", "context_too_long", "unauthorised",
     "unknown_model", "out_of_credit"}
)  # fmt: skip
"""Faults for which a provider charges nothing; for others it may."""


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


class Transport(Protocol):
    """Sends one question once. No retries, no time limit of its own: cancelling the call closes
    its connection, so that the caller's time limits are real."""

    async def send(self, question: Chat) -> Answer:
        """Send one question. Raises TransportFault."""

    async def aclose(self) -> None:
        """Close all connections. Called once, on the loop that `send` was called on."""


def place_of(error: BaseException) -> str:
    """Return ` at module:line` of where an error was raised; its text could hold a key."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f" at {frame.tb_frame.f_globals.get('__name__')}:{frame.tb_lineno}" if frame else ""
