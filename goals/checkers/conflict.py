"""What a rule found."""

from typing import NamedTuple

REVIEW, BLOCK = 0.4, 0.6
"""Severities from which on people should look at it, and from which on a goal is blocked."""


class Conflict(NamedTuple):
    """A conflict between a clause of a text and one of a belief."""

    pattern_type: str
    severity: float
    rationale: str
    evidence: tuple[str, ...]


def graded(severity: float) -> float:
    """A severity within 0 to 1, in hundredths: no rule knows more than that."""
    return round(min(max(severity, 0.0), 1.0), 2)
