"""The schemas of beliefs, tasks, rankings, events and decisions, as they are given from outside and
as they are shown, and the answers to commands, which are messages made of them. The HTTP API, the
command line, scenario files and agents use the same."""

from typing import Annotated

from pydantic import Field, JsonValue

from ..runtime.message import Message
from .fields import FOREVER_MIN, GOAL_ID, Form, Metadata, Name, Patch, Share, Text
from .model import Belief, Goal, GoalState


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
    """The sum of the components, by which goals are ordered."""
    components: Components
    blocked_by: tuple[str, ...]
    """Hindrances to selecting the goal now, such as `belief:core.honesty`,
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
    """Further facts of the event: changed fields, belief ids, severity, phase."""
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


class Answer(Message, name="goals.answer"):
    """Base of all answers. A command that can't be carried out is answered with `Refused`."""


class Refused(Answer, name="goals.refused"):
    """The command was not carried out."""

    code: str
    """The code of an error, as in `errors.py`."""
    detail: str
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    replayed: bool = False


class GoalAnswer(Answer, name="goals.goal"):
    """A goal as it is now."""

    goal: Goal
    warnings: tuple[Warned, ...] = ()
    replayed: bool = False
    """True if the same command with the same idempotency key had been answered before."""


class GoalPage(Answer, name="goals.page"):
    """Some goals, and where the next ones begin."""

    items: tuple[Goal, ...]
    next_cursor: str | None


class Ranking(Answer, name="goals.ranking"):
    """Goals by falling raw score."""

    items: tuple[RankedView, ...]
    weights_used: WeightsView
    considered: int
    """Number of goals that were scored."""


class Explanation(Answer, name="goals.explanation"):
    """Why a goal stands where it stands."""

    ranked: RankedView
    weights_used: WeightsView
    lines: tuple[str, ...]
    """The sum, term by term, in words for people."""


class History(Answer, name="goals.events"):
    """Events of the ledger."""

    items: tuple[LedgerView, ...]
    next_after: int | None
    """`after` of the next page; null: these were the last."""


class TaskAnswer(Answer, name="goals.task"):
    """What is to be done now."""

    task: TaskView | None
    """Null: nothing."""
    shadow: Goal | None
    """The goal that would have been taken, were it not for shadow mode."""
    replayed: bool = False


class Done(Answer, name="goals.done"):
    """The answer of a command that has nothing to show."""

    replayed: bool = False


class BeliefAnswer(Answer, name="goals.belief"):
    """A belief as it is now."""

    belief: Belief
    replayed: bool = False


class BeliefPage(Answer, name="goals.beliefs"):
    """Some beliefs, and where the next ones begin."""

    items: tuple[Belief, ...]
    next_cursor: str | None


class Decisions(Answer, name="goals.decision_list"):
    """Registered decisions and records of decisions taken, newest first."""

    decisions: tuple[DecisionView, ...]
    records: tuple[DecisionRecordView, ...]


class ParameterAnswer(Answer, name="goals.parameter"):
    """A parameter as it is now."""

    parameter: ParameterView
    clamped: bool
    """True if the value that was asked for lay outside the bounds."""
    replayed: bool = False


class Imported(Answer, name="goals.imported"):
    """What came of an import."""

    created: int
    known: int
    """Left alone, since a goal with the id is there already."""
    blocked: tuple[str, ...]
    """Ids of goals that came in as proposed, since a belief, the deadline or a missing approval
    stands against adopting them."""
    replayed: bool = False


class Counter(Message, name="goals.counter"):
    """A count that only rises, with its labels; kept in the store's own transactions."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: int


class Statistics(Answer, name="goals.figures"):
    """What /metrics shows of the store."""

    counters: tuple[Counter, ...]
    by_state: dict[str, int]
    """Number of goals in each of the five states, deleted ones left out."""


class RolloutAnswer(Answer, name="goals.rollout_verdict"):
    """What the canary phase has shown."""

    selections: int
    finished: int
    """Executions whose end was reported, or that ended by their lease; not those that were given
    back, called off or stopped by a belief."""
    successes: int
    """Executions that satisfied their goal."""
    success_rate: float | None
    """Null while nothing has finished."""
    safety_blocks: int
    """Times a belief stood against a goal. They are no fault: the vetting works."""
    violations: int
    """Goals that are executing while an active belief forbids them, and broken ledger links."""
    crashes: int
    """Executions that ended by their lease: their end was never reported."""
    verdict: str
    """keep, roll_back or insufficient."""
    reasons: tuple[str, ...]


ANSWERS = {answer.message_name: answer for answer in Answer.__subclasses__()}
"""All answers by name."""
