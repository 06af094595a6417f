"""What is written down about goals and beliefs from outside, checked field by field; and how they
are shown. The HTTP API, the command line, scenario files and agents use the same forms."""

from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from .fields import (
    FOREVER_MIN,
    GOAL_ID,
    MOST_COUNTED,
    ONLY_THESE,
    Label,
    Metadata,
    Minutes,
    Name,
    References,
    Share,
    Targets,
    Text,
    UtcTime,
)
from .model import Belief, Goal, GoalCategory, GoalState


class Form(BaseModel):
    """Base of all forms: no unknown fields, no NaN, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GoalDraft(Form):
    """A goal that somebody proposes."""

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

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_fit(self.horizon_min_min, self.horizon_max_min, self.aligns_with, self.contradicts)
        return self


def check_fit(
    earliest: int, deadline: int | None, aligns: tuple[str, ...], contradicts: tuple[str, ...]
) -> None:
    """What fields must be to each other. Raises ValueError."""
    if deadline is not None and deadline < earliest:
        raise ValueError(
            f"horizon_max_min ({deadline}) is before horizon_min_min ({earliest}): the goal would "
            f"be over before it may begin"
        )
    both = [belief for belief in aligns if belief in contradicts]
    if both:
        raise ValueError(f"a goal can't both align with and contradict {both[0]!r}")


class Patch(Form):
    """Base of the forms in which a field that is not given means another thing than its default;
    written as JSON, they have the given fields alone."""

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were given, by name."""
        return {name: getattr(self, name) for name in type(self).model_fields
                if name in self.model_fields_set}  # fmt: skip

    @model_serializer(mode="wrap")
    def _given_alone(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: shown for name, shown in write(self).items() if name in self.model_fields_set}


class GoalPatch(Patch):
    """Changes to a goal, as a JSON merge patch: what is not given stays, and null clears
    `horizon_max_min`, `owner` and `repeat_every_min`. In `metadata` and `success_metrics` names
    are merged one by one, null takes one out."""

    text: Text = ""
    category: GoalCategory = GoalCategory.USER_REQUESTED
    value: Share = 0.0
    effort: Share = 0.0
    risk: Share = 0.0
    horizon_min_min: Minutes = 0
    horizon_max_min: Annotated[int, Field(strict=True, ge=1, le=FOREVER_MIN)] | None = None
    aligns_with: References = ()
    contradicts: References = ()
    success_metrics: dict[
        Name, Annotated[float, Field(strict=True, ge=-1e300, le=1e300)] | None
    ] = Field(default_factory=dict, max_length=64, json_schema_extra=ONLY_THESE)
    metadata: Metadata = Field(default_factory=dict)
    owner: Name | None = None
    depends_on: References = ()
    repeat_every_min: Annotated[int, Field(strict=True, ge=1, le=FOREVER_MIN)] | None = None
    requires_approval: bool = False


class GoalView(Form):
    """A goal as it is shown, and as export and import write it."""

    id: Annotated[str, Field(pattern=GOAL_ID)]
    text: Text
    category: GoalCategory
    value: Share
    effort: Share
    risk: Share
    horizon_min_min: Minutes = 0
    horizon_max_min: Annotated[int, Field(strict=True, ge=1, le=FOREVER_MIN)] | None = None
    aligns_with: References = ()
    contradicts: References = ()
    success_metrics: Targets = Field(default_factory=dict)
    state: GoalState = GoalState.PROPOSED
    created_at: UtcTime
    updated_at: UtcTime
    metadata: Metadata = Field(default_factory=dict)
    version: Annotated[int, Field(ge=1, le=MOST_COUNTED)] = 1
    deleted_at: UtcTime | None = None
    owner: Name | None = None
    depends_on: References = ()
    repeat_every_min: Annotated[int, Field(strict=True, ge=1, le=FOREVER_MIN)] | None = None
    requires_approval: bool = False
    approved_by: Label | None = None
    previous_id: Label | None = None
    attempts: Annotated[int, Field(ge=0, le=MOST_COUNTED)] = 0
    selection_key: Label | None = None

    @classmethod
    def of(cls, goal: Goal) -> "GoalView":
        """The view of a goal; what comes from the store is not checked again."""
        return cls.model_construct(**{name: getattr(goal, name) for name in cls.model_fields})

    def to_goal(self) -> Goal:
        """The goal that is shown here."""
        return Goal(**{name: getattr(self, name) for name in type(self).model_fields})


