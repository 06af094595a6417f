"""What a goal is: the specification's definition, what a store keeps beside it, and its life."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from .errors import IllegalTransition


class GoalCategory(StrEnum):
    """Where a goal comes from."""

    INTROSPECTION = "introspection"
    EXPLORATION = "exploration"
    MAINTENANCE = "maintenance"
    USER_REQUESTED = "user_requested"


class GoalState(StrEnum):
    """Where a goal stands in its life; `states.py` holds the legal ways between them."""

    PROPOSED = "proposed"
    ADOPTED = "adopted"
    EXECUTING = "executing"
    SATISFIED = "satisfied"
    ABANDONED = "abandoned"


@dataclass(frozen=True, kw_only=True)
class GoalDefinition:
    """A goal as the GoalStore specification defines it, with its version and soft delete."""

    id: str
    text: str
    """1 to 2000 characters."""
    category: GoalCategory
    value: float
    """What it is worth, 0 to 1."""
    effort: float
    """What it costs, 0 to 1."""
    risk: float
    """How much may go wrong, 0 to 1."""
    horizon_min_min: int = 0
    """Earliest start, in minutes after `created_at`."""
    horizon_max_min: int | None = None
    """Deadline, in minutes after `created_at`, at least 1; None: no deadline."""
    aligns_with: tuple[str, ...] = ()
    """Ids of beliefs that the goal serves."""
    contradicts: tuple[str, ...] = ()
    """Ids of beliefs that forbid the goal while they are active."""
    success_metrics: dict[str, float] = field(default_factory=dict)
    """Name to target; met if what was measured is at least the target."""
    state: GoalState = GoalState.PROPOSED
    created_at: datetime
    """UTC."""
    updated_at: datetime
    """UTC; rises with each version."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Any JSON object of at most 16 KiB."""
    version: int = 1
    """1 + the number of changes."""
    deleted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Goal(GoalDefinition):
    """A goal with the conditions that this store adds; by default none of them changes a thing."""

    owner: str | None = None
    """Whose goal it is: an agent's id; None where goals have no owners."""
    depends_on: tuple[str, ...] = ()
    """Ids of goals that must be satisfied first."""
    repeat_every_min: int | None = None
    """Once satisfied, the goal comes again after this many minutes from its start."""
    requires_approval: bool = False
    approved_by: str | None = None
    previous_id: str | None = None
    """The occurrence before this one, of a goal that repeats."""
    attempts: int = 0
    """How often it was selected for execution."""
    selection_key: str | None = None
    """The selection that set it executing."""

    @property
    def starts_at(self) -> datetime:
        """From when on it may be selected."""
        return self.created_at + timedelta(minutes=self.horizon_min_min)

    @property
    def deadline(self) -> datetime | None:
        """When its time is up."""
        if self.horizon_max_min is None:
            return None
        return self.created_at + timedelta(minutes=self.horizon_max_min)


@dataclass(frozen=True, kw_only=True)
class Belief:
    """Something held to be true, which goals may serve or contradict."""

    id: str
    text: str
    active: bool = True
    confidence: float = 1.0
    """0 to 1."""
    immutable: bool = False
    """Neither text, confidence nor activity can be changed any more."""
    created_at: datetime
    updated_at: datetime
    version: int = 1


class Weights(NamedTuple):
    """The weights of the ranking formula, as the decision registry holds them."""

    value: float = 0.5
    effort: float = 0.25
    risk: float = 0.15
    urgency: float = 0.05
    alignment: float = 0.05


_PROPOSED, _ADOPTED, _EXECUTING, _SATISFIED, _ABANDONED = GoalState

TRANSITIONS: dict[str, dict[GoalState, GoalState]] = {
    "adopted": {_PROPOSED: _ADOPTED},
    "selected": {_ADOPTED: _EXECUTING},
    "released": {_EXECUTING: _ADOPTED},
    "satisfied": {_EXECUTING: _SATISFIED},
    "abandoned": {_PROPOSED: _ABANDONED, _ADOPTED: _ABANDONED, _EXECUTING: _ABANDONED},
}
"""Command to (state before, state after)."""

NO_OPS: dict[str, tuple[GoalState, ...]] = {
    "adopted": (_ADOPTED, _EXECUTING),
    "satisfied": (_SATISFIED,),
    "abandoned": (_ABANDONED,),
}
"""Command to the states in which it has been done already. `adopted` holds for an executing goal
too: whoever lost the first answer may ask again after a selection."""

EDITABLE = (_PROPOSED, _ADOPTED)
"""States in which more than the metadata may be changed."""


def next_state(command: str, goal_id: str, state: GoalState) -> GoalState | None:
    """The state that a command leads to; None if there is nothing to do.

    Raises IllegalTransition.
    """
    if state in NO_OPS.get(command, ()):
        return None
    following = TRANSITIONS[command].get(state)
    if following is None:
        raise IllegalTransition(
            goal_id, command, state, [str(known) for known in TRANSITIONS[command]]
        )
    return following
