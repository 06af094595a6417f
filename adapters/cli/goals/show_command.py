"""`gdg-runtime goals show`."""

from datetime import UTC, datetime

import click

from ....goals.answers import GoalAnswer
from .finding import find_goal
from .goal_argument import goal_argument
from .place import Place, place_options
from .session import session
from .telling import tell_json


@click.command("show")
@goal_argument
@place_options
def command(goal: str, place: Place) -> None:
    """Show GOAL with all that is known about it."""
    with session(place) as goals:
        found = find_goal(goals, goal)
    if place.as_json:
        tell_json(GoalAnswer(goal=found))
        return
    from .goal_page import print_goal

    print_goal(found, datetime.now(UTC))
