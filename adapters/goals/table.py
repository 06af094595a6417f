"""The table of commands over HTTP, a row each, for the server, the client, the OpenAPI document and
the command line.

Only data stands here, so that `gdg-runtime goals --help` can read it at no cost; a command is named
as its message is. `app.py` makes routes of the rows, `client.py` requests, `cli/goals/changes.py`
the verbs that need no code of their own.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from . import examples

NAMES = {"state": "states", "name": "parameter"}
"""Parameters that are called otherwise than the command's fields."""
_REASON = {"reason": "Why, for the ledger; at most 500 characters."}
_UNCHECKED = "belief-checker-unavailable"
_UNKNOWN = {
    "code": "unknown_belief",
    "belief_id": examples.BELIEF_ID,
    "detail": "no belief has this id",
}
_GOALS, _LIFE, _LEDGER = "goals", "life of a goal", "ledger"
_BELIEFS, _DECISIONS = "beliefs", "decisions"
_ONE = "/v1/goals/{goal_id}"


class Body(NamedTuple):
    """The body of a request: a form of its own made of fields of the command, or one field."""

    title: str
    says: str = ""
    fields: tuple[str, ...] = ()
    whole: str | None = None
    """The one field of the command that the body is."""
    optional: bool = False


class Shown(NamedTuple):
    """The body of a response that is not the command's answer as it is: the content of the answer's
    field `spread`, if any, with its other fields; `replayed` becomes a header."""

    title: str
    says: str = ""
    spread: str | None = None


class Verb(NamedTuple):
    """A command line `gdg-runtime goals <name> GOAL` that needs no code of its own: the command has
    a field `goal_id`, and its answer is a goal."""

    name: str
    short: str
    """For the list of commands."""
    says: str
    """For the command's own help."""
    done: str
    """Printed before the goal."""
    unchanged: str | None = None
    """Printed in its place if the goal's version is still the same; `{state}` is its state."""
    hint: str = ""
    """The verb that comes next while the goal is proposed."""
    options: Mapping[str, str] = {}
    """Fields of the command that are options, with their help."""


