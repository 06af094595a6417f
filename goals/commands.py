"""The commands to a GoalStore, as messages that know how they are carried out.

The actor in an episode, the HTTP API, the command line and Python programs speak these;
`store_api.py` gives each its transaction.
"""

from typing import Annotated, Any, ClassVar, Protocol, TypeVar, cast

from pydantic import Field

from ..runtime.message import Message
from . import decisions, edit, lifecycle
from .fields import GOAL_ID, MOST_COUNTED, ONLY_THESE, Label, Name, UtcTime, utc_text
from .identity import Caller
from .model import Goal, GoalDraft, GoalPatch, GoalState
from .operation import Operation
from .ranking import Score, explain_lines
from .schemas import (
    Answer,
    BeliefAnswer,
    BeliefDraft,
    BeliefPage,
    BeliefPatch,
    Decisions,
    Done,
    Explanation,
    GoalAnswer,
    GoalPage,
    History,
    Imported,
    ParameterAnswer,
    Ranking,
    RolloutAnswer,
    ScheduledTaskDraft,
    Statistics,
    TaskAnswer,
)
from .selection import next_task
from .store import (
    goal_rows,
    ledger_rows,
    ranking_query,
    task_rows,
)

GoalId = Annotated[str, Field(pattern=GOAL_ID)]
Limit = Annotated[int, Field(ge=1, le=200)]
Reason = Annotated[str, Field(max_length=500)]
Cursor = Annotated[str, Field(max_length=1000)]
Version = Annotated[int, Field(ge=0, le=2**63 - 1)]
Attempt = Annotated[int, Field(ge=1, le=MOST_COUNTED)]
SelectionKey = Annotated[Label, Field(min_length=1)]


A_co = TypeVar("A_co", bound=Answer, covariant=True)


class Asks(Protocol[A_co]):
    """A command with this type of answer, for those who ask."""

    def carry_out(self, op: Operation) -> A_co:
        """Carry it out, as `Command.carry_out` says."""


class Command(Message, name="goals.command"):
    """Base of all commands. The fields say what is asked for; `carry_out` does it."""

    span: ClassVar[str]
    """Name of the command's span in the trace."""
    changes: ClassVar[bool]
    """True if it may write."""

    caller: Caller = Caller()

    def __init_subclass__(cls, span: str, changes: bool = False, **message: Any) -> None:
        super().__init_subclass__(**message)
        cls.span, cls.changes = span, changes

    def carry_out(self, op: Operation) -> Answer:
        """Carry the command out in an open transaction. Raises GoalError."""
        raise NotImplementedError(self.message_name)

    @classmethod
    def answer_type(cls) -> type[Answer]:
        """Return the type of the answer."""
        return cast("type[Answer]", cls.carry_out.__annotations__["return"])


# --- goals ------------------------------------------------------------------------------------


class CreateGoal(Command, name="goals.create", span="create", changes=True):
    """Propose a goal. Answer: GoalAnswer."""

    draft: GoalDraft

    def carry_out(self, op: Operation) -> GoalAnswer:
        return GoalAnswer(goal=edit.create(op, self.draft))


class ReadGoal(Command, name="goals.read", span="get"):
    """Read one goal. Answer: GoalAnswer."""

    goal_id: GoalId

    def carry_out(self, op: Operation) -> GoalAnswer:
        return GoalAnswer(goal=op.goal(self.goal_id))


class ListGoals(Command, name="goals.list", span="list"):
    """Newest first. Answer: GoalPage."""

    states: tuple[GoalState, ...] = ()
    """Empty: all."""
    category: Name | None = None
    owner: Name | None = None
    include_deleted: bool = False
    limit: Limit = 50
    cursor: Cursor | None = None
    """`next_cursor` of the page before."""

    def carry_out(self, op: Operation) -> GoalPage:
        goals, cursor = goal_rows.page_of_goals(
            op.tx, states=self.states, category=self.category, owner=self.owner,
            include_deleted=self.include_deleted, limit=self.limit, cursor=self.cursor,
        )  # fmt: skip
        return GoalPage(items=tuple(goals), next_cursor=cursor)


class EditGoal(Command, name="goals.edit", span="update", changes=True):
    """Change fields of a goal. Answer: GoalAnswer."""

    goal_id: GoalId
    patch: GoalPatch
    expected_version: Version | None = None
    """Refused if the goal is at another one; null: whatever it is at."""

    def carry_out(self, op: Operation) -> GoalAnswer:
        return GoalAnswer(goal=edit.update(op, self.goal_id, self.patch, self.expected_version))


class AdoptGoal(Command, name="goals.adopt", span="adopt", changes=True):
    """Vet and adopt. Answer: GoalAnswer with warnings."""

    goal_id: GoalId
    expected_version: Version | None = None
    """As in EditGoal."""

    def carry_out(self, op: Operation) -> GoalAnswer:
        return lifecycle.adopt(op, self.goal_id, self.expected_version)


