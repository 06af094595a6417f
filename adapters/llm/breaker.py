"""Holds callers back while a provider is down."""

import math
from dataclasses import dataclass

import anyio

from ...runtime.errors import EffectWithheld
from .transport import FaultKind

OUTAGE_LIKE: frozenset[FaultKind] = frozenset(
    {"overloaded", "server_error", "disconnected", "timed_out", "malformed"}
)
"""Faults of a provider that may be down. All others come from one that answers."""


ABSENT: frozenset[str] = frozenset({"overloaded", "disconnected"})
"""Faults that say nothing about a question: nobody was there to read it."""


@dataclass(frozen=True)
class BreakerTerms:
    """When a breaker opens, and how often it lets a probe through."""

    threshold: int = 10
    """Attempts that must fail in a row."""
    cool_down_s: float = 1.0
    """From the opening to the first probe, in seconds; doubles with each probe that fails."""
    cool_down_cap_s: float = 30.0


class Breaker:
    """Closed while the provider answers. Open after a row of failures of at least two calls:
    then all callers wait, one probe at a time goes through, and the first answer lets all go.

    Failures of one call alone never open it: a question that makes a server fail each time is no
    outage. Whoever knows better can `open` it.
    """

    def __init__(self, model: str, outage_s: float, terms: BreakerTerms | None = None) -> None:
        """`outage_s`: how long it may be open before its callers are withheld."""
        self._model = model
        self._outage_s = outage_s
        self._terms = terms or BreakerTerms()
        self._failures = 0
        self._first_to_fail: object = None
        self._several_fail = False
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
        """The provider has answered, if only with a refusal: it is there."""
        self._failures, self._first_to_fail, self._several_fail = 0, None, False
        self._opened_at = self._probe = None
        self._wake()

    def failed(self, caller: object) -> None:
        """An attempt has failed in a way of `OUTAGE_LIKE`."""
        self._failures += 1
        if self._first_to_fail is None:
            self._first_to_fail = caller
        self._several_fail = self._several_fail or self._first_to_fail is not caller
        if self._opened_at is None:
            if self._several_fail and self._failures >= self._terms.threshold:
                self.open()
        elif self._probe is caller:
            self._probe = None
            self._cool(min(2 * self._cool_down_s, self._terms.cool_down_cap_s))
            self._wake()

    def open(self) -> None:
        """Hold everybody back from now on, until a probe is answered."""
        if self._opened_at is None:
            self._opened_at = anyio.current_time()
            self._cool(self._terms.cool_down_s)

    def withdrew(self, caller: object) -> None:
        """The caller's attempt has not been made, or nobody knows how it ended."""
        if self._probe is caller:
            self._probe = None
            self._wake()

    def _cool(self, seconds: float) -> None:
        self._cool_down_s = seconds
        self._next_probe_at = anyio.current_time() + seconds

    def _delay_s(self, caller: object, opened_at: float) -> float:
        """How long the caller sleeps, at most, before it looks again; 0: it may probe."""
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
        """Everybody who waits looks again."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None
