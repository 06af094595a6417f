"""`gdg-runtime goals delete`."""

import click

from ....goals.answers import GoalAnswer
from ....goals.commands import DeleteGoal
from .finding import find_goal
from .goal_argument import goal_argument
from .place import Place, place_options
from .session import session
from .telling import tell_goal, tell_json


@click.command("delete")
@goal_argument
@place_options
def command(goal: str, place: Place) -> None:
    """Delete GOAL: it is neither ranked, shown nor executed any more.

    It stays in the database and in the ledger; `list --by-date --deleted` shows it.
    """
    with session(place, changes=True) as goals:
        found = find_goal(goals, goal)
        answer = goals.ask(DeleteGoal(goal_id=found.id), GoalAnswer)
    if place.as_json:
        tell_json(answer)
    else:
        tell_goal("Deleted", answer)
