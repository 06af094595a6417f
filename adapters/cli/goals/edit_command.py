"""`gdg-runtime goals edit`."""

from typing import Any

import click

from ....goals.answers import GoalAnswer
from ....goals.commands import EditGoal
from ....goals.schemas import GoalPatch
from .fields import given, goal_options
from .finding import find_goal
from .goal_argument import goal_argument
from .mistakes import filled
from .place import Place, place_options
from .session import session
from .telling import tell_goal, tell_json


@click.command("edit")
@goal_argument
@click.option("--text", help="What is to be done.")
@goal_options
@click.option(
    "--if-version", type=click.IntRange(1), metavar="N",
    help="Only if it is still at this version; else nothing is changed.",
)  # fmt: skip
@place_options
def command(goal: str, text: str | None, if_version: int | None, place: Place, **options: Any
) -> None:  # fmt: skip
    """Change GOAL: what is not given stays.

    `none` clears a time, and a metric (NAME=none); "" clears the owner, and a list of beliefs or
    goals. An adopted goal is vetted again if its text or beliefs change.
    """
    fields = given(options)
    if text is not None:
        fields["text"] = text
    if not fields:
        raise click.UsageError("There is nothing to change: give an option such as --value 0.8.")
    patch = filled(GoalPatch, fields)
    with session(place, changes=True) as goals:
        if patch.depends_on:
            needed = [find_goal(goals, part).id for part in patch.depends_on]
            patch = filled(GoalPatch, {**fields, "depends_on": needed})
        found = find_goal(goals, goal)
        answer = goals.ask(
            EditGoal(goal_id=found.id, patch=patch, expected_version=if_version), GoalAnswer
        )
    if place.as_json:
        tell_json(answer)
    elif answer.goal.version == found.version:
        tell_goal("Nothing to do, it is so already:", answer)
    else:
        tell_goal("Changed", answer)
