"""The schemas of beliefs, tasks, rankings, events and decisions: as they are given from outside,
checked field by field, and as they are shown. The HTTP API, the command line, scenario files and
agents use the same forms."""

from typing import Annotated

from pydantic import (
    Field,
    JsonValue,
)

from .fields import (
    FOREVER_MIN,
    GOAL_ID,
    Form,
    Metadata,
    Name,
    Patch,
    Share,
    Text,
)
from .model import Goal, GoalState


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
    goal: Goal
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
