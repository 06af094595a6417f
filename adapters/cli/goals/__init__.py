"""`gdg-runtime goals`: the commands, and what they share.

changes   add, edit, complete, and the verbs of the table (approve, adopt, abandon, delete, release)
views     list, show, explain, next, history, rollout
beliefs   belief add, list, set; weights
transfer  import, export
session   the goals that are meant, a file's or a server's, and the commands that ask them; refusals
output    sentences, moments, tables and progress

The commands are imported when they are called.
"""

import click

from ...goals.table import VERBS
from .. import LazyGroup

_COMMANDS = {
    "add": ("changes:add", "Propose a goal."),
    "list": ("views:list_goals",
             "List goals by priority, with what blocks them; or the newest first."),
    "show": ("views:show", "Show one goal."),
    "explain": ("views:explain",
                "Say why a goal stands where it stands: its score, term by term."),
    "edit": ("changes:edit", "Change a goal."),
    "next": ("views:next_task", "Show what would be executed next, or take it."),
    "complete": ("changes:complete", "Tell how a goal's execution ended."),
    "history": ("views:history", "Show what happened, from the ledger."),
    "belief": ("beliefs:belief", "Beliefs that goals serve or contradict: add, list, set."),
    "weights": ("beliefs:weights", "Show the weights of the ranking, or set one."),
    "rollout": ("views:rollout",
                "Show how goals have done so far: keep them on, or roll back."),
    "import": ("transfer:import_goals", "Take goals over from a file of JSON lines."),
    "export": ("transfer:export", "Write goals as JSON lines."),
}  # fmt: skip
"""The commands with code of their own."""
_FIRST = ("add", "list", "show", "explain", "edit", "approve", "adopt", "abandon", "delete",
          "next", "complete", "release")  # fmt: skip


def _commands() -> dict[str, tuple[str, str]]:
    """List all commands, the verbs of the table among them, in the order of the help."""
    known = dict(_COMMANDS)
    known |= {name: ("changes", row.verb.short) for name, row in VERBS.items() if row.verb}
    return {name: known[name] for name in (*_FIRST, *known)}


class GoalsGroup(LazyGroup):
    """A group that makes the commands that are verbs of the table of goal commands."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS or name in _COMMANDS:
            return super().get_command(ctx, name)
        from .changes import verb_command  # its options are no cost of --help

        return verb_command(name)


@click.group(
    "goals",
    cls=GoalsGroup,
    commands_by_name=_commands(),
    package=__name__,
    epilog="A goal is named by its id, or by the beginning or end of it if no other goal has the "
    "same. Exit codes: 0 done, 1 refused (blocked, in conflict) or out of reach, 2 bad input, "
    "130 stopped by the user.",
)
def goals() -> None:
    """Goals in a database file (--db), or those of a server (--url): propose, rank, adopt, execute.

    Begin with: gdg-runtime goals add "Tidy the test data"
    """
