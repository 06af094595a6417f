"""How a store treats goals beyond the specification; the defaults are the specification's."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class GoalWeights(BaseModel):
    """The weights that a store begins with, within the bounds of the decision registry."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float = Field(default=0.5, ge=0.0, le=1.0)
    effort: float = Field(default=0.25, ge=0.0, le=1.0)
    risk: float = Field(default=0.15, ge=0.0, le=1.0)
    urgency: float = Field(default=0.05, ge=0.0, le=0.3)
    alignment: float = Field(default=0.05, ge=0.0, le=0.3)


class GoalPolicy(BaseModel):
    """Settings of a GoalStore."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    block_severity: float = Field(default=0.6, ge=0.0, le=1.0)
    """The checker's severity from which on a goal is blocked, 0 to 1."""
    review_severity: float = Field(default=0.4, ge=0.0, le=1.0)
    """The severity from which on an adopted goal carries a `needs_review` warning."""
    check_scope: Literal["aligned", "active"] = "aligned"
    """Which beliefs a goal's text is checked against: those it says it aligns with, or all active
    ones."""
    overdue: Literal["penalise", "boost", "skip", "abandon"] = "penalise"
    """What becomes of an adopted goal whose deadline has passed: its urgency is -1; or +1; or it
    is not selected; or it is abandoned at the next selection."""
    age_weight: float = Field(default=0.0, ge=0.0, le=1.0)
    """Weight of a goal's age in its score; 0: none."""
    age_full_min: int = Field(default=10_080, ge=1, le=10**9)
    """The age, in minutes, at which ageing is 1; it grows from 0 linearly."""
    belief_min_confidence: float = Field(default=0.0, ge=0.0, le=1.0)
    """An active belief counts towards alignment if its confidence is at least this."""
    approve_all: bool = False
    """Every goal needs approval before it is adopted, not only those that ask for it."""
    max_attempts: int = Field(default=3, ge=1, le=1000)
    """Executions that may fail before the goal is abandoned."""
    lease_min: int | None = Field(default=None, ge=1, le=10**9)
    """Minutes after which an executing goal of which nothing was heard is released; null: never."""
