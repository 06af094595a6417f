"""Settings of a store beyond the specification, and the flags by which goals decide."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from .errors import BadRequest

_SWITCH = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
_SALT = "goal_canary:"
_BUCKETS = 10_000
ENVIRONMENT = {
    "system": ("GOAL_SYSTEM", "on or off"),
    "shadow": ("GOAL_SHADOW", "on or off"),
    "canary_percent": ("GOAL_CANARY_PERCENT", "a number from 0 to 100"),
}
"""Field to environment variable, and what it is to be set to."""


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


def _switched(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    known = _SWITCH.get(str(value).lower()) if isinstance(value, str | int) else None
    if known is None:
        raise ValueError("expected on or off (or true, false, 1, 0)")
    return known


Switch = Annotated[bool, BeforeValidator(_switched)]
"""on, off, true, false, 1 or 0, in any case; nothing else."""


class GoalFlags(BaseModel):
    """The flags by which goals decide what is done next. Shadow always wins, so it is the kill
    switch."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    system: Switch = False
    """Goals may be selected for execution."""
    shadow: Switch = True
    """Goals are ranked, and the one that would have been taken is reported; none is taken."""
    canary_percent: float = Field(default=100.0, ge=0.0, le=100.0)
    """Share of the selections that goals decide once they are live, 0 to 100, in steps of 0.01."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "GoalFlags":
        """Return the flags by GOAL_SYSTEM, GOAL_SHADOW and GOAL_CANARY_PERCENT; a default for what
        is not set. Raises BadRequest (bad-flag) for anything that is not understood."""
        names = {field: name for field, (name, _) in ENVIRONMENT.items()}
        found = {field: environment[name] for field, name in names.items() if name in environment}
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            name, wanted = ENVIRONMENT[field]
            raise BadRequest(
                "bad-flag", f"{name} is {found[field]!r}; set it to {wanted}, or unset it",
                flag=name, value=found[field],
            ) from None  # fmt: skip

    @property
    def live(self) -> bool:
        """Goals may decide; which selections they do, `draw` says."""
        return self.system and not self.shadow

    def draw(self, selection_key: str) -> bool:
        """Return whether the canary takes this selection: the same answer for the same key, always.

        sha256 of the salted key, mod 10,000, below percent · 100.
        """
        bucket = int.from_bytes(sha256((_SALT + selection_key).encode()).digest()) % _BUCKETS
        return bucket < round(self.canary_percent * 100)
