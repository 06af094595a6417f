"""Requests and tokens per minute of one model, as token buckets with a fair queue."""

import math

import anyio

_ENOUGH = 1e-6
"""What a bucket may lack, for floating point."""


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
        """How long until `amount` may be taken. More than the bucket holds needs a full one."""
        self._fill(now)
        lack = min(amount, self._size) - self._level
        return lack / self._rate if lack > _ENOUGH else 0.0

    def take(self, amount: float, now: float) -> None:
        """A negative amount is given back."""
        self._fill(now)
        self._level = min(self._size, self._level - amount)


class RateLimit:
    """Lets requests through in the order in which they came, no faster than the limits allow.

    A burst takes up to a tenth of a minute's allowance (at least one request) at once.
    """

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None) -> None:
        """None is no limit."""
        self._requests = _Bucket(requests_per_minute) if requests_per_minute else None
        self._tokens = _Bucket(tokens_per_minute) if tokens_per_minute else None
        self._not_before = -math.inf
        self._turn = anyio.Lock()
        self._changed: anyio.Event | None = None

    async def acquire(self, tokens: int) -> None:
        """Wait until a request of so many tokens, by estimate, may be sent."""
        if self._requests is None and self._tokens is None and self._not_before == -math.inf:
            return
        async with self._turn:
            while (delay := self._delay_s(tokens)) > 0.0:
                self._changed = anyio.Event()
                with anyio.move_on_after(delay):
                    await self._changed.wait()
            self._take(1, tokens)

    def correct(self, estimate: int, tokens: int) -> None:
        """A request that was let through for `estimate` tokens has taken `tokens`."""
        self._take(0, tokens - estimate)
        self._wake()

    def give_back(self, tokens: int) -> None:
        """A request that was let through was not sent."""
        self._take(-1, -tokens)
        self._wake()

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long: the provider has asked for it."""
        self._not_before = max(self._not_before, anyio.current_time() + seconds)

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    def _delay_s(self, tokens: int) -> float:
        now = anyio.current_time()
        delay = self._not_before - now
        if self._requests:
            delay = max(delay, self._requests.delay_s(1, now))
        if self._tokens:
            delay = max(delay, self._tokens.delay_s(tokens, now))
        return delay

    def _take(self, requests: int, tokens: int) -> None:
        now = anyio.current_time()
        if self._requests:
            self._requests.take(requests, now)
        if self._tokens:
            self._tokens.take(tokens, now)
