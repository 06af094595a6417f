"""`gdg-runtime goals export`."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from ....goals.commands import ListGoals
from ....goals.model import GoalState
from ....goals.schemas import GoalView
from .finding import all_goals
from .goal_lines import goal_line
from .place import Place, place_options
from .progress import Progress
from .session import session
from .telling import say


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=Path("-"))
@click.option(
    "--state", "states", type=click.Choice([str(state) for state in GoalState]), multiple=True,
    help="Only goals in this state; can be given several times.",
)  # fmt: skip
@click.option("--owner", help="Only goals of this owner.")
@click.option("--deleted", is_flag=True, help="Deleted goals too.")
@place_options
def command(
    file: Path, states: tuple[str, ...], owner: str | None, deleted: bool, place: Place
) -> None:
    """Write the goals to FILE, a goal a line, the newest first; - or nothing is the output.

    Beliefs, weights and the ledger stay; a copy of the database file has all. With --json, the
    output is one document: {"goals": [...]}.
    """
    with session(place) as goals, Progress("exported") as progress:
        asked = ListGoals(
            states=tuple(GoalState(state) for state in states), owner=owner, include_deleted=deleted
        )
        found = progress.through(all_goals(goals, asked))
        if str(file) == "-":
            _print(found, place.as_json)
            return
        count = _write(found, file)
    if place.as_json:
        click.echo(json.dumps({"file": str(file), "goals": count}))
    else:
        say(f"Wrote {count:,} goal{'' if count == 1 else 's'}: {file}")


def _print(goals: Iterator[GoalView], as_json: bool) -> None:
    if not as_json:
        for goal in goals:
            click.echo(goal_line(goal))
        return
    click.echo('{"goals": [', nl=False)
    for place, goal in enumerate(goals):
        click.echo(f"{', ' if place else ''}{goal_line(goal)}", nl=False)
    click.echo("]}")


def _write(goals: Iterator[GoalView], file: Path) -> int:
    """Write the file as a whole, or leave what is there. Returns the number of goals."""
    target = file.resolve()
    if target.exists() and not target.is_file():
        # A pipe or a device is written to: a rename would put a file in its place.
        with target.open("w", encoding="utf-8", newline="\n") as out:
            return _put(goals, out)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as out:
            count = _put(goals, out)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return count


def _put(goals: Iterator[GoalView], out: TextIO) -> int:
    count = 0
    for goal in goals:
        out.write(f"{goal_line(goal)}\n")
        count += 1
    return count
