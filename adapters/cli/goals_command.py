"""`gdg-runtime goals`: one file per command in `goals`, each imported when it is called."""

import click

from .lazy_group import LazyGroup

_COMMANDS = {
    "add": "Propose a goal.",
    "list": "List goals by priority, with what blocks them; or the newest first.",
    "show": "Show one goal.",
    "explain": "Say why a goal stands where it stands: its score, term by term.",
    "edit": "Change a goal.",
    "approve": "Approve a goal that needs it before it can be adopted.",
    "adopt": "Vet a goal against the beliefs and adopt it.",
    "abandon": "Give a goal up.",
    "delete": "Delete a goal.",
    "next": "Show what would be executed next, or take it.",
    "complete": "Tell how a goal's execution ended.",
    "release": "Give an executing goal back, unfinished.",
    "history": "Show what happened, from the ledger.",
    "belief": "Beliefs that goals serve or contradict: add, list, set.",
    "weights": "Show the weights of the ranking, or set one.",
    "rollout": "Show how goals have done so far: keep them on, or roll back.",
    "import": "Take goals over from a file of JSON lines.",
    "export": "Write goals as JSON lines.",
}


@click.group(
    "goals",
    cls=LazyGroup,
    commands_by_name=_COMMANDS,
    package=f"{__package__}.goals",
    epilog="A goal is named by its id, or by the beginning or end of it if no other goal has the "
    "same. Exit codes: 0 done, 1 refused (blocked, in conflict) or out of reach, 2 bad input, "
    "130 stopped by the user.",
)
def command() -> None:
    """Goals in a database file (--db), or those of a server (--url): propose, rank, adopt, execute.

    Begin with: gdg-runtime goals add "Tidy the test data"
    """
