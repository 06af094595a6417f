"""The goals that a command line is about, those in a file or those of a server; the commands that
ask them; refusals and invalid fields in words."""

import getpass
import json
import os
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ....goals.commands import Asks, Command, ListGoals, ReadGoal
from ....goals.errors import GoalError
from ....goals.fields import GOAL_ID
from ....goals.identity import Caller, Trace
from ....goals.model import Goal, GoalState
from ....goals.schemas import Answer, Refused
from ....runtime.wording import shortened
from ...goals.refusals import KINDS, LOCAL, OTHER
from ..errors import CliError, reported
from ..options import json_option
from .output import Progress, one_line

if TYPE_CHECKING:
    from ....goals.store_api import GoalStore
    from ...goals.client import GoalsClient

DEFAULT_FILE = Path("goals.db")
A = TypeVar("A", bound=Answer)
Mode = Literal["reads", "changes", "creates", "selects"]
"""The kinds of commands: read alone; change what is there; that, and make a file that is not there;
take goals, as the flags in the environment allow (a server has flags of its own)."""
_NO_IDS = ("prioritized", "next", "import")
"""Words that a server's addresses have in the place of an id."""
_MOST_SHOWN = 10
_PAGE = 200
_COMPLETED = 50
EXIT_REFUSED, EXIT_BAD_INPUT = 1, 2

_CONTRADICTED = (
    "If the belief does not hold any more: `{goals} belief set {belief} --inactive`. Else give the "
    "goal up with `{goals} abandon {goal}`."
)
_COMMAND_LINE = re.compile(r"`([^`]*)`")
_NAME = re.compile(r"\{goals?\}|\{belief\}")
OPTIONS = {
    "horizon_min_min": "--start",
    "horizon_max_min": "--deadline",
    "success_metrics": "--metric",
    "repeat_every_min": "--repeat-every",
}
"""Fields whose options have other names."""
_EXPECTED = {
    "less_than_equal": "at most {le:g}",
    "greater_than_equal": "at least {ge:g}",
    "timezone_aware": "a time with its zone, such as 2025-11-08T12:00:00Z",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
}
_WORDS = {"string_unicode": "a text can't hold half a surrogate pair, nor bytes that are not UTF-8"}


