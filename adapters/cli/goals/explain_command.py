"""`gdg-runtime goals explain`."""

import click

from ....goals.answers import Explanation
from ....goals.commands import ExplainGoal
from .finding import find_goal
from .goal_argument import goal_argument
from .place import Place, place_options
from .session import session
from .telling import tell_json


@click.command("explain")
@goal_argument
@place_options
def command(goal: str, place: Place) -> None:
    """Say why GOAL stands where it stands: its score, term by term, and what blocks it."""
    with session(place) as goals:
        explanation = goals.ask(ExplainGoal(goal_id=find_goal(goals, goal).id), Explanation)
    if place.as_json:
        tell_json(explanation)
        return
    from ..tables import console, safe
    from .table import state_text, text_cell

    out, ranked = console(), explanation.ranked
    out.print(f"[bold]{safe(ranked.goal.id)}[/]  {state_text(ranked.goal.state)}", soft_wrap=True)
    out.print(text_cell(ranked.goal.text), soft_wrap=True)
    out.print(f"rank {ranked.rank}", soft_wrap=True)
    for line in explanation.lines:
        out.print(f"  {safe(line)}", soft_wrap=True)
