"""The goals that a command line is about: those in a file or those of a server; asking them, and
finding one by a part of its id."""

import getpass
import json
import os
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from shlex import quote
from typing import Any, Protocol, TypeVar, cast

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem
from pydantic import ValidationError

from ....goals.commands import Asks, Command, ListGoals, ReadGoal
from ....goals.errors import GoalError
from ....goals.fields import GOAL_ID
from ....goals.identity import Caller, Trace
from ....goals.model import Goal
from ....goals.schemas import Answer, Refused
from ..errors import CliError, reported
from ..options import json_option
from .output import Progress, one_line
from .refusals import (
    EXIT_BAD_INPUT,
    EXIT_REFUSED,
    exit_code,
    next_step,
    reason,
    validation_errors,
)

DEFAULT_FILE = Path("goals.db")
A = TypeVar("A", bound=Answer)
_MADE_HERE = re.compile(r"goal_[0-9a-z]{26}")
_NO_IDS = ("prioritized", "next", "import")
"""Words that a server's addresses have in the place of an id."""
_ENDING = 8
_MOST_SHOWN = 10
_PAGE = 200
_COMPLETED = 50


@dataclass(frozen=True)
class Target:
    """The goals that are meant, and how answers are printed."""

    file: Path | None
    url: str | None
    as_json: bool
    was_typed: bool = True
    """Rather than found in the environment, where the next command line finds it too."""

    def __str__(self) -> str:
        return str(self.file if self.url is None else self.url)

    @property
    def options(self) -> str:
        """The options that name this target in another command line."""
        if not self.was_typed:
            return ""
        return (
            f" --url {quote(self.url)}"
            if self.url is not None
            else f" --db {quote(str(self.file))}"
        )


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --db, --url and --json; the command gets them as one argument, `target`."""

    @wraps(command)
    @click.pass_context
    def placed(
        context: click.Context, /, *args: Any, db: Path, url: str | None, as_json: bool,
        **others: Any,
    ) -> Any:  # fmt: skip
        target = _place(context, db, url, as_json)
        return command(*args, target=target, **others)

    for option in (
        json_option,
        click.option(
            "--url", envvar="GDG_GOALS_URL", metavar="URL",
            help="A server's address, such as http://127.0.0.1:8000, in place of a file; "
            "GDG_TOKEN holds its token. [env: GDG_GOALS_URL]",
        ),
        click.option(
            "--db", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
            envvar="GDG_GOALS_DB", default=DEFAULT_FILE, show_default=True,
            help="The database file with the goals. [env: GDG_GOALS_DB]",
        ),
    ):  # fmt: skip
        placed = option(placed)
    return placed


def _place(context: click.Context, db: Path, url: str | None, as_json: bool) -> Target:
    """Return the target that was named; the command line goes before the environment."""
    of_db, of_url = (context.get_parameter_source(name) for name in ("db", "url"))
    typed = ParameterSource.COMMANDLINE
    if url is not None and of_db is of_url:
        names = "--db and --url" if of_db is typed else "GDG_GOALS_DB and GDG_GOALS_URL"
        raise click.UsageError(
            f"{names} are both given: goals are either in a file or at a server.", context
        )
    if url is None or of_db is typed:
        return Target(db, None, as_json, of_db is typed)
    return Target(None, url, as_json, of_url is typed)


class Goals(Protocol):
    """Whatever carries out commands."""

    def ask(self, command: Command) -> Answer:
        """Return the command's answer, or Refused."""

    def close(self) -> None:
        """Let go of it."""


class WasRefused(Exception):
    """A command was answered with a refusal."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        super().__init__(refused.detail)


class Session:
    """The goals that the user means, for one command line."""

    def __init__(self, goals: Goals, target: Target) -> None:
        self._goals = goals
        self.target = target
        self.caller = Caller(actor=_user(), trace=Trace.begin(secrets.randbits))

    def ask(self, command: Asks[A]) -> A:
        """Return the command's answer. Raises WasRefused."""
        assert isinstance(command, Command)
        answer = self._goals.ask(command.model_copy(update={"caller": self.caller}))
        if isinstance(answer, Refused):
            raise WasRefused(answer)
        return cast("A", answer)


@contextmanager
def session(
    target: Target, *, changes: bool = False, creates: bool = False, selects: bool = False
) -> Iterator[Session]:
    """Open the goals at a target; errors become messages with an exit code.

    `changes`: what is there is changed, and not only read. `creates`: that, and a file that is not
    there is made. `selects`: goals may be taken, as the flags in the environment allow (a server
    has flags of its own).
    """
    with reported(), _told(target):
        goals = _opened(target, changes or selects, creates, selects)
        try:
            yield Session(goals, target)
        finally:
            goals.close()


