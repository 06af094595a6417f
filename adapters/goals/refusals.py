"""The kinds of refusals: their HTTP status and title, and what they mean on the command line. A new
code has a row here."""

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of refusal."""

    status: int
    title: str
    bad_input: bool = False
    """The command line is wrong: no other state of the goals makes it right."""
    next_step: str = ""
    """A sentence or two for the command line, where the refusal does not say it itself."""


KINDS = {
    "bad-cursor": Kind(400, "The cursor is none of ours", bad_input=True,
        next_step="Take next_cursor from the page before, or begin without --cursor."),
    "unauthorised": Kind(401, "A valid bearer token is needed", bad_input=True,
        next_step="Put the server's token into the environment variable GDG_TOKEN."),
    "not-found": Kind(404, "There is nothing here"),
    "goal-not-found": Kind(404, "There is no such goal", bad_input=True,
        next_step="`{goals} list --by-date` shows the goals that there are."),
    "belief-not-found": Kind(404, "There is no such belief", bad_input=True,
        next_step="`{goals} belief list` shows the beliefs that there are, `{goals} belief add`"
        " makes one."),
    "decision-not-found": Kind(404, "There is no such decision or parameter", bad_input=True,
        next_step="`{goals} weights` shows what can be set."),
    "method-not-allowed": Kind(405, "This can't be done here"),
    "not-allowed": Kind(403, "This may not be done from here"),
    "illegal-transition": Kind(409, "The goal's state does not allow this",
        next_step="`{goals} history {goal}` shows how it came to where it is."),
    "goal-not-editable": Kind(409, "The goal can't be changed any more",
        next_step="Propose a new goal with `{goals} add`."),
    "goal-executing": Kind(409, "The goal is being executed",
        next_step="End its execution with `{goals} complete {goal}`, or give it back with "
        "`{goals} release {goal}`."),
    "belief-immutable": Kind(409, "The belief can't be changed"),
    "belief-exists": Kind(409, "There is a belief with this id already",
        next_step="`{goals} belief set` changes it."),
    "goal-blocked-by-belief": Kind(409, "A belief stands against the goal",
        next_step="Change what it says with `{goals} edit {goal} --text TEXT`, or give it up "
        "with `{goals} abandon {goal}`."),
    "goal-deadline-passed": Kind(409, "The goal's deadline has passed",
        next_step="Give it more time with `{goals} edit {goal} --deadline TIME`, or give it up "
        "with `{goals} abandon {goal}`."),
    "selection-key-taken": Kind(409, "The selection key belongs to another owner"),
    "attempt-over": Kind(409, "This execution has ended before"),
    "approval-required": Kind(409, "The goal has to be approved first",
        next_step="`{goals} approve {goal}` approves it."),
    "unknown-dependency": Kind(409, "The goal depends on one that does not exist", bad_input=True,
        next_step="`{goals} list --by-date` shows the goals that there are."),
    "dependency-cycle": Kind(409, "The goal would depend on itself", bad_input=True),
    "version-conflict": Kind(412, "Somebody else has changed it"),
    "body-too-large": Kind(413, "The request is too large"),
    "unsupported-media-type": Kind(415, "The body has to be JSON"),
    "invalid-request": Kind(422, "The request is not as it should be", bad_input=True),
    "invalid-goal": Kind(422, "The goal is not as it should be", bad_input=True),
    "invalid-parameter": Kind(422, "The parameter can't have this value"),
    "idempotency-key-reused": Kind(422, "The idempotency key belongs to another request"),
    "precondition-required": Kind(428, "If-Match is needed"),
    "internal-error": Kind(500, "Something went wrong on the server"),
    "belief-checker-unavailable": Kind(503, "The belief checker is not available"),
    "store-unusable": Kind(503, "The database can't be used", bad_input=True),
    "store-unavailable": Kind(503, "The goals can't be reached"),
    "not-ready": Kind(503, "The server is not ready"),
}  # fmt: skip
"""Kinds by the code of a refusal; a code that is not here is a bad request."""
OTHER = Kind(400, "The request can't be carried out")
LOCAL = {
    "goal-ambiguous": Kind(400, "Several goals are meant", bad_input=True),
    "no-goals-there": Kind(400, "There are no goals", bad_input=True,
        next_step="`{goals} add 'Tidy the test data'` begins; --db FILE or --url URL says where"
        " else they are."),
    "bad-flag": Kind(400, "A flag is not understood", bad_input=True),
}  # fmt: skip
"""Kinds that only the command line itself refuses with."""
