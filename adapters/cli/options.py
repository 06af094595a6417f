"""Options and arguments that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..failures import RunNotFound
from ..run_catalogue import RunCatalogue
from ..run_directory import RunDirectory

F = TypeVar("F", bound=Callable[..., Any])

out_option = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"),
    show_default=True, help="Folder of the runs.",
)  # fmt: skip

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."
)


def hosting_options(command: F) -> F:
    """How a run is hosted and shown; none of it changes what the run does."""
    for option in (
        click.option("--quiet", "-q", is_flag=True, help="Print the run's path and nothing else."),
        json_option,
        click.option(
            "--backend", type=click.Choice(["trio", "asyncio"]), default="trio",
            show_default=True, help="Event loop for effects.",
        ),
        click.option(
            "--max-concurrency", type=click.IntRange(1, 10_000),
            help="Most effects in flight at once; by default as the scenario says.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def find_run(text: str, out: Path) -> RunDirectory:
    """The run that a user means: a path, `latest`, or the name of a run's directory.

    Raises RunNotFound.
    """
    path = Path(text)
    if path.exists():
        return RunDirectory.find(path)
    for row in RunCatalogue(out).list(limit=100_000):
        if text == "latest" or row["run_id"] == text or row["path"].endswith(f"/{text}"):
            return RunDirectory.find(Path(row["path"]))
    raise RunNotFound(path)
