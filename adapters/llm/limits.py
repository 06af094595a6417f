"""Decide when the next attempt at a provider may be sent: breaker, rate limit, pauses.

This is own code, not a library (tenacity, stamina): between two attempts stand the breaker, the
ledger and the rate limit, `Retry-After` differs from attempt to attempt, and attempts under an
open breaker do not count; a library's loop would only be a shell around all that.
"""

import math
import random
from dataclasses import dataclass

import anyio

from ...runtime.errors import EffectWithheld

_TOLERANCE = 1e-6
"""Amount that a bucket may lack, for floating point."""


class Breaker:
    """Closed while the provider answers. Open after a row of failures of at least two calls:
    then all callers wait, one probe at a time goes through, and the first answer lets all go.

    Failures of one call alone never open it: a question that makes a server fail each time is no
    outage. Whoever knows better can `open` it.
    """

    def __init__(
        self, model: str, outage_s: float, *,
        threshold: int = 10, cool_down_s: float = 1.0, cool_down_cap_s: float = 30.0,
    ) -> None:  # fmt: skip
        """Close the breaker; it may be open for `outage_s` seconds before callers are withheld.

        threshold: attempts that must fail in a row before it opens.
        cool_down_s: seconds from there to the first probe; each probe that fails doubles them, up
        to `cool_down_cap_s`.
        """
        self._model = model
        self._outage_s = outage_s
        self._threshold = threshold
        self._first_cool_down_s = cool_down_s
        self._cool_down_cap_s = cool_down_cap_s
        self._row: list[object] = []
        """Callers of the failures since the last answer."""
        self._opened_at: float | None = None
        self._cool_down_s = 0.0
        self._next_probe_at = 0.0
        self._probe: object = None
        self._queue: dict[object, None] = {}
        self._changed: anyio.Event | None = None

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    async def admitted(self, caller: object) -> bool:
        """Wait until the caller may try, first come, first served; whether it is the probe.

        Each admission ends with `passed`, `failed` or `withdrew`. Raises EffectWithheld after an
        outage that is too long.
        """
        if self._opened_at is None:
            return False
        self._queue[caller] = None
        try:
            while self._opened_at is not None:
                delay = self._delay_s(caller, self._opened_at)
                if delay <= 0.0:
                    self._probe = caller
                    return True
                self._changed = self._changed or anyio.Event()
                with anyio.move_on_after(delay):
                    await self._changed.wait()
        finally:
            del self._queue[caller]
            self._wake()
        return False

    def passed(self) -> None:
        """Note that the provider has answered, if only with a refusal: it is there."""
        self._row.clear()
        self._opened_at = self._probe = None
        self._wake()

    def failed(self, caller: object) -> None:
        """Note an attempt that failed in a way of `OUTAGE_LIKE`."""
        if self._opened_at is None:
            self._row.append(caller)
            several = any(one is not caller for one in self._row)
            if several and len(self._row) >= self._threshold:
                self.open()
        elif self._probe is caller:
            self._probe = None
            self._cool(min(2 * self._cool_down_s, self._cool_down_cap_s))
            self._wake()

    def open(self) -> None:
        """Hold all callers back from now on, until a probe is answered."""
        if self._opened_at is None:
            self._opened_at = anyio.current_time()
            self._cool(self._first_cool_down_s)

    def withdrew(self, caller: object) -> None:
        """Note that the caller's attempt was not made, or that its end is unknown."""
        if self._probe is caller:
            self._probe = None
            self._wake()

    def _cool(self, seconds: float) -> None:
        self._cool_down_s = seconds
        self._next_probe_at = anyio.current_time() + seconds

    def _delay_s(self, caller: object, opened_at: float) -> float:
        """Return the seconds until the caller looks again, at most; 0: it may probe."""
        if self._probe is not None:
            return math.inf
        now = anyio.current_time()
        give_up_at = opened_at + self._outage_s
        if now >= give_up_at:
            raise EffectWithheld(
                f"the provider of {self._model} has been down for {now - opened_at:.0f} s "
                f"(outage_s allows {self._outage_s:g}); when it is back: gdg-runtime resume RUN"
            )
        if caller is next(iter(self._queue)):
            return min(give_up_at, self._next_probe_at) - now
        return give_up_at - now

    def _wake(self) -> None:
        """Let every waiting caller look again."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None


class _Bucket:
    """Fills at a steady rate up to its size; what is taken beyond its content is debt."""

    def __init__(self, per_minute: float) -> None:
        self._rate = per_minute / 60.0
        self._size = max(per_minute / 10.0, 1.0)
        self._level = self._size
        self._at = -math.inf

    def _fill(self, now: float) -> None:
        # Minus infinity: the first use finds a full bucket.
        self._level = min(self._size, self._level + (now - self._at) * self._rate)
        self._at = now

    def delay_s(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` may be taken; more than the size needs it full."""
        self._fill(now)
        lack = min(amount, self._size) - self._level
        return lack / self._rate if lack > _TOLERANCE else 0.0

    def take(self, amount: float, now: float) -> None:
        """Take an amount out; a negative one is given back."""
        self._fill(now)
        self._level = min(self._size, self._level - amount)