class BeliefDraft(Form):
    """A belief to be held."""

    id: Annotated[str, Field(pattern=r"^[^\s\x00-\x1f/.][^\s\x00-\x1f/]{0,127}$")]
    """Such as `core.honesty`; no blanks, no slashes, and no dot at its beginning."""
    text: Text
    active: bool = True
    confidence: Share = 1.0
    """0 to 1."""
    immutable: bool = False
    """Once set, the belief can't be changed any more."""


class BeliefPatch(Patch):
    """Changes to a belief: what is not given stays."""

    text: Text = ""
    active: bool = True
    confidence: Share = 1.0
    immutable: bool = False


class BeliefView(Form):
    """A belief as it is shown."""

    id: str
    text: str
    active: bool
    confidence: float
    immutable: bool
    created_at: UtcTime
    updated_at: UtcTime
    version: int

    @classmethod
    def of(cls, belief: Belief) -> "BeliefView":
        """The view of a belief."""
        return cls.model_construct(**{name: getattr(belief, name) for name in cls.model_fields})


class Warned(Form):
    """Something that does not stand against a goal and should be known."""

    code: str
    """unknown_belief or needs_review."""
    belief_id: str
    detail: str


class Components(Form):
    """What a goal's score is made of: each term already weighted; they add up to `raw_score` in
    this order."""

    value: float
    effort: float
    risk: float
    urgency: float
    alignment: float
    age: float
    penalty: float


class WeightsView(Form):
    """The weights that were used."""

    value: float
    effort: float
    risk: float
    urgency: float
    alignment: float
    age: float


class RankedView(Form):
    """A goal with its place."""

    rank: int
    """From 1."""
    goal: GoalView
    priority: float
    """`raw_score` clamped to [0, 1], for people."""
    raw_score: float
    """What the order is made by."""
    components: Components
    blocked_by: tuple[str, ...]
    """What keeps the goal from being selected now, such as `belief:core.honesty`,
    `dependency:goal_…`, `not_started`, `approval`, `overdue`; empty: nothing."""


class LedgerView(Form):
    """One event of the ledger."""

    seq: int
    ts: str
    event: str
    goal_id: str
    version: int
    state_from: GoalState | None
    state_to: GoalState | None
    actor: str
    reason: str | None
    trace_id: str
    span_id: str
    data: dict[str, JsonValue]
    """What else the event tells: changed fields, belief ids, severity, phase."""
    prev_hash: str
    hash: str


class TaskView(Form):
    """Work to be done: for a goal, or as scheduled."""

    task_id: str
    """`goal:<goal id>:<attempt>`, or a scheduled task's own id."""
    kind: str
    """goal or scheduled."""
    text: str
    goal_id: str | None = None
    attempt: int | None = None
    success_metrics: dict[str, float] = Field(default_factory=dict)
    decision_record_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    """The goal's, or the scheduled task's."""


class ScheduledTaskDraft(Form):
    """Work that is done whether or not there are goals."""

    task_id: Annotated[str, Field(pattern=GOAL_ID)]
    text: Text
    owner: Name | None = None
    every_min: Annotated[int, Field(strict=True, ge=1, le=FOREVER_MIN)] | None = None
    """Minutes after which it is due again; null: it is always due."""
    metadata: Metadata = Field(default_factory=dict)


class ParameterView(Form):
    """A parameter of a decision: its value and bounds."""

    name: str
    current: float
    min: float
    max: float
    step: float


class DecisionView(Form):
    """A registered decision."""

    decision_id: str
    subsystem: str
    parameters: tuple[ParameterView, ...]
    success_metrics: tuple[str, ...]


class DecisionRecordView(Form):
    """One decision that was taken, and what came of it."""

    record_id: str
    decision_id: str
    ts: str
    goal_id: str
    task_id: str
    score: float
    weights: WeightsView
    trace_id: str
    span_id: str
    outcome: float | None
    """-1 to 1; null while there is none."""
    outcome_ts: str | None
    outcome_data: dict[str, JsonValue] | None
