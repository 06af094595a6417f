"""When a failed attempt is followed by another.

Own code, not a library (tenacity, stamina): between two attempts stand the breaker, the ledger
and the rate limit, `Retry-After` differs from attempt to attempt, and attempts under an open
breaker do not count; a library's loop would only be a shell around all that.
"""

import random
from dataclasses import dataclass


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
        """How long to wait after so many failed attempts (1 or more), at least as long as the
        provider asks."""
        widest = min(self.cap_s, self.base_s * 2.0 ** min(failures - 1, 60))
        return max(random.uniform(0.0, widest), retry_after_s or 0.0)

    def is_too_long(self, retry_after_s: float | None) -> bool:
        """Whether the provider asks for a longer wait than makes sense."""
        return retry_after_s is not None and retry_after_s > self.retry_after_cap_s
