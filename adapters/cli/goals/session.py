"""Asking the goals that were named, and telling the user what can't be done."""

import getpass
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import click
from pydantic import ValidationError

from ....goals.answers import Answer, Refused
from ....goals.commands import Command
from ....goals.errors import GoalError
from ....goals.identity import Caller, Trace
from ..errors import CliError, reported
from .mistakes import mistakes
from .place import Place
from .refusals import EXIT_BAD_INPUT, EXIT_REFUSED, advice, exit_code, reason

A = TypeVar("A")


class Goals(Protocol):
    """Whatever carries out commands."""

    def ask(self, command: Command) -> Answer:
        """The command's answer, or Refused."""

    def close(self) -> None:
        """Let go of it."""


class WasRefused(Exception):
    """A command was answered with a refusal."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        super().__init__(refused.detail)


class Session:
    """The goals that the user means, for one command line."""

    def __init__(self, goals: Goals, place: Place) -> None:
        self._goals = goals
        self.place = place
        self.caller = Caller(actor=_user(), trace=Trace.begin(secrets.randbits))

    def ask(self, command: Command, expected: type[A]) -> A:
        """The command's answer. Raises WasRefused."""
        answer = self._goals.ask(command.model_copy(update={"caller": self.caller}))
        if isinstance(answer, Refused):
            raise WasRefused(answer)
        assert isinstance(answer, expected), answer
        return answer


@contextmanager
def session(
    place: Place, *, changes: bool = False, creates: bool = False, selects: bool = False
) -> Iterator[Session]:
    """The goals at a place; whatever can't be done is told in words, with the exit code.

    `changes`: what is there is changed, and not only read. `creates`: that, and a file that is not
    there is made. `selects`: goals may be taken, as the flags in the environment allow (a server
    has flags of its own).
    """
    with reported(), _told(place):
        goals = _opened(place, changes or selects, creates, selects)
        try:
            yield Session(goals, place)
        finally:
            goals.close()


def _opened(place: Place, changes: bool, creates: bool, selects: bool) -> Goals:
    if place.url is not None:
        from ...goals.client import GoalsClient

        return GoalsClient(place.url, token=os.environ.get("GDG_TOKEN"))
    assert place.file is not None
    if not creates and _is_missing(place.file):
        detail = f"there are no goals at {place.file}"
        raise WasRefused(Refused(code="no-goals-there", detail=detail))
    from ....goals.policy import GoalFlags
    from ...goals.file import GoalsFile, open_goals

    flags = GoalFlags.from_environment(os.environ) if selects else None
    return GoalsFile(open_goals(place.file, flags=flags, read_only=not (changes or creates)))


def _is_missing(file: Path) -> bool:
    try:
        return file.stat().st_size == 0
    except FileNotFoundError:
        return True


@contextmanager
def _told(place: Place) -> Iterator[None]:
    """Turn what goes wrong with goals into messages."""
    try:
        yield
    except WasRefused as error:
        raise _refusal(error.refused, place) from None
    except GoalError as error:
        refused = Refused(code=error.code, detail=error.detail, facts=error.facts)
        raise _refusal(refused, place) from None
    except ValidationError as error:
        raise CliError(mistakes(error), EXIT_BAD_INPUT) from None
    except sqlite3.Error as error:
        raise CliError(f"the goals in {place} can't be used: {error}", EXIT_REFUSED) from None


def _refusal(refused: Refused, place: Place) -> CliError:
    if place.as_json:
        click.echo(json.dumps({"refused": refused.model_dump(mode="json", exclude={"replayed"})}))
    text = reason(refused)
    next_step = advice(refused, place.options)
    return CliError(f"{text}\n{next_step}" if next_step else text, exit_code(refused))


def _user() -> str:
    """Who approves and adopts, as the ledger names them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"
