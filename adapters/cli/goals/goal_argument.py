"""The argument that names a goal."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from .place import DEFAULT_FILE, Place

_MOST = 50


def complete_goal(context: click.Context, _: click.Parameter, text: str) -> list[CompletionItem]:
    """The newest goals of a file whose ids begin so."""
    from ....goals.commands import GoalPage, ListGoals
    from .moments import one_line
    from .session import session

    file = Path(context.params.get("db") or DEFAULT_FILE)
    if not file.exists():
        return []
    with session(Place(file, None, False)) as goals:
        newest = goals.ask(ListGoals(limit=_MOST), GoalPage).items
    return [
        CompletionItem(goal.id, help=one_line(goal.text, 60))
        for goal in newest
        if goal.id.startswith(text)
    ]


goal_argument = click.argument("goal", shell_complete=complete_goal)
