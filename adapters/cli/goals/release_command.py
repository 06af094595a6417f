"""`gdg-runtime goals release`."""

import click

from ....goals.answers import GoalAnswer
from ....goals.commands import ReleaseGoal
from .finding import find_goal
from .goal_argument import goal_argument
from .place import Place, place_options
from .session import session
from .telling import tell_goal, tell_json


@click.command("release")
@goal_argument
@click.option("--reason", help="Why, for the ledger; at most 500 characters.")
@place_options
def command(goal: str, reason: str | None, place: Place) -> None:
    """Give GOAL, which is executing, back to the adopted ones, neither done nor failed."""
    with session(place, changes=True) as goals:
        found = find_goal(goals, goal)
        answer = goals.ask(ReleaseGoal(goal_id=found.id, reason=reason), GoalAnswer)
    if place.as_json:
        tell_json(answer)
    else:
        tell_goal("Released", answer)