def _opened(target: Target, changes: bool, creates: bool, selects: bool) -> Goals:
    if target.url is not None:
        from ...goals.client import GoalsClient

        return GoalsClient(target.url, token=os.environ.get("GDG_TOKEN"))
    assert target.file is not None
    if not creates and _is_missing(target.file):
        detail = f"there are no goals at {target.file}"
        raise WasRefused(Refused(code="no-goals-there", detail=detail))
    from ....goals.policy import GoalFlags
    from ...goals.file import open_goals

    flags = GoalFlags.from_environment(os.environ) if selects else None
    return open_goals(target.file, flags=flags, read_only=not (changes or creates))


def _is_missing(file: Path) -> bool:
    try:
        return file.stat().st_size == 0
    except FileNotFoundError:
        return True


@contextmanager
def _told(target: Target) -> Iterator[None]:
    """Turn what goes wrong with goals into messages."""
    try:
        yield
    except WasRefused as error:
        raise _refusal(error.refused, target) from None
    except GoalError as error:
        refused = Refused(code=error.code, detail=error.detail, facts=error.facts)
        raise _refusal(refused, target) from None
    except ValidationError as error:
        raise CliError(validation_errors(error), EXIT_BAD_INPUT) from None
    except sqlite3.Error as error:
        raise CliError(f"the goals in {target} can't be used: {error}", EXIT_REFUSED) from None


def _refusal(refused: Refused, target: Target) -> CliError:
    if target.as_json:
        click.echo(json.dumps({"refused": refused.model_dump(mode="json", exclude={"replayed"})}))
    text = reason(refused)
    hint = next_step(refused, target.options)
    return CliError(f"{text}\n{hint}" if hint else text, exit_code(refused))


def _user() -> str:
    """Return the name of the user, as the ledger shows it."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


def short_id(goal_id: str) -> str:
    """Shorten an id to its end, which can be typed in its place."""
    return goal_id[-_ENDING:] if _MADE_HERE.fullmatch(goal_id) else goal_id


def find_goal(goals: Session, text: str) -> Goal:
    """Find the goal that a user means. Raises WasRefused if it is none or several."""
    if re.fullmatch(GOAL_ID, text) and text not in _NO_IDS:
        try:
            return goals.ask(ReadGoal(goal_id=text)).goal
        except WasRefused as error:
            if error.refused.code != "goal-not-found":
                raise
    with Progress("looked at") as progress:
        found = [goal for goal in progress.through(all_goals(goals)) if _is_part(text, goal.id)]
    if len(found) == 1:
        return found[0]
    if found:
        raise WasRefused(Refused(code="goal-ambiguous", detail=_ambiguous(text, found)))
    detail = f"no goal has the id {text!r}, nor one that begins or ends so"
    raise WasRefused(Refused(code="goal-not-found", detail=detail))


def all_goals(goals: Session, asked: ListGoals | None = None) -> Iterator[Goal]:
    """Yield all goals that `asked` selects, page by page, the newest first."""
    asked = (asked or ListGoals()).model_copy(update={"limit": _PAGE})
    while True:
        page = goals.ask(asked)
        yield from page.items
        if page.next_cursor is None:
            return
        asked = asked.model_copy(update={"cursor": page.next_cursor})


def _is_part(text: str, goal_id: str) -> bool:
    return bool(text) and (goal_id.endswith(text) or goal_id.startswith((text, f"goal_{text}")))


def _ambiguous(text: str, found: list[Goal]) -> str:
    lines = [f"\n  {goal.id}  {one_line(goal.text, 50)}" for goal in found[:_MOST_SHOWN]]
    if len(found) > _MOST_SHOWN:
        lines.append(f"\n  … and {len(found) - _MOST_SHOWN} more")
    return (
        f"{text!r} begins or ends the ids of {len(found)} goals; give more of it:{''.join(lines)}"
    )


def complete_goal(context: click.Context, _: click.Parameter, text: str) -> list[CompletionItem]:
    """Find the newest goals of a file whose ids begin so."""

    file = Path(context.params.get("db") or DEFAULT_FILE)
    if not file.exists():
        return []
    newest: tuple[Goal, ...] = ()
    # Nobody wants to read what is wrong with the file while typing.
    with suppress(click.ClickException), session(Target(file, None, False)) as goals:
        newest = goals.ask(ListGoals(limit=_COMPLETED)).items
    return [
        CompletionItem(goal.id, help=one_line(goal.text, 60))
        for goal in newest
        if goal.id.startswith(text)
    ]


goal_argument = click.argument("goal", shell_complete=complete_goal)
