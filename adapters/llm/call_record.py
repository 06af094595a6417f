"""Physical facts of one call, for `telemetry.jsonl`: nothing of a run depends on them."""

from typing import Any, Literal, NamedTuple

CallOutcome = Literal["ok", "failed", "withheld", "cancelled"]


class AttemptRecord(NamedTuple):
    """One request that was sent."""

    seconds: float
    fault: str | None = None
    """None: it was answered. `cancelled`: given up by the run."""
    status: int | None = None
    retry_after_s: float | None = None
    provider_id: str | None = None
    """The provider's id of the reply."""


class CallRecord(NamedTuple):
    """One question, with all attempts to get it answered."""

    actor: str
    """Who asked; empty outside of a run."""
    number: int
    model: str
    started: str
    """UTC, ISO 8601."""
    seconds: float
    """From the question to the end, whatever the end was."""
    waited_s: float
    """Of these, spent in waiting: for the breaker, budgets, rate limits and between attempts."""
    attempts: tuple[AttemptRecord, ...]
    prompt_tokens: int | None
    """Of all attempts whose usage the provider told; None if it told none."""
    completion_tokens: int | None
    usd: float | None
    """What these tokens cost, in US dollars; None if that is unknown."""
    finish_reason: str | None
    outcome: CallOutcome

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**self._asdict(), "attempts": [attempt._asdict() for attempt in self.attempts]}
