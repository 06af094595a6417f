"""`gdg-runtime goals abandon`."""

import click

from ....goals.answers import GoalAnswer
from ....goals.commands import AbandonGoal
from .finding import find_goal
from .goal_argument import goal_argument
from .place import Place, place_options
from .session import session
from .telling import tell_goal, tell_json


@click.command("abandon")
@goal_argument
@click.option("--reason", help="Why, for the ledger; at most 500 characters.")
@place_options
def command(goal: str, reason: str | None, place: Place) -> None:
    """Give GOAL up for good. It stays to be seen; `delete` takes it out of sight."""
    with session(place, changes=True) as goals:
        found = find_goal(goals, goal)
        answer = goals.ask(AbandonGoal(goal_id=found.id, reason=reason), GoalAnswer)
    if place.as_json:
        tell_json(answer)
    elif answer.goal.version == found.version:
        tell_goal("Nothing to do, it was abandoned before:", answer)
    else:
        tell_goal("Abandoned", answer)
