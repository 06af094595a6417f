"""`gdg-runtime goals`: its commands stand in `goals`, and are imported when they are called."""

from importlib import import_module

import click

from ..goals.table import VERBS
from .lazy_group import LazyGroup

_COMMANDS = {
    "add": ("changes", "add", "Propose a goal."),
    "list": ("views", "list_goals",
             "List goals by priority, with what blocks them; or the newest first."),
    "show": ("views", "show", "Show one goal."),
    "explain": ("views", "explain",
                "Say why a goal stands where it stands: its score, term by term."),
    "edit": ("changes", "edit", "Change a goal."),
    "next": ("views", "next_task", "Show what would be executed next, or take it."),
    "complete": ("changes", "complete", "Tell how a goal's execution ended."),
    "history": ("views", "history", "Show what happened, from the ledger."),
    "belief": ("beliefs", "belief", "Beliefs that goals serve or contradict: add, list, set."),
    "weights": ("beliefs", "weights", "Show the weights of the ranking, or set one."),
    "rollout": ("views", "rollout",
                "Show how goals have done so far: keep them on, or roll back."),
    "import": ("transfer", "import_goals", "Take goals over from a file of JSON lines."),
    "export": ("transfer", "export", "Write goals as JSON lines."),
}  # fmt: skip
"""Module, function and one line of help of the commands with code of their own."""
_FIRST = ("add", "list", "show", "explain", "edit", "approve", "adopt", "abandon", "delete",
          "next", "complete", "release")  # fmt: skip


def _helps() -> dict[str, str]:
    """All commands with their one line of help, in the order of the list."""
    known = {name: words for name, (_, _, words) in _COMMANDS.items()}
    known |= {name: row.verb.short for name, row in VERBS.items() if row.verb is not None}
    return {name: known[name] for name in (*_FIRST, *known)}


class GoalsGroup(LazyGroup):
    """Finds the commands in the modules of `goals`, and makes those that are verbs of the table."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self._known:
            return None
        module, function, _ = _COMMANDS.get(name, ("changes", "", ""))
        found = import_module(f"{self._package}.{module}")
        command: click.Command = getattr(found, function) if function else found.verb_command(name)
        return command


@click.group(
    "goals",
    cls=GoalsGroup,
    commands_by_name=_helps(),
    package=f"{__package__}.goals",
    epilog="A goal is named by its id, or by the beginning or end of it if no other goal has the "
    "same. Exit codes: 0 done, 1 refused (blocked, in conflict) or out of reach, 2 bad input, "
    "130 stopped by the user.",
)
def command() -> None:
    """Goals in a database file (--db), or those of a server (--url): propose, rank, adopt, execute.

    Begin with: gdg-runtime goals add "Tidy the test data"
    """
