"""What is said about one goal after it was changed."""

import json
from typing import Any

import click
from pydantic import BaseModel

from ....goals.answers import GoalAnswer
from ..errors import safe_lines
from .moments import one_line

_LONGEST = 200


def tell_json(answer: BaseModel) -> None:
    """An answer as one JSON document."""
    click.echo(json.dumps(answer.model_dump(mode="json")))


def tell_goal(done: str, answer: GoalAnswer) -> None:
    """What was done, to which goal, and what should be known about it."""
    goal = answer.goal
    say(f"{done} {goal.id}: {one_line(goal.text, _LONGEST)}")
    for warning in answer.warnings:
        say(f"Note: {warning.belief_id}: {warning.detail}", err=True)


def say(text: Any, err: bool = False) -> None:
    """A line that may quote somebody: nothing in it acts on the terminal."""
    click.echo(safe_lines(str(text)), err=err)
