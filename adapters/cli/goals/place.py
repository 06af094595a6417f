"""Which goals a command is about: those in a file, or those of a server."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from shlex import quote
from typing import Any

import click
from click.core import ParameterSource

from ..options import json_option

DEFAULT_FILE = Path("goals.db")


@dataclass(frozen=True)
class Place:
    """Where the goals are, and how answers are printed."""

    file: Path | None
    url: str | None
    as_json: bool
    was_typed: bool = True
    """Rather than found in the environment, where the next command line finds it too."""

    def __str__(self) -> str:
        return str(self.file if self.url is None else self.url)

    @property
    def options(self) -> str:
        """The options that name this place in another command line."""
        if not self.was_typed:
            return ""
        return (
            f" --url {quote(self.url)}"
            if self.url is not None
            else f" --db {quote(str(self.file))}"
        )


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--db, --url and --json; the command gets them as one argument, `place`."""

    @wraps(command)
    @click.pass_context
    def placed(
        context: click.Context, /, *args: Any, db: Path, url: str | None, as_json: bool,
        **others: Any,
    ) -> Any:  # fmt: skip
        place = _place(context, db, url, as_json)
        return command(*args, place=place, **others)

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


def _place(context: click.Context, db: Path, url: str | None, as_json: bool) -> Place:
    """The place that was named; what stands on the command line goes before the environment."""
    of_db, of_url = (context.get_parameter_source(name) for name in ("db", "url"))
    typed = ParameterSource.COMMANDLINE
    if url is not None and of_db is of_url:
        names = "--db and --url" if of_db is typed else "GDG_GOALS_DB and GDG_GOALS_URL"
        raise click.UsageError(
            f"{names} are both given: goals are either in a file or at a server.", context
        )
    if url is None or of_db is typed:
        return Place(db, None, as_json, of_db is typed)
    return Place(None, url, as_json, of_url is typed)
