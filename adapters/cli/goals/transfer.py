"""`export` and `import`: goals as JSON lines, a goal a line."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, TextIO

import click
from pydantic import ValidationError

from ....goals.commands import ImportGoals, ListGoals
from ....goals.model import Goal, GoalState, check_fit
from ....goals.schemas import Imported
from ..errors import CliError
from .output import Progress, say
from .refusals import EXIT_BAD_INPUT, validation_errors
from .session import Session, Target, all_goals, session, target_options

_MOST_TOLD = 10
_MOST_GOALS, _MOST_BYTES = 200, 256 * 1024
"""Limits of one command: a server takes no larger ones."""


class GoalLine(NamedTuple):
    """A goal as it was written: a file may hold more of them than fit into memory as objects."""

    text: bytes

    def goal(self) -> Goal:
        return Goal.model_validate_json(self.text)


def goal_line(goal: Goal) -> str:
    """Write a goal on one line."""
    return json.dumps(goal.model_dump(mode="json"))


def read_goals(file: IO[bytes]) -> list[GoalLine]:
    """Read all goals of a file, each checked. Raises CliError with all errors."""
    whole = file.read().removeprefix(b"\xef\xbb\xbf")
    numbered = [(number, line) for number, line in enumerate(whole.split(b"\n"), 1) if line.strip()]
    if numbered and not _is_json(numbered[0][1]) and _is_json(whole):
        numbered = [(1, whole)]
    goals, wrong = [], []
    for number, line in numbered:
        try:
            texts = [json.dumps(entry).encode() for entry in _entries(line)]
        except ValueError as error:
            wrong.append(f"line {number}: this is no JSON ({error})")
            continue
        try:
            for text in texts:
                _check(Goal.model_validate_json(text))
        except ValidationError as error:
            wrong += [
                f"line {number}: {words}" for words in validation_errors(error, {}).split("\n")
            ]
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
        goals += [GoalLine(text) for text in texts]
    if wrong:
        more = len(wrong) - _MOST_TOLD
        listed = "\n".join(wrong[:_MOST_TOLD]) + (f"\n… and {more:,} more" if more > 0 else "")
        raise CliError(f"nothing was imported:\n{listed}", EXIT_BAD_INPUT)
    return goals


def _check(goal: Goal) -> None:
    check_fit(goal.horizon_min_min, goal.horizon_max_min, goal.aligns_with, goal.contradicts)


def _entries(line: bytes) -> list[Any]:
    """Find the goals in a piece of JSON: a goal, a list of goals, or a list under `goals`."""
    value = json.loads(line)
    if isinstance(value, dict) and isinstance(value.get("goals"), list):
        value = value["goals"]
    return value if isinstance(value, list) else [value]


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=Path("-"))
@click.option(
    "--state", "states", type=click.Choice([str(state) for state in GoalState]), multiple=True,
    help="Only goals in this state; can be given several times.",
)  # fmt: skip
@click.option("--owner", help="Only goals of this owner.")
@click.option("--deleted", is_flag=True, help="Deleted goals too.")
@target_options
def export(
    file: Path, states: tuple[str, ...], owner: str | None, deleted: bool, target: Target
) -> None:
    """Write the goals to FILE, a goal a line, the newest first; - or nothing is the output.

    Beliefs, weights and the ledger stay; a copy of the database file has all. With --json, the
    output is one document: {"goals": [...]}.
    """
    with session(target) as goals, Progress("exported") as progress:
        asked = ListGoals(
            states=tuple(GoalState(state) for state in states), owner=owner, include_deleted=deleted
        )
        found = progress.through(all_goals(goals, asked))
        if str(file) == "-":
            _print(found, target.as_json)
            return
        count = _write(found, file)
    if target.as_json:
        click.echo(json.dumps({"file": str(file), "goals": count}))
    else:
        say(f"Wrote {_counted(count)}: {file}")


def _print(goals: Iterator[Goal], as_json: bool) -> None:
    if not as_json:
        for goal in goals:
            click.echo(goal_line(goal))
        return
    click.echo('{"goals": [', nl=False)
    for number, goal in enumerate(goals):
        click.echo(f"{', ' if number else ''}{goal_line(goal)}", nl=False)
    click.echo("]}")


def _write(goals: Iterator[Goal], file: Path) -> int:
    """Write the file as a whole, or leave what is there. Returns the number of goals."""
    target = file.resolve()
    if target.exists() and not target.is_file():
        # A pipe or a device is written to: a rename would put a file in its target.
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


def _put(goals: Iterator[Goal], out: TextIO) -> int:
    count = 0
    for goal in goals:
        out.write(f"{goal_line(goal)}\n")
        count += 1
    return count


@click.command("import")
@click.argument("file", type=click.File("rb"))
@target_options
def import_goals(file: IO[bytes], target: Target) -> None:
    """Take over the goals of FILE, as `export` writes them; - is the standard input.

    Each line is a goal; one JSON document with a goal, or a list of goals, will do too. Ids and
    states stay. A goal whose id is known is left alone, so that an import may be repeated. Nothing
    is taken over if a line can't be understood.
    """
    lines = read_goals(file)
    created = known = 0
    blocked: list[str] = []
    with session(target, creates=True) as goals, Progress("imported", len(lines)) as progress:
        for batch in _batches(lines):
            done = _import(goals, batch)
            created += done.created
            known += done.known
            blocked += done.blocked
            progress.advance(len(batch))
    if target.as_json:
        click.echo(json.dumps({"created": created, "known": known, "blocked": blocked}))
        return
    say(
        f"Imported {_counted(created)} into {target}"
        + (f"; known already: {known:,}" if known else "")
    )
    for goal_id in blocked:
        say(f"Note: a belief stands against {goal_id}, its deadline has passed, or it needs "
            "approval: it came in as proposed.", err=True)  # fmt: skip


def _import(goals: Session, batch: list[GoalLine]) -> Imported:
    return goals.ask(ImportGoals(goals=tuple(line.goal() for line in batch)))


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


def _counted(count: int) -> str:
    return f"{count:,} goal{'' if count == 1 else 's'}"
