"""`export` and `import`: goals as JSON lines, a goal a line."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click
from pydantic import ValidationError

from ....goals.commands import ImportGoals, ListGoals
from ....goals.model import Goal, GoalState, check_fit
from ..errors import CliError
from ..tables import counted
from .output import Progress, say
from .session import EXIT_BAD_INPUT, Session, goal_command, state_option, validation_errors

_MOST_TOLD = 10
_MOST_GOALS, _MOST_BYTES = 200, 256 * 1024
"""Limits of one command: a server takes no larger ones."""


def goal_line(goal: Goal) -> str:
    """Write a goal on one line."""
    return json.dumps(goal.model_dump(mode="json"))


def read_goals(file: IO[bytes]) -> list[bytes]:
    """Read all goals of a file, each checked, and return them as they were written: a file may hold
    more of them than fit into memory as objects. Raises CliError with all errors."""
    whole = file.read().removeprefix(b"\xef\xbb\xbf")
    numbered = [(number, line) for number, line in enumerate(whole.split(b"\n"), 1) if line.strip()]
    if numbered and not _is_json(numbered[0][1]) and _is_json(whole):
        numbered = [(1, whole)]
    goals: list[bytes] = []
    wrong: list[str] = []
    for number, line in numbered:
        try:
            texts = [json.dumps(entry).encode() for entry in _entries(line)]
        except ValueError as error:
            wrong.append(f"line {number}: this is no JSON ({error})")
            continue
        try:
            for text in texts:
                goal = Goal.model_validate_json(text)
                times = (goal.horizon_min_min, goal.horizon_max_min)
                check_fit(*times, goal.aligns_with, goal.contradicts)
        except ValidationError as error:
            mistakes = validation_errors(error, {}).split("\n")
            wrong += [f"line {number}: {words}" for words in mistakes]
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
        goals += texts
    if wrong:
        more = len(wrong) - _MOST_TOLD
        listed = "\n".join(wrong[:_MOST_TOLD]) + (f"\n… and {more:,} more" if more > 0 else "")
        raise CliError(f"nothing was imported:\n{listed}", EXIT_BAD_INPUT)
    return goals


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


@goal_command(
    "export",
    click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=Path("-")),
    state_option(),
    click.option("--owner", help="Only goals of this owner."),
    click.option("--deleted", is_flag=True, help="Deleted goals too."),
)
def export(
    goals: Session, file: Path, states: tuple[GoalState, ...], owner: str | None, deleted: bool
) -> None:
    """Write the goals to FILE, a goal a line, the newest first; - or nothing is the output.

    Beliefs, weights and the ledger stay; a copy of the database file has all. With --json, the
    output is one document: {"goals": [...]}.
    """
    goals.open()
    with Progress("exported") as progress:
        asked = ListGoals(states=states, owner=owner, include_deleted=deleted)
        found = progress.through(goals.all(asked))
        if str(file) == "-":
            _print(found, goals.as_json)
            return
        _write(found, file)
    goals.end_as_json({"file": str(file), "goals": progress.count})
    say(f"Wrote {counted(progress.count, 'goal')}: {file}")


def _print(goals: Iterator[Goal], as_json: bool) -> None:
    if not as_json:
        for goal in goals:
            click.echo(goal_line(goal))
        return
    click.echo('{"goals": [', nl=False)
    for number, goal in enumerate(goals):
        click.echo(f"{', ' if number else ''}{goal_line(goal)}", nl=False)
    click.echo("]}")


def _write(goals: Iterator[Goal], file: Path) -> None:
    """Write the file as a whole, or leave what is there."""
    target, lines = file.resolve(), (f"{goal_line(goal)}\n" for goal in goals)
    if target.exists() and not target.is_file():
        # A pipe or a device is written to: a rename would put a file in its target.
        with target.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(lines)
        return
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(lines)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@goal_command("import", click.argument("file", type=click.File("rb")), mode="creates")
def import_goals(goals: Session, file: IO[bytes]) -> None:
    """Take over the goals of FILE, as `export` writes them; - is the standard input.

    Each line is a goal; one JSON document with a goal, or a list of goals, will do too. Ids and
    states stay. A goal whose id is known is left alone, so that an import may be repeated. Nothing
    is taken over if a line can't be understood.
    """
    lines = read_goals(file)
    created = known = 0
    blocked: list[str] = []
    goals.open()
    with Progress("imported", len(lines)) as progress:
        for batch in _batches(lines):
            parsed = tuple(map(Goal.model_validate_json, batch))
            done = goals.ask(ImportGoals(goals=parsed))
            created += done.created
            known += done.known
            blocked += done.blocked
            progress.advance(len(batch))
    goals.end_as_json({"created": created, "known": known, "blocked": blocked})
    known_already = f"; known already: {known:,}" if known else ""
    say(f"Imported {counted(created, 'goal')} into {goals}{known_already}")
    for goal_id in blocked:
        say(f"Note: a belief stands against {goal_id}, its deadline has passed, or it needs "
            "approval: it came in as proposed.", err=True)  # fmt: skip


def _batches(lines: list[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == _MOST_GOALS or size + len(line) > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield batch
