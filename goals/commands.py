"""What may be asked of a GoalStore, and its answers, as messages.

The actor in an episode, the HTTP API and the command line speak these; `handling.py` carries them
out. A command that can't be carried out is answered with `Refused`.
"""

from typing import Annotated, Any

from pydantic import Field, JsonValue

from ..runtime.message import Message
from .fields import GOAL_ID, MOST_COUNTED, Label, Name, UtcTime
from .forms import (
    BeliefDraft,
    BeliefPatch,
    BeliefView,
    DecisionRecordView,
    DecisionView,
    GoalDraft,
    GoalPatch,
    GoalView,
    LedgerView,
    ParameterView,
    RankedView,
    ScheduledTaskDraft,
    TaskView,
    Warned,
    WeightsView,
)
from .identity import Caller
from .model import GoalState

GoalId = Annotated[str, Field(pattern=GOAL_ID)]
Limit = Annotated[int, Field(ge=1, le=200)]
Reason = Annotated[str, Field(max_length=500)]
Cursor = Annotated[str, Field(max_length=1000)]
Version = Annotated[int, Field(ge=0, le=2**63 - 1)]
Attempt = Annotated[int, Field(ge=1, le=MOST_COUNTED)]
SelectionKey = Annotated[Label, Field(min_length=1)]


class Command(Message, name="goals.command"):
    """Base of all commands."""

    caller: Caller = Caller()


# --- goals ------------------------------------------------------------------------------------


class CreateGoal(Command, name="goals.create"):
    """Propose a goal. Answer: GoalAnswer."""

    draft: GoalDraft


class ReadGoal(Command, name="goals.read"):
    """Answer: GoalAnswer."""

    goal_id: GoalId


class ListGoals(Command, name="goals.list"):
    """Newest first. Answer: GoalPage."""

    states: tuple[GoalState, ...] = ()
    """Empty: all."""
    category: Name | None = None
    owner: Name | None = None
    include_deleted: bool = False
    limit: Limit = 50
    cursor: Cursor | None = None
    """`next_cursor` of the page before."""


class EditGoal(Command, name="goals.edit"):
    """Answer: GoalAnswer."""

    goal_id: GoalId
    patch: GoalPatch
    expected_version: Version | None = None
    """Refused if the goal is at another one; null: whatever it is at."""


class AdoptGoal(Command, name="goals.adopt"):
    """Vet and adopt. Answer: GoalAnswer with warnings."""

    goal_id: GoalId
    expected_version: Version | None = None
    """As in EditGoal."""


class ApproveGoal(Command, name="goals.approve"):
    """Answer: GoalAnswer."""

    goal_id: GoalId
    expected_version: Version | None = None
    """As in EditGoal: so that nobody approves what was changed since it was read."""


class AbandonGoal(Command, name="goals.abandon"):
    """Answer: GoalAnswer."""

    goal_id: GoalId
    reason: Reason | None = None


class DeleteGoal(Command, name="goals.delete"):
    """Soft delete. Answer: GoalAnswer."""

    goal_id: GoalId
    expected_version: Version | None = None


class RankGoals(Command, name="goals.rank"):
    """Answer: Ranking."""

    states: tuple[GoalState, ...] = (GoalState.ADOPTED, GoalState.PROPOSED)
    owner: Name | None = None
    """Null: of everybody."""
    limit: Limit = 50


class ExplainGoal(Command, name="goals.explain"):
    """Answer: Explanation."""

    goal_id: GoalId


class ReadHistory(Command, name="goals.history"):
    """The ledger's events, oldest first; of one goal, or of all. Answer: History."""

    goal_id: GoalId | None = None
    after: int = Field(default=0, ge=0, le=2**63 - 1)
    """Events with a higher `seq` only."""
    limit: Limit = 50


# --- execution ----------------------------------------------------------------------------------


class NextTask(Command, name="goals.next_task"):
    """What is to be done now: a goal's task or a scheduled one, as the flags say. The same
    `selection_key` gets the same task. Answer: TaskAnswer."""

    selection_key: SelectionKey
    owner: Name | None = None


class CompleteGoal(Command, name="goals.complete"):
    """Tell how a goal's execution ended. Answer: GoalAnswer."""

    goal_id: GoalId
    success: bool
    measured: dict[Name, Annotated[float, Field(strict=True)]] = Field(
        default_factory=dict, max_length=64
    )
    attempt: Attempt | None = None
    """Which execution is meant; null: the current one."""
    reason: Reason | None = None


class ReleaseGoal(Command, name="goals.release"):
    """Give an executing goal back to the adopted ones. Answer: GoalAnswer."""

    goal_id: GoalId
    reason: Reason | None = None


class ScheduleTask(Command, name="goals.schedule"):
    """Put a task on the schedule, or replace it. Answer: Done."""

    task: ScheduledTaskDraft


