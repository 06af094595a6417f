"""`gdg-runtime goals history`."""

import click

from ....goals.answers import History
from ....goals.commands import ReadHistory
from .finding import find_goal
from .goal_argument import complete_goal
from .place import Place, place_options
from .session import session
from .telling import say, tell_json


@click.command("history")
@click.argument("goal", required=False, shell_complete=complete_goal)
@click.option(
    "--after", type=click.IntRange(0), default=0, metavar="SEQ",
    help="Only events with a higher number.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Most rows.",
)  # fmt: skip
@place_options
def command(goal: str | None, after: int, limit: int, place: Place) -> None:
    """Show what happened to GOAL, or to all goals, the oldest first, from the ledger."""
    with session(place) as goals:
        goal_id = None if goal is None else find_goal(goals, goal).id
        asked = ReadHistory(goal_id=goal_id, after=after, limit=limit)
        history = goals.ask(asked, History)
    if place.as_json:
        tell_json(history)
        return
    if not history.items:
        say("Nothing happened after that." if after else f"Nothing has happened in {place}.")
        return
    from ..tables import console
    from .table import events_table

    title = f"History of {goal_id or place}"
    console().print(events_table(title, history.items, of_one_goal=goal_id is not None))
    if history.next_after is not None:
        say(f"There is more: --after {history.next_after}")
