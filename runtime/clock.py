"""Logical time as a date: the configured start plus a configured length for each step."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple


class Clock(NamedTuple):
    """The dates of a run."""

    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    step_length: timedelta = timedelta(hours=1)

    def at(self, step: int) -> datetime:
        """The date at the beginning of a step."""
        return self.start + step * self.step_length