class ApproveGoal(Command, name="goals.approve", span="approve", changes=True):
    """Approve a goal. Answer: GoalAnswer."""

    goal_id: GoalId
    expected_version: Version | None = None
    """As in EditGoal: what is approved is what was read."""

    def carry_out(self, op: Operation) -> GoalAnswer:
        return GoalAnswer(goal=lifecycle.approve(op, self.goal_id, self.expected_version))


class AbandonGoal(Command, name="goals.abandon", span="abandon", changes=True):
    """Give a goal up for good. Answer: GoalAnswer."""

    goal_id: GoalId
    reason: Reason | None = None

    def carry_out(self, op: Operation) -> GoalAnswer:
        return GoalAnswer(goal=lifecycle.abandon(op, self.goal_id, self.reason))


class DeleteGoal(Command, name="goals.delete", span="delete", changes=True):
    """Soft delete. Answer: GoalAnswer."""

    goal_id: GoalId
    expected_version: Version | None = None

    def carry_out(self, op: Operation) -> GoalAnswer:
        return GoalAnswer(goal=edit.delete(op, self.goal_id, self.expected_version))


class RankGoals(Command, name="goals.rank", span="prioritized"):
    """Rank goals by falling score. Answer: Ranking."""

    states: tuple[GoalState, ...] = ranking_query.RANKED_STATES
    owner: Name | None = None
    """Null: of everybody."""
    limit: Limit = 50

    def carry_out(self, op: Operation) -> Ranking:
        formula, states, owner = op.formula(), self.states, self.owner
        items = ranking_query.ranked_goals(
            op.tx, formula, states=states, owner=owner, limit=self.limit
        )
        considered = ranking_query.count_ranked(op.tx, states=states, owner=owner)
        return Ranking(
            items=tuple(items), weights_used=formula.weights_view(), considered=considered
        )


class ExplainGoal(Command, name="goals.explain", span="explain"):
    """Explain a goal's place, or the one it would have, among the goals that wait to be adopted or
    selected. Answer: Explanation."""

    goal_id: GoalId

    def carry_out(self, op: Operation) -> Explanation:
        goal, formula = op.goal(self.goal_id), op.formula()
        ranked = ranking_query.rank_of(op.tx, formula, goal)
        score = Score(ranked.raw_score, ranked.priority, ranked.components)
        lines = explain_lines(score, formula.weights, ranked.blocked_by)
        return Explanation(ranked=ranked, weights_used=formula.weights_view(), lines=lines)


class ReadHistory(Command, name="goals.history", span="history"):
    """The ledger's events, oldest first; of one goal, or of all. Answer: History."""

    goal_id: GoalId | None = None
    after: int = Field(default=0, ge=0, le=2**63 - 1)
    """Events with a higher `seq` only."""
    limit: Limit = 50

    def carry_out(self, op: Operation) -> History:
        if self.goal_id is not None:
            op.goal(self.goal_id)  # of a deleted goal, the events stand in the whole ledger alone
        events = ledger_rows.events(
            op.tx, goal_id=self.goal_id, after=self.after, limit=self.limit + 1
        )
        items, more = tuple(events[: self.limit]), len(events) > self.limit
        return History(items=items, next_after=items[-1].seq if more else None)


# --- execution ----------------------------------------------------------------------------------


class NextTask(Command, name="goals.next_task", span="next_task", changes=True):
    """Take the next task: a goal's or a scheduled one, as the flags say. The same `selection_key`
    gets the same task. Answer: TaskAnswer."""

    selection_key: SelectionKey
    owner: Name | None = None

    def carry_out(self, op: Operation) -> TaskAnswer:
        step = next_task(op, self.selection_key, self.owner)
        return TaskAnswer(task=step.task, shadow=step.shadow)


class CompleteGoal(Command, name="goals.complete", span="complete", changes=True):
    """Complete an execution of a goal, with success or without. Answer: GoalAnswer."""

    goal_id: GoalId
    success: bool
    measured: dict[Name, Annotated[float, Field(strict=True)]] = Field(
        default_factory=dict, max_length=64, json_schema_extra=ONLY_THESE
    )
    attempt: Attempt | None = None
    """The execution that is meant; null: the current one."""
    reason: Reason | None = None

    def carry_out(self, op: Operation) -> GoalAnswer:
        return GoalAnswer(goal=lifecycle.complete(
            op, self.goal_id, success=self.success, measured=self.measured,
            attempt=self.attempt, reason=self.reason,
        ))  # fmt: skip


