"""A goal: its fields as they are given, kept and shown; the transitions of its state; beliefs and
weights."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from .errors import IllegalTransition
from .fields import (
    FOREVER_MIN,
    GOAL_ID,
    MOST_COUNTED,
    Form,
    Label,
    Metadata,
    Minutes,
    Name,
    Patch,
    References,
    Share,
    TargetChanges,
    Targets,
    Text,
    UtcTime,
)


class GoalCategory(StrEnum):
    """Where a goal comes from."""

    INTROSPECTION = "introspection"
    EXPLORATION = "exploration"
    MAINTENANCE = "maintenance"
    USER_REQUESTED = "user_requested"


class GoalState(StrEnum):
    """Where a goal stands in its life."""

    PROPOSED = "proposed"
    ADOPTED = "adopted"
    EXECUTING = "executing"
    SATISFIED = "satisfied"
    ABANDONED = "abandoned"


class GoalFields(Form):
    """The fields of a goal that are given from outside: what can be proposed, edited and shown."""

    text: Text
    category: GoalCategory
    value: Share = 0.5
    """What it is worth, 0 to 1."""
    effort: Share = 0.5
    """What it costs, 0 to 1."""
    risk: Share = 0.5
    """How much may go wrong, 0 to 1."""
    horizon_min_min: Minutes = 0
    """Earliest start, in minutes from now."""
    horizon_max_min: Annotated[int, Field(strict=True, ge=1, le=FOREVER_MIN)] | None = None
    """Deadline, in minutes from now, at least `horizon_min_min`; null: none."""
    aligns_with: References = ()
    """Beliefs that the goal serves, by id."""
    contradicts: References = ()
    """Beliefs that forbid the goal while they are active, by id."""
    success_metrics: Targets = Field(default_factory=dict)
    """Name to target; the goal is satisfied if each was measured and reached."""
    metadata: Metadata = Field(default_factory=dict)
    owner: Name | None = None
    """Whose goal it is, such as an agent's id."""
    depends_on: References = ()
    """Goals that must be satisfied before this one may be selected, by id."""
    repeat_every_min: Annotated[int, Field(strict=True, ge=1, le=FOREVER_MIN)] | None = None
    """Once satisfied, the goal comes again; minutes from start to start."""
    requires_approval: bool = False
    """Somebody has to approve it before it can be adopted."""


class GoalDraft(GoalFields):
    """A goal that somebody proposes."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_fit(self.horizon_min_min, self.horizon_max_min, self.aligns_with, self.contradicts)
        return self


def check_fit(
    earliest: int, deadline: int | None, aligns: tuple[str, ...], contradicts: tuple[str, ...]
) -> None:
    """Check the fields that depend on each other. Raises ValueError."""
    if deadline is not None and deadline < earliest:
        raise ValueError(
            f"horizon_max_min ({deadline}) is before horizon_min_min ({earliest}): the goal would "
            f"be over before it may begin"
        )
    both = [belief for belief in aligns if belief in contradicts]
    if both:
        raise ValueError(f"a goal can't both align with and contradict {both[0]!r}")


class GoalPatch(GoalFields, Patch):
    """Changes to a goal, as a JSON merge patch: what is not given stays, and null clears
    `horizon_max_min`, `owner` and `repeat_every_min`. In `metadata` and `success_metrics` names
    are merged one by one, null takes one out."""

    text: Text = ""
    category: GoalCategory = GoalCategory.USER_REQUESTED
    # Wider than its base's: null takes a name out.
    success_metrics: TargetChanges = Field(default_factory=dict)  # type: ignore[assignment]


class Goal(GoalFields):
    """A goal as it is shown, and as export and import write it."""

    __qualname__ = "GoalView"  # its name in the OpenAPI document

    id: Annotated[str, Field(pattern=GOAL_ID)]
    value: Share
    effort: Share
    risk: Share
    state: GoalState = GoalState.PROPOSED
    created_at: UtcTime
    updated_at: UtcTime
    """Rises with each version."""
    version: Annotated[int, Field(ge=1, le=MOST_COUNTED)] = 1
    """1 + the number of changes."""
    deleted_at: UtcTime | None = None
    approved_by: Label | None = None
    previous_id: Label | None = None
    """The occurrence before this one, of a goal that repeats."""
    attempts: Annotated[int, Field(ge=0, le=MOST_COUNTED)] = 0
    """Number of its selections for execution."""
    selection_key: Label | None = None
    """The selection that set it executing."""

    @property
    def starts_at(self) -> datetime:
        """The moment from which on it may be selected."""
        return self.created_at + timedelta(minutes=self.horizon_min_min)

    @property
    def deadline(self) -> datetime | None:
        """The moment when its time is up; None: there is none."""
        if self.horizon_max_min is None:
            return None
        return self.created_at + timedelta(minutes=self.horizon_max_min)


_STANDS_BEFORE = {
    "id": "text", "state": "metadata", "created_at": "metadata", "updated_at": "metadata",
    "version": "owner", "deleted_at": "owner",
}  # fmt: skip
"""Place of the store's fields in exports and in the database's rows; the others stand last."""


def _put_in_order(shown: type[Goal]) -> None:
    known = shown.model_fields
    order = list(GoalFields.model_fields)
    for name in known:
        if name not in order:
            before = _STANDS_BEFORE.get(name)
            order.insert(len(order) if before is None else order.index(before), name)
    fields = {name: known[name] for name in order}
    known.clear()
    known.update(fields)
    shown.model_rebuild(force=True)


_put_in_order(Goal)


class Belief(Form):
    """A belief as it is shown."""

    __qualname__ = "BeliefView"  # as above

    id: str
    text: str
    active: bool
    confidence: float
    """0 to 1."""
    immutable: bool
    """Neither text, confidence nor activity can be changed any more."""
    created_at: UtcTime
    updated_at: UtcTime
    version: int


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
too: a client that lost the first answer may ask again after a selection."""

EDITABLE = (_PROPOSED, _ADOPTED)
"""States in which more than the metadata may be changed."""


def next_state(command: str, goal_id: str, state: GoalState) -> GoalState | None:
    """Return the state that a command leads to; None if there is nothing to do.

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