class Session:
    """The goals that the user means, for one command line; opened by its first command."""

    def __init__(
        self, file: Path | None, url: str | None = None, as_json: bool = False,
        was_typed: bool = True, mode: Mode = "reads",
    ) -> None:  # fmt: skip
        """Note which goals are meant. `was_typed`: the command line names them, else the
        environment does, where the next command line finds them too."""
        self._file, self.url, self._was_typed = file, url, was_typed
        self.as_json, self.mode = as_json, mode
        self._caller = Caller(actor=_user(), trace=Trace.begin(secrets.randbits))

    def __str__(self) -> str:
        return str(self._file if self.url is None else self.url)

    @property
    def options(self) -> str:
        """The options that name these goals in another command line."""
        if not self._was_typed:
            return ""
        option = "--db" if self.url is None else "--url"
        return f" {option} {quote(str(self))}"

    @cached_property
    def _goals(self) -> "GoalsClient | GoalStore":
        if self.url is not None:
            from ...goals.client import GoalsClient

            return GoalsClient(self.url, token=os.environ.get("GDG_TOKEN"))
        assert self._file is not None
        if self.mode != "creates" and _is_missing(self._file):
            raise GoalError("no-goals-there", f"there are no goals at {self._file}")
        from ....goals.policy import GoalFlags
        from ...goals.file import open_goals

        flags = GoalFlags.from_environment(os.environ) if self.mode == "selects" else None
        return open_goals(self._file, flags=flags, read_only=self.mode == "reads")

    def open(self) -> None:
        """Open the goals, unless they are open. Raises GoalError."""
        _ = self._goals

    @contextmanager
    def used(self) -> Iterator[None]:
        """Close the goals in the end; errors become messages with an exit code."""
        with reported():
            try:
                yield
            except GoalError as error:
                raise self._refusal(error) from None
            except ValidationError as error:
                raise CliError(validation_errors(error), EXIT_BAD_INPUT) from None
            except sqlite3.Error as error:
                why = f"the goals in {self} can't be used: {error}"
                raise CliError(why, EXIT_REFUSED) from None
            finally:
                if "_goals" in vars(self):
                    self._goals.close()

    def _refusal(self, error: GoalError) -> CliError:
        if self.as_json:
            facts = {"code": error.code, "detail": error.detail, "facts": error.facts}
            click.echo(json.dumps({"refused": facts}))
        kind = KINDS.get(error.code) or LOCAL.get(error.code) or OTHER
        hint = _next_step(error, kind.next_step, self.options)
        text = _reason(error) + (f"\n{hint}" if hint else "")
        return CliError(text, EXIT_BAD_INPUT if kind.bad_input else EXIT_REFUSED)

    def ask(self, command: Asks[A]) -> A:
        """Return the command's answer. Raises GoalError."""
        assert isinstance(command, Command)
        answer = self._goals.ask(command.model_copy(update={"caller": self._caller}))
        if isinstance(answer, Refused):
            refusal = GoalError(answer.code, answer.detail)
            refusal.facts = dict(answer.facts)
            raise refusal
        return cast("A", answer)

    def answer(self, command: Asks[A]) -> A:
        """Return the command's answer, to be printed for people; see `end_as_json`."""
        answer = self.ask(command)
        self.end_as_json(answer)
        return answer

    def end_as_json(self, answer: BaseModel | Mapping[str, Any]) -> None:
        """Print an answer as one JSON document and end the command, if --json was given."""
        if self.as_json:
            plain = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
            click.echo(json.dumps(plain))
            click.get_current_context().exit()

    def all(self, asked: ListGoals | None = None) -> Iterator[Goal]:
        """Yield all goals that `asked` selects, page by page, the newest first."""
        asked = (asked or ListGoals()).model_copy(update={"limit": _PAGE})
        while True:
            page = self.ask(asked)
            yield from page.items
            if page.next_cursor is None:
                return
            asked = asked.model_copy(update={"cursor": page.next_cursor})

    def find(self, text: str) -> Goal:
        """Find the goal that a user means. Raises GoalError if it is none or several."""
        if re.fullmatch(GOAL_ID, text) and text not in _NO_IDS:
            try:
                return self.ask(ReadGoal(goal_id=text)).goal
            except GoalError as error:
                if error.code != "goal-not-found":
                    raise
        with Progress("looked at") as progress:
            found = [goal for goal in progress.through(self.all()) if _is_part(text, goal.id)]
        if len(found) == 1:
            return found[0]
        if found:
            raise GoalError("goal-ambiguous", _ambiguous(text, found))
        detail = f"no goal has the id {text!r}, nor one that begins or ends so"
        raise GoalError("goal-not-found", detail)


def goal_command(
    name: str, *parameters: Callable[[Any], Any], mode: Mode = "reads"
) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a function, with these arguments and options, and --db, --url and --json.

    The function gets the goals that are meant as its first argument.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        def run(db: Path, url: str | None, as_json: bool, **options: Any) -> None:
            goals = _meant(click.get_current_context(), db, url, as_json, mode)
            with goals.used():
                function(goals, **options)

        run.__doc__ = function.__doc__
        command: Any = run
        for parameter in reversed((*parameters, *_PLACE, json_option)):
            command = parameter(command)
        return click.command(name)(command)

    return decorate


_PLACE = (
    click.option(
        "--db", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        envvar="GDG_GOALS_DB", default=DEFAULT_FILE, show_default=True,
        help="The database file with the goals. [env: GDG_GOALS_DB]",
    ),
    click.option(
        "--url", envvar="GDG_GOALS_URL", metavar="URL",
        help="A server's address, such as http://127.0.0.1:8000, in place of a file; "
        "GDG_TOKEN holds its token. [env: GDG_GOALS_URL]",
    ),
)  # fmt: skip


def _meant(context: click.Context, db: Path, url: str | None, as_json: bool, mode: Mode) -> Session:
    """Return the goals that were named; the command line goes before the environment."""
    of_db, of_url = (context.get_parameter_source(name) for name in ("db", "url"))
    typed = ParameterSource.COMMANDLINE
    if url is not None and of_db is of_url:
        names = "--db and --url" if of_db is typed else "GDG_GOALS_DB and GDG_GOALS_URL"
        raise click.UsageError(
            f"{names} are both given: goals are either in a file or at a server.", context
        )
    if url is None or of_db is typed:
        return Session(db, None, as_json, of_db is typed, mode)
    return Session(None, url, as_json, of_url is typed, mode)