class ReleaseGoal(Command, name="goals.release", span="release", changes=True):
    """Give an executing goal back to the adopted ones. Answer: GoalAnswer."""

    goal_id: GoalId
    reason: Reason | None = None

    def carry_out(self, op: Operation) -> GoalAnswer:
        released = lifecycle.release(op, op.goal(self.goal_id), "released", self.reason)
        return GoalAnswer(goal=released)


class ScheduleTask(Command, name="goals.schedule", span="schedule", changes=True):
    """Put a task on the schedule, or replace it. Answer: Done."""

    task: ScheduledTaskDraft

    def carry_out(self, op: Operation) -> Done:
        task_rows.put_scheduled(op.tx, self.task, op.now_us)
        return Done()


# --- beliefs and decisions ------------------------------------------------------------------------


class AddBelief(Command, name="goals.belief.add", span="add_belief", changes=True):
    """Hold a belief. Answer: BeliefAnswer."""

    draft: BeliefDraft

    def carry_out(self, op: Operation) -> BeliefAnswer:
        return BeliefAnswer(belief=edit.add_belief(op, self.draft))


class ReadBelief(Command, name="goals.belief.read", span="belief"):
    """Read one belief. Answer: BeliefAnswer."""

    belief_id: Name

    def carry_out(self, op: Operation) -> BeliefAnswer:
        return BeliefAnswer(belief=edit.find_belief(op, self.belief_id))


class ListBeliefs(Command, name="goals.belief.list", span="beliefs"):
    """List beliefs by id. Answer: BeliefPage."""

    active: bool | None = None
    limit: Limit = 50
    cursor: Cursor | None = None

    def carry_out(self, op: Operation) -> BeliefPage:
        found, cursor = goal_rows.page_of_beliefs(
            op.tx, active=self.active, limit=self.limit, cursor=self.cursor
        )
        return BeliefPage(items=tuple(found), next_cursor=cursor)


class EditBelief(Command, name="goals.belief.edit", span="edit_belief", changes=True):
    """Change a belief. Answer: BeliefAnswer."""

    belief_id: Name
    patch: BeliefPatch
    expected_version: Version | None = None

    def carry_out(self, op: Operation) -> BeliefAnswer:
        edited = edit.edit_belief(op, self.belief_id, self.patch, self.expected_version)
        return BeliefAnswer(belief=edited)


class ListDecisions(Command, name="goals.decisions", span="decisions"):
    """The registered decisions, and the newest records of decisions taken. Answer: Decisions."""

    goal_id: GoalId | None = None
    limit: Limit = 50

    def carry_out(self, op: Operation) -> Decisions:
        return Decisions(
            decisions=tuple(task_rows.read_decisions(op.tx)),
            records=tuple(task_rows.records(op.tx, self.goal_id, self.limit)),
        )


class SetParameter(Command, name="goals.decision.set", span="set_parameter", changes=True):
    """Set a parameter of a decision, within its bounds. Answer: ParameterAnswer."""

    decision_id: Name
    parameter: Name
    value: Annotated[float, Field(strict=True)]

    def carry_out(self, op: Operation) -> ParameterAnswer:
        parameter, clamped = decisions.set_parameter(
            op.tx, self.decision_id, self.parameter, self.value
        )
        return ParameterAnswer(parameter=parameter, clamped=clamped)


# --- the whole store ------------------------------------------------------------------------------


class ImportGoals(Command, name="goals.import", span="import", changes=True):
    """Take goals over as they are, ids and states included; a goal whose id is known is left alone.
    An adopted or executing goal is vetted and comes in as adopted, or as proposed if something
    blocks that. Answer: Imported."""

    goals: tuple[Goal, ...] = Field(max_length=1000)

    def carry_out(self, op: Operation) -> Imported:
        return edit.import_goals(op, self.goals)


class ReadStatistics(Command, name="goals.statistics", span="statistics"):
    """Count what /metrics shows. Answer: Statistics."""

    def carry_out(self, op: Operation) -> Statistics:
        counters = tuple(ledger_rows.read_counters(op.tx))
        return Statistics(counters=counters, by_state=goal_rows.count_by_state(op.tx))


class ReadRollout(Command, name="goals.rollout", span="rollout"):
    """Judge the rollout so far. Answer: RolloutAnswer."""

    since: UtcTime | None = None
    """The start of what counts: crashes whose cause was mended before it do not."""

    def carry_out(self, op: Operation) -> RolloutAnswer:
        since = decisions.BEGINNING if self.since is None else utc_text(self.since)
        stats = decisions.read_stats(op.tx, since=since)
        verdict, reasons = decisions.verdict(stats)
        return RolloutAnswer(
            **vars(stats), success_rate=stats.success_rate, verdict=verdict, reasons=reasons
        )


COMMANDS = {command.message_name: command for command in Command.__subclasses__()}
"""All commands by name."""