class RateLimit:
    """Lets requests through in the order in which they came, no faster than the limits allow.

    A burst takes up to a tenth of a minute's allowance (at least one request) at once.
    """

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None) -> None:
        """Set the limits; None is no limit."""
        limits = (requests_per_minute, tokens_per_minute)
        self._buckets = [_Bucket(limit) if limit else None for limit in limits]
        self._not_before = -math.inf
        self._turn = anyio.Lock()
        self._changed: anyio.Event | None = None

    async def acquire(self, tokens: int) -> None:
        """Wait until a request of so many tokens, by estimate, may be sent."""
        if not any(self._buckets) and self._not_before == -math.inf:
            return
        async with self._turn:
            while (delay := self._delay_s(tokens)) > 0.0:
                self._changed = anyio.Event()
                with anyio.move_on_after(delay):
                    await self._changed.wait()
            self._take(1, tokens)

    def give_back(self, tokens: int, requests: int = 0) -> None:
        """Give back tokens that a request has not taken after all, or a request that was not
        sent."""
        self._take(-requests, -tokens)
        if self._changed is not None:
            self._changed.set()

    def hold(self, seconds: float) -> None:
        """Hold all requests back for so long: the provider has asked for it."""
        self._not_before = max(self._not_before, anyio.current_time() + seconds)

    def _delay_s(self, tokens: int) -> float:
        now = anyio.current_time()
        amounts = zip(self._buckets, (1, tokens), strict=True)
        delays = [bucket.delay_s(amount, now) for bucket, amount in amounts if bucket]
        return max([self._not_before - now, *delays])

    def _take(self, requests: int, tokens: int) -> None:
        now = anyio.current_time()
        for bucket, amount in zip(self._buckets, (requests, tokens), strict=True):
            if bucket:
                bucket.take(amount, now)


@dataclass(frozen=True)
class Backoff:
    """Exponential pauses with full jitter, all in seconds."""

    base_s: float = 0.5
    """The first pause is drawn between 0 and this; each later one from twice the range."""
    cap_s: float = 30.0
    """The widest range."""
    retry_after_cap_s: float = 300.0
    """The longest wait that a provider may ask for; if it asks for more, the call gives up."""

    def pause_s(self, failures: int, retry_after_s: float | None) -> float:
        """Return the seconds to wait after so many failed attempts (1 or more).

        It is at least as long as the provider asks.
        """
        widest = min(self.cap_s, self.base_s * 2.0 ** min(failures - 1, 60))
        return max(random.uniform(0.0, widest), retry_after_s or 0.0)

    def is_too_long(self, retry_after_s: float | None) -> bool:
        """Tell whether the provider asks for a longer wait than makes sense."""
        return retry_after_s is not None and retry_after_s > self.retry_after_cap_s
