"""`gdg-runtime goals import`."""

import json
from collections.abc import Iterator
from typing import IO

import click

from ....goals.answers import Imported
from ....goals.commands import ImportGoals
from .goal_lines import GoalLine, read_goals
from .place import Place, place_options
from .progress import Progress
from .session import Session, session
from .telling import say

_MOST_GOALS, _MOST_BYTES = 200, 256 * 1024
"""Of one command: a server takes no larger ones."""


@click.command("import")
@click.argument("file", type=click.File("rb"))
@place_options
def command(file: IO[bytes], place: Place) -> None:
    """Take over the goals of FILE, as `export` writes them; - is the standard input.

    Each line is a goal; one JSON document with a goal, or a list of goals, will do too. Ids and
    states stay. A goal whose id is known is left alone, so that an import may be repeated. Nothing
    is taken over if a line can't be understood.
    """
    lines = read_goals(file)
    created = known = 0
    blocked: list[str] = []
    with session(place, creates=True) as goals, Progress("imported", len(lines)) as progress:
        for batch in _batches(lines):
            done = _import(goals, batch)
            created += done.created
            known += done.known
            blocked += done.blocked
            progress.advance(len(batch))
    if place.as_json:
        click.echo(json.dumps({"created": created, "known": known, "blocked": blocked}))
        return
    say(
        f"Imported {_goals(created)} into {place}"
        + (f"; known already: {known:,}" if known else "")
    )
    for goal_id in blocked:
        say(f"Note: a belief stands against {goal_id}, its deadline has passed, or it needs "
            "approval: it came in as proposed.", err=True)  # fmt: skip


def _import(goals: Session, batch: list[GoalLine]) -> Imported:
    return goals.ask(ImportGoals(goals=tuple(line.goal() for line in batch)), Imported)


def _batches(lines: list[GoalLine]) -> Iterator[list[GoalLine]]:
    batch: list[GoalLine] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == _MOST_GOALS or size + len(line.text) > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line.text)
    if batch:
        yield batch


def _goals(count: int) -> str:
    return f"{count:,} goal{'' if count == 1 else 's'}"
