"""What is sent and shown beyond the forms of the goals."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ....goals.commands import Attempt, Cursor, GoalId, Limit, Reason, SelectionKey
from ....goals.fields import ONLY_THESE, Name, UtcTime
from ....goals.model import GoalCategory, GoalState
from ....goals.schemas import (
    BeliefDraft,
    BeliefPatch,
    Form,
    GoalDraft,
    GoalPatch,
    GoalView,
    ParameterView,
    TaskView,
    Warned,
)
from .strict_json import strict

_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _spelled_out(moment: Any) -> Any:
    """In a query a number is a text as well, and would be taken for seconds since 1970."""
    if isinstance(moment, str) and not _DATE.match(moment):
        raise ValueError("expected a date and time such as 2025-11-08T12:00:00Z")
    return moment


# --- queries --------------------------------------------------------------------------------------


class Query(BaseModel):
    """Base of all queries: a parameter that is not known is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GoalsQuery(Query):
    """Which goals, and how many of them."""

    state: tuple[GoalState, ...] = Field(default=(), max_length=5)
    """May be given several times; not given: all."""
    category: GoalCategory | None = None
    owner: Name | None = None
    include_deleted: Literal["true", "false"] = "false"
    limit: Limit = 50
    cursor: Cursor | None = None
    """`next_cursor` of the page before."""


class RankingQuery(Query):
    """Which goals are ranked, and how many of them are shown."""

    state: tuple[GoalState, ...] = Field(
        default=(GoalState.ADOPTED, GoalState.PROPOSED), max_length=5
    )
    """May be given several times."""
    owner: Name | None = None
    """Not given: of everybody."""
    limit: Limit = 50


class EventsQuery(Query):
    """Which events of the ledger."""

    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """Events with a higher `seq` only: `next_after` of the page before."""
    limit: Limit = 50


class BeliefsQuery(Query):
    """Which beliefs, and how many of them."""

    active: Literal["true", "false"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None
    """`next_cursor` of the page before."""


class RolloutQuery(Query):
    """From when on it is looked."""

    since: Annotated[UtcTime, BeforeValidator(_spelled_out)] | None = None
    """What happened before does not count."""


class DecisionsQuery(Query):
    """Which records of decisions."""

    goal_id: GoalId | None = None
    limit: Limit = 50


# --- bodies of requests ---------------------------------------------------------------------------


class Why(Form):
    """Why something is done; stands in the ledger."""

    reason: Reason | None = None


class Selection(Form):
    """Asks what is to be done now."""

    selection_key: SelectionKey
    """Whoever asks again with the same key gets the same task."""
    owner: Name | None = None


class Completion(Form):
    """How an execution ended."""

    success: bool
    measured: dict[Name, Annotated[float, Field(strict=True)]] = Field(
        default_factory=dict, max_length=64, json_schema_extra=ONLY_THESE
    )
    """By the names of the goal's `success_metrics`."""
    attempt: Attempt | None = None
    """Which execution is meant, as its task says; null: the current one."""
    reason: Reason | None = None


class Setting(Form):
    """A value for a parameter."""

    value: Annotated[float, Field(strict=True)]


class GoalsToImport(Form):
    """Goals as an export writes them."""

    goals: Annotated[tuple[GoalView, ...], Field(max_length=1000)]


GoalDraftBody = Annotated[GoalDraft, strict(GoalDraft)]
GoalPatchBody = Annotated[GoalPatch, strict(GoalPatch)]
BeliefDraftBody = Annotated[BeliefDraft, strict(BeliefDraft)]
BeliefPatchBody = Annotated[BeliefPatch, strict(BeliefPatch)]
WhyBody = Annotated[Why | None, strict(Why, optional=True)]
SelectionBody = Annotated[Selection, strict(Selection)]
CompletionBody = Annotated[Completion, strict(Completion)]
SettingBody = Annotated[Setting, strict(Setting)]
ImportBody = Annotated[GoalsToImport, strict(GoalsToImport)]


# --- bodies of responses --------------------------------------------------------------------------


class GoalRead(GoalView):
    """A goal, and what should be known of it."""

    warnings: tuple[Warned, ...] = ()


class NextTask(Form):
    """What is to be done now."""

    task: TaskView | None
    """Null: nothing."""
    shadow: GoalView | None
    """The goal that would have been taken, were it not for shadow mode."""


class ParameterRead(ParameterView):
    """A parameter as it is now."""

    clamped: bool
    """Whether the value that was asked for lay outside the bounds."""


class ImportRead(Form):
    """What came of an import."""

    created: int
    known: int
    """Left alone, since a goal with the id is there already."""
    blocked: tuple[str, ...]
    """Ids of goals that came in as proposed, since a belief, the deadline or a missing approval
    stands against adopting them."""


class Health(Form):
    """The server is there."""

    status: Literal["ok"]