class Row(NamedTuple):
    """A command over HTTP."""

    command: str
    """The command's message name."""
    method: str
    path: str
    operation: str
    """Operation id in the OpenAPI document."""
    tag: str
    says: str
    """Description in the OpenAPI document."""
    response: Any
    """An example of the body of its success."""
    refusals: tuple[str, ...] = ()
    """Codes of `refusals.py` that it may be answered with, beside those of `all_refusals`."""
    requests: Mapping[str, Any] = {}
    """Examples of its body, by title."""
    body: Body | None = None
    query: tuple[str, ...] = ()
    """Fields of the command that are parameters of the query."""
    shown: Shown | None = None
    status: int = 200
    versions: str | None = None
    """Message name of the command that reads what has versions: GET takes If-None-Match, PATCH
    requires If-Match, and others take it."""
    linked: bool = False
    """A page has the address of the next one in the header Link."""
    timed: bool = False
    """The time that it takes is measured for Prometheus."""
    verb: Verb | None = None

    @property
    def keyed(self) -> bool:
        """Takes an Idempotency-Key: every POST."""
        return self.method == "POST"

    @property
    def all_refusals(self) -> Iterator[str]:
        """The refusals of its own, and those that its path, method, query and versions bring."""
        yield from self.refusals
        yield from (f"{name[:-3]}-not-found" for name in self.parameters if name.endswith("_id"))
        if "cursor" in self.query:
            yield "bad-cursor"
        if self.versions is not None and self.method != "GET":
            yield "version-conflict"
        if self.method == "PATCH":
            yield "precondition-required"
        if self.keyed:
            yield "idempotency-key-reused"

    @property
    def spread(self) -> str | None:
        """The field of the answer whose content is the body of the response."""
        return None if self.shown is None else self.shown.spread

    @property
    def parameters(self) -> list[str]:
        """The parameters in the path."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


_GOAL = Shown("GoalRead", "A goal, and what should be known of it.", "goal")
_BELIEF = Shown("BeliefView", spread="belief")
_WHY = Body("Why", "Why something is done; stands in the ledger.", ("reason",), optional=True)

ROWS = (
    Row(
        "goals.create", "POST", "/v1/goals", "create_goal", _GOALS, "Propose a goal.",
        examples.READ,
        ("unknown-dependency", "dependency-cycle"),
        {
            "the specification's": examples.DRAFT,
            "short": {"text": "Tidy the test data", "category": "maintenance"},
        },
        Body("GoalDraft", whole="draft"),
        shown=_GOAL, status=201,
    ),
    Row(
        "goals.list", "GET", "/v1/goals", "list_goals", _GOALS,
        "Goals, newest first, page by page.",
        {"items": [examples.GOAL], "next_cursor": None},
        query=("state", "category", "owner", "include_deleted", "limit", "cursor"),
        linked=True,
    ),
    # Before /{goal_id}, which would take "prioritized" for an id.
    Row(
        "goals.rank", "GET", "/v1/goals/prioritized", "prioritize_goals", _GOALS,
        "Goals by falling score. All that match are scored, then the first ones are shown.",
        {"items": [examples.RANKED], "weights_used": examples.WEIGHTS, "considered": 1},
        query=("state", "owner", "limit"), timed=True,
    ),
    Row(
        "goals.import", "POST", "/v1/goals/import", "import_goals", _GOALS,
        """Take goals over as they are, ids and states included. A goal whose id is known is left
        alone; an adopted or executing one is vetted, and comes in as adopted or proposed.""",
        {"created": 1, "known": 0, "blocked": []},
        ("unknown-dependency", "dependency-cycle", "invalid-goal", _UNCHECKED),
        {"one goal": {"goals": [examples.GOAL]}},
        Body("GoalsToImport", "Goals as an export writes them.", ("goals",)),
        shown=Shown("ImportRead"),
    ),
    Row(
        "goals.next_task", "POST", "/v1/goals/next", "next_task", _LIFE,
        "What is to be done now: the task of the best goal that is ready, or a scheduled one, as "
        "the\nflags GOAL_SYSTEM, GOAL_SHADOW and GOAL_CANARY_PERCENT say.",
        {"task": examples.TASK, "shadow": None},
        ("not-allowed", "selection-key-taken", _UNCHECKED),
        {"one worker": {"selection_key": "worker-1:2025-11-08T12:05"}},
        Body("Selection", "Asks what is to be done now.", ("selection_key", "owner")),
        shown=Shown("NextTask"),
    ),
    Row(
        "goals.read", "GET", _ONE, "read_goal", _GOALS, "One goal.",
        examples.READ, shown=_GOAL, versions="goals.read",
    ),
    Row(
        "goals.edit", "PATCH", _ONE, "edit_goal", _GOALS,
        "Change a goal by a JSON merge patch (RFC 7396); its state is changed by commands alone.",
        {**examples.NEWER, "value": 0.9, "horizon_max_min": 1440, "warnings": []},
        (
            "goal-not-editable", "goal-blocked-by-belief", "unknown-dependency",
            "dependency-cycle", "invalid-goal", "goal-deadline-passed", _UNCHECKED,
        ),
        {
            "more urgent": {"value": 0.9, "horizon_max_min": 1440},
            "without a deadline": {"horizon_max_min": None},
        },
        Body("GoalPatch", whole="patch"),
        shown=_GOAL, versions="goals.read",
    ),
    Row(
        "goals.delete", "DELETE", _ONE, "delete_goal", _GOALS,
        "Delete a goal for good. It stays in the ledger, and in lists with include_deleted=true.",
        {**examples.NEWER, "deleted_at": examples.LATER, "warnings": []},
        ("goal-executing",),
        shown=_GOAL, versions="goals.read",
        verb=Verb(
            "delete", "Delete a goal.",
            """Delete GOAL: it is neither ranked, shown nor executed any more.

            It stays in the database and in the ledger; `list --by-date --deleted` shows it.""",
            "Deleted",
        ),
    ),
    Row(
        "goals.explain", "GET", f"{_ONE}/explain", "explain_goal", _GOALS,
        "Why a goal stands where it stands, term by term.",
        {
            "ranked": examples.RANKED, "weights_used": examples.WEIGHTS,
            "lines": ["value      0.8 * 0.5  = 0.4"],
        },
    ),
    Row(
        "goals.adopt", "POST", f"{_ONE}/adopt", "adopt_goal", _LIFE,
        "Vet a goal against the beliefs, and adopt it. An adopted or executing goal stays as it "
        "is.",
        {**examples.ADOPTED, "warnings": [_UNKNOWN]},
        (
            "illegal-transition", "goal-blocked-by-belief", "goal-deadline-passed",
            "approval-required", _UNCHECKED,
        ),
        shown=_GOAL, versions="goals.read",
        verb=Verb(
            "adopt", "Vet a goal against the beliefs and adopt it.",
            "Vet GOAL against the beliefs and adopt it, so that it may be selected for execution.",
            "Adopted", unchanged="Nothing to do, it is {state} already:",
        ),
    ),
    Row(
        "goals.approve", "POST", f"{_ONE}/approve", "approve_goal", _LIFE,
        """Approve a goal that needs it before it can be adopted. With If-Match, what is approved is
        what was read.""",
        {**examples.NEWER, "approved_by": "http", "warnings": []},
        ("illegal-transition", "goal-not-editable"),
        shown=_GOAL, versions="goals.read",
        verb=Verb(
            "approve", "Approve a goal that needs it before it can be adopted.",
            "Approve GOAL. The ledger says who did.",
            "Approved", hint="adopt",
        ),
    ),
    Row(
        "goals.abandon", "POST", f"{_ONE}/abandon", "abandon_goal", _LIFE,
        "Give a goal up. An abandoned goal stays as it is.",
        {**examples.NEWER, "state": "abandoned", "warnings": []},
        ("illegal-transition",),
        {"with a reason": {"reason": "superseded"}},
        _WHY, shown=_GOAL,
        verb=Verb(
            "abandon", "Give a goal up.",
            "Give GOAL up for good. It stays to be seen; `delete` takes it out of sight.",
            "Abandoned", unchanged="Nothing to do, it was abandoned before:", options=_REASON,
        ),
    ),
    Row(
        "goals.complete", "POST", f"{_ONE}/complete", "complete_goal", _LIFE,
        "Tell how a goal's execution ended. With success, and each of its success_metrics reached, "
        "it\nis satisfied; else it is adopted again, or abandoned after too many attempts.",
        {**examples.NEWER, "version": 4, "state": "satisfied", "attempts": 1, "warnings": []},
        ("illegal-transition", "attempt-over"),
        {
            "reached": {"success": True, "measured": {"coherence_delta": 0.07}, "attempt": 1},
            "failed": {"success": False, "reason": "the tool did not answer"},
        },
        Body(
            "Completion", "How an execution ended.", ("success", "measured", "attempt", "reason")
        ),
        shown=_GOAL,
    ),
    Row(
        "goals.release", "POST", f"{_ONE}/release", "release_goal", _LIFE,
        "Give an executing goal back to the adopted ones, unfinished.",
        {**examples.ADOPTED, "version": 4, "attempts": 1, "warnings": []},
        ("illegal-transition",),
        {"with a reason": {"reason": "the worker is stopped"}},
        _WHY, shown=_GOAL,
        verb=Verb(
            "release", "Give an executing goal back, unfinished.",
            "Give GOAL, which is executing, back to the adopted ones, neither done nor failed.",
            "Released", options=_REASON,
        ),
    ),
    # Before the whole ledger: the client takes the first row whose parameters the command has.
    Row(
        "goals.history", "GET", f"{_ONE}/history", "read_history", _LEDGER,
        "The events of one goal, oldest first.",
        examples.HISTORY, query=("after", "limit"),
    ),
    Row(
        "goals.history", "GET", "/v1/ledger", "read_ledger", _LEDGER, "All events, oldest first.",
        examples.HISTORY, query=("after", "limit"),
    ),
    Row(
        "goals.belief.add", "POST", "/v1/beliefs", "add_belief", _BELIEFS,
        "Hold something to be true. A goal that is being executed and contradicts it is "
        "released.",
        examples.BELIEF, ("belief-exists",), {"held": examples.BELIEF_DRAFT},
        Body("BeliefDraft", whole="draft"),
        shown=_BELIEF, status=201,
    ),
    Row(
        "goals.belief.list", "GET", "/v1/beliefs", "list_beliefs", _BELIEFS,
        "Beliefs by id, page by page.",
        {"items": [examples.BELIEF], "next_cursor": None},
        query=("active", "limit", "cursor"),
    ),
    Row(
        "goals.belief.read", "GET", "/v1/beliefs/{belief_id}", "read_belief", _BELIEFS,
        "One belief.",
        examples.BELIEF, shown=_BELIEF, versions="goals.belief.read",
    ),
    Row(
        "goals.belief.edit", "PATCH", "/v1/beliefs/{belief_id}", "edit_belief", _BELIEFS,
        "Change a belief, or set it active or inactive; what is not given stays.",
        {**examples.BELIEF, "active": False, "version": 2, "updated_at": examples.LATER},
        ("belief-immutable",),
        {"given up": {"active": False}},
        Body("BeliefPatch", whole="patch"),
        shown=_BELIEF, versions="goals.belief.read",
    ),
    Row(
        "goals.decisions", "GET", "/v1/decisions", "list_decisions", _DECISIONS,
        "The registered decisions with their parameters, and the newest decisions taken.",
        {
            "decisions": [
                {
                    "decision_id": "goal_selected",
                    "subsystem": "goal_store",
                    "parameters": [examples.VALUE_WEIGHT],
                    "success_metrics": ["coherence", "goal_satisfaction", "task_completion_rate"],
                }
            ],
            "records": [examples.RECORD],
        },
        query=("goal_id", "limit"),
    ),
    Row(
        "goals.decision.set", "PUT", "/v1/decisions/{decision_id}/parameters/{name}",
        "set_parameter", _DECISIONS,
        """Set a parameter of a decision, such as a weight. A value beyond its bounds becomes the
        bound, and `clamped` is true.""",
        {**examples.VALUE_WEIGHT, "current": 0.55, "clamped": False},
        ("invalid-parameter",),
        {"more for value": {"value": 0.55}},
        Body("Setting", "A value for a parameter.", ("value",)),
        shown=Shown("ParameterRead", "A parameter as it is now.", "parameter"),
    ),
    Row(
        "goals.rollout", "GET", "/v1/rollout", "read_rollout", _DECISIONS,
        "What the selections so far, or since a time, have shown: keep, roll_back or insufficient.",
        {
            "selections": 12, "finished": 10, "successes": 9, "success_rate": 0.9,
            "safety_blocks": 1, "violations": 0, "crashes": 0, "verdict": "insufficient",
            "reasons": ["12 selections; 20 are needed"],
        },
        query=("since",),
    ),
)  # fmt: skip

VERBS = {row.verb.name: row for row in ROWS if row.verb is not None}
"""The rows with a verb, by its name."""
