"""Ids and traces: made from a clock and a source of random bits that the store is given."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field

Clock = Callable[[], datetime]
"""A function that gives the current time, in UTC."""
Bits = Callable[[int], int]
"""A function that gives an integer of that many random bits."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME_BITS, _RANDOM_BITS, _LETTERS = 48, 80, 26


def microseconds(moment: datetime) -> int:
    """Return microseconds since 1970 in UTC, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def make_id(prefix: str, now: datetime, bits: Bits) -> str:
    """Make a new id such as `goal_01j9…`: 26 letters and digits that sort by time."""
    milliseconds = microseconds(now) // 1000 & (1 << _TIME_BITS) - 1
    number = milliseconds << _RANDOM_BITS | bits(_RANDOM_BITS)
    letters = [_ALPHABET[number >> 5 * place & 31] for place in range(_LETTERS)]
    return f"{prefix}_{''.join(reversed(letters))}"


class Trace(BaseModel):
    """A place in a W3C trace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trace_id: str = Field(default="0" * 32, pattern=r"^[0-9a-f]{32}$")
    span_id: str = Field(default="0" * 16, pattern=r"^[0-9a-f]{16}$")
    parent_id: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")

    @classmethod
    def begin(cls, bits: Bits) -> "Trace":
        """Begin a trace of its own."""
        return cls(trace_id=f"{bits(128) or 1:032x}", span_id=f"{bits(64) or 1:016x}")

    def child(self, hop: str) -> "Trace":
        """Return the span of the next hop. It follows from this span and the hop's name, so that a
        replay makes the same."""
        text = f"{self.trace_id}{self.span_id}{hop}"
        span = sha256(text.encode()).hexdigest()[:16]
        return Trace(trace_id=self.trace_id, span_id=span, parent_id=self.span_id)


class IdempotencyKey(BaseModel):
    """A key under which a repeated command does nothing again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scope: str
    """The owner of the key and the operation: a key means nothing elsewhere."""
    key: str = Field(min_length=1, max_length=255)
    request: str
    """Digest of the request; another one with the same key is refused."""


class Caller(BaseModel):
    """The identity of whoever sends a command, its trace and its idempotency key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: str = "local"
    trace: Trace = Trace()
    key: IdempotencyKey | None = None