def _is_missing(file: Path) -> bool:
    try:
        return file.stat().st_size == 0
    except FileNotFoundError:
        return True


def _user() -> str:
    """Return the name of the user, as the ledger shows it."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


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
    goals = Session(Path(context.params.get("db") or DEFAULT_FILE))
    newest: tuple[Goal, ...] = ()
    # Nobody wants to read what is wrong with the file while typing.
    with suppress(click.ClickException), goals.used():
        newest = goals.ask(ListGoals(limit=_COMPLETED)).items
    return [
        CompletionItem(goal.id, help=one_line(goal.text, 60))
        for goal in newest
        if goal.id.startswith(text)
    ]


goal_argument = partial(click.argument, "goal", shell_complete=complete_goal)


def limit_option(usual: int) -> Callable[[Any], Any]:
    """Make the option that says how many rows a table has at most."""
    rows = click.IntRange(1, 200)
    return click.option("--limit", type=rows, default=usual, show_default=True, help="Most rows.")


def state_option(more: str = "") -> Callable[[Any], Any]:
    """Make the option that selects goals by their states."""
    return click.option(
        "--state", "states", type=click.Choice([str(state) for state in GoalState]), multiple=True,
        callback=lambda _, __, states: tuple(map(GoalState, states)),
        help=f"Only goals in this state; can be given several times.{more}",
    )  # fmt: skip


# --- refusals and invalid fields in words ---------------------------------------------------------


def _reason(refusal: GoalError) -> str:
    """Return the reason for a refusal; where beliefs are the reason, with their ids."""
    beliefs = refusal.facts.get("belief_ids")
    if refusal.facts.get("reason") != "severity" or not isinstance(beliefs, list):
        return refusal.detail
    named = ", ".join(map(str, beliefs))
    return f"blocked by {named} (severity {refusal.facts.get('severity')}): {refusal.detail}"


def _next_step(refusal: GoalError, text: str, options: str) -> str:
    """Fill in what to do next, in a sentence or two; empty if the refusal says it itself.

    `options` names the goals' place; each command line in the advice ends with them.
    """
    facts = refusal.facts
    if facts.get("reason") == "active_contradiction":
        text = _CONTRADICTED
    beliefs = facts.get("belief_ids")
    names = {
        "{goals}": "gdg-runtime goals",
        "{goal}": quote(str(facts.get("goal_id") or "GOAL")),
        "{belief}": quote(str(beliefs[0])) if isinstance(beliefs, list) and beliefs else "BELIEF",
    }
    text = _COMMAND_LINE.sub(lambda found: f"`{found[1]}{options}`", text)
    return _NAME.sub(lambda found: names[found[0]], text)


def validation_errors(error: ValidationError, options: Mapping[str, str] = OPTIONS) -> str:
    """Put each mistake on a line of its own: where, what was expected, what came.

    `options` has other names for fields.
    """
    found = error.errors(include_url=False)
    lines = []
    for mistake in found[:_MOST_SHOWN]:
        place = ".".join(str(part) for part in mistake["loc"] if part not in ("draft", "patch"))
        words = _words(mistake)
        for field, option in options.items():
            words = words.replace(field, option)
            place = place.replace(field, option)
        lines.append(f"{place}: {words}" if place else words)
    if len(found) > _MOST_SHOWN:
        lines.append(f"… and {len(found) - _MOST_SHOWN} more")
    return "\n".join(lines)


def _words(mistake: ErrorDetails) -> str:
    """Say what was expected, and what came where that is short."""
    if mistake["type"] == "extra_forbidden":
        return "there is no such field"
    expected = _EXPECTED.get(mistake["type"])
    if expected is None:
        words = _WORDS.get(mistake["type"]) or mistake["msg"].removeprefix("Value error, ")
        words = words.replace("Input should be", "expected", 1)
    else:
        words = f"expected {expected.format(**mistake.get('ctx', {}))}"
    given = mistake["input"]
    if mistake["type"] in ("too_short", "too_long") and isinstance(given, str):
        words += " characters" if not words.endswith(" 1") else " character"
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        words += f", got {shortened(repr(given), 60)}"
    return words
