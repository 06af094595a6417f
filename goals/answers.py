"""The answers to commands, as messages. A command that can't be carried out is answered with
`Refused`."""

from pydantic import Field, JsonValue

from ..runtime.message import Message
from .model import Belief, Goal
from .schemas import (
    DecisionRecordView,
    DecisionView,
    LedgerView,
    ParameterView,
    RankedView,
    TaskView,
    Warned,
    WeightsView,
)


class Answer(Message, name="goals.answer"):
    """Base of all answers."""


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


ANSWERS = {answer.message_name: answer for answer in Answer.__subclasses__()}
"""All answers by name."""