# --- beliefs and decisions ------------------------------------------------------------------------


class AddBelief(Command, name="goals.belief.add"):
    """Answer: BeliefAnswer."""

    draft: BeliefDraft


class ReadBelief(Command, name="goals.belief.read"):
    """Answer: BeliefAnswer."""

    belief_id: Name


class ListBeliefs(Command, name="goals.belief.list"):
    """By id. Answer: BeliefPage."""

    active: bool | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class EditBelief(Command, name="goals.belief.edit"):
    """Answer: BeliefAnswer."""

    belief_id: Name
    patch: BeliefPatch
    expected_version: Version | None = None


class ListDecisions(Command, name="goals.decisions"):
    """The registered decisions, and the newest records of decisions taken. Answer: Decisions."""

    goal_id: GoalId | None = None
    limit: Limit = 50


class SetParameter(Command, name="goals.decision.set"):
    """Set a parameter of a decision, within its bounds. Answer: ParameterAnswer."""

    decision_id: Name
    parameter: Name
    value: Annotated[float, Field(strict=True)]


# --- the whole store ------------------------------------------------------------------------------


class ImportGoals(Command, name="goals.import"):
    """Take goals over as they are, ids and states included; a goal whose id is known is left
    alone. An adopted or executing goal is vetted and comes in as adopted, or as proposed if
    something stands against that. Answer: Imported."""

    goals: tuple[GoalView, ...] = Field(max_length=1000)


class ReadStatistics(Command, name="goals.statistics"):
    """Answer: Statistics."""


class ReadRollout(Command, name="goals.rollout"):
    """Answer: RolloutAnswer."""

    since: UtcTime | None = None
    """What happened before does not count, such as crashes whose cause was mended since."""


# --- answers --------------------------------------------------------------------------------------


class Refused(Message, name="goals.refused"):
    """The command was not carried out."""

    code: str
    """As in `errors.py`."""
    detail: str
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    replayed: bool = False


class GoalAnswer(Message, name="goals.goal"):
    """A goal as it is now."""

    goal: GoalView
    warnings: tuple[Warned, ...] = ()
    replayed: bool = False
    """The same command with the same idempotency key had been answered before."""


class GoalPage(Message, name="goals.page"):
    """Some goals, and where the next ones begin."""

    items: tuple[GoalView, ...]
    next_cursor: str | None


class Ranking(Message, name="goals.ranking"):
    """Goals by falling raw score."""

    items: tuple[RankedView, ...]
    weights_used: WeightsView
    considered: int
    """How many goals were scored."""


class Explanation(Message, name="goals.explanation"):
    """Why a goal stands where it stands."""

    ranked: RankedView
    weights_used: WeightsView
    lines: tuple[str, ...]
    """The sum, term by term, in words for people."""


class History(Message, name="goals.events"):
    """Events of the ledger."""

    items: tuple[LedgerView, ...]
    next_after: int | None
    """`after` of the next page; null: these were the last."""


class TaskAnswer(Message, name="goals.task"):
    """What is to be done now."""

    task: TaskView | None
    """Null: nothing."""
    shadow: GoalView | None = None
    """The goal that would have been taken, were it not for shadow mode."""
    replayed: bool = False


class Done(Message, name="goals.done"):
    """It was done, and there is nothing to tell."""

    replayed: bool = False


class BeliefAnswer(Message, name="goals.belief"):
    """A belief as it is now."""

    belief: BeliefView
    replayed: bool = False


class BeliefPage(Message, name="goals.beliefs"):
    """Some beliefs, and where the next ones begin."""

    items: tuple[BeliefView, ...]
    next_cursor: str | None


class Decisions(Message, name="goals.decision_list"):
    """Registered decisions and records of decisions taken, newest first."""

    decisions: tuple[DecisionView, ...]
    records: tuple[DecisionRecordView, ...]


class ParameterAnswer(Message, name="goals.parameter"):
    """A parameter as it is now."""

    parameter: ParameterView
    clamped: bool
    """Whether the value that was asked for lay outside the bounds."""
    replayed: bool = False


class Imported(Message, name="goals.imported"):
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


class Statistics(Message, name="goals.figures"):
    """What /metrics shows of the store."""

    counters: tuple[Counter, ...]
    by_state: dict[str, int]
    """All five states, deleted goals left out."""


class RolloutAnswer(Message, name="goals.rollout_verdict"):
    """What the canary phase has shown."""

    selections: int
    finished: int
    successes: int
    success_rate: float | None
    """Null while nothing has finished."""
    safety_blocks: int
    violations: int
    """Goals that are executing while an active belief forbids them, and broken ledger links."""
    crashes: int
    """Executions that ended by their lease: nobody told what became of them."""
    verdict: str
    """keep, roll_back or insufficient."""
    reasons: tuple[str, ...]


Answer = Any
"""Any of the answers above."""
