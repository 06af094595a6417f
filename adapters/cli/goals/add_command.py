"""`gdg-runtime goals add`."""

from typing import Any

import click

from ....goals.answers import GoalAnswer
from ....goals.commands import AdoptGoal, CreateGoal
from ....goals.schemas import GoalDraft
from .fields import given, goal_options
from .finding import find_goal
from .mistakes import filled
from .place import Place, place_options
from .session import session
from .telling import tell_goal, tell_json


@click.command("add")
@click.argument("text")
@goal_options
@click.option("--adopt", is_flag=True, help="Adopt it at once, if no belief stands against it.")
@place_options
def command(text: str, adopt: bool, place: Place, **options: Any) -> None:
    """Propose a goal: TEXT says what is to be done.

    What is not said is in the middle: value, effort and risk are 0.5. A goal that is typed is
    user_requested unless another category is named.
    """
    fields = {"category": "user_requested", **given(options), "text": text}
    draft = filled(GoalDraft, fields)
    with session(place, creates=True) as goals:
        needed = tuple(find_goal(goals, part).id for part in draft.depends_on)
        draft = draft.model_copy(update={"depends_on": needed})
        answer = goals.ask(CreateGoal(draft=draft), GoalAnswer)
        if adopt:
            proposed = answer.goal.id
            if not place.as_json:
                click.echo(f"Proposed {proposed}.")
            answer = goals.ask(AdoptGoal(goal_id=proposed), GoalAnswer)
    if place.as_json:
        tell_json(answer)
        return
    tell_goal("Adopted" if adopt else "Proposed", answer)
    if not adopt:
        goal_id = answer.goal.id
        first = "approve" if answer.goal.requires_approval else "adopt"
        click.echo(f"{first.capitalize()} it with: gdg-runtime goals {first} {goal_id}"
                   f"{place.options}")  # fmt: skip
