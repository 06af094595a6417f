"""The argument that names a goal."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from .place import DEFAULT_FILE, Place

if TYPE_CHECKING:
    from ....goals.schemas import GoalView

_MOST = 50


def complete_goal(context: click.Context, _: click.Parameter, text: str) -> list[CompletionItem]:
    """The newest goals of a file whose ids begin so."""
    from ....goals.answers import GoalPage
    from ....goals.commands import ListGoals
    from .moments import one_line
    from .session import session

    file = Path(context.params.get("db") or DEFAULT_FILE)
    if not file.exists():
        return []
    newest: tuple[GoalView, ...] = ()
    # Nobody wants to read what is wrong with the file while typing.
    with suppress(click.ClickException), session(Place(file, None, False)) as goals:
        newest = goals.ask(ListGoals(limit=_MOST), GoalPage).items
    return [
        CompletionItem(goal.id, help=one_line(goal.text, 60))
        for goal in newest
        if goal.id.startswith(text)
    ]


goal_argument = click.argument("goal", shell_complete=complete_goal)
