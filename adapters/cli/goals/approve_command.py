"""`gdg-runtime goals approve`."""

import click

from ....goals.answers import GoalAnswer
from ....goals.commands import ApproveGoal
from .finding import find_goal
from .goal_argument import goal_argument
from .place import Place, place_options
from .session import session
from .telling import say, tell_goal, tell_json


@click.command("approve")
@goal_argument
@place_options
def command(goal: str, place: Place) -> None:
    """Approve GOAL. The ledger says who did."""
    with session(place, changes=True) as goals:
        answer = goals.ask(ApproveGoal(goal_id=find_goal(goals, goal).id), GoalAnswer)
    if place.as_json:
        tell_json(answer)
        return
    tell_goal("Approved", answer)
    if answer.goal.state == "proposed":
        say(f"Adopt it with: gdg-runtime goals adopt {answer.goal.id}{place.options}")
