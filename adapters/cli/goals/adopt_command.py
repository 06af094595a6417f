"""`gdg-runtime goals adopt`."""

import click

from ....goals.answers import GoalAnswer
from ....goals.commands import AdoptGoal
from .finding import find_goal
from .goal_argument import goal_argument
from .place import Place, place_options
from .session import session
from .telling import tell_goal, tell_json


@click.command("adopt")
@goal_argument
@place_options
def command(goal: str, place: Place) -> None:
    """Vet GOAL against the beliefs and adopt it, so that it may be selected for execution."""
    with session(place, changes=True) as goals:
        found = find_goal(goals, goal)
        answer = goals.ask(AdoptGoal(goal_id=found.id), GoalAnswer)
    if place.as_json:
        tell_json(answer)
    elif answer.goal.version == found.version:
        tell_goal(f"Nothing to do, it is {answer.goal.state} already:", answer)
    else:
        tell_goal("Adopted", answer)
