"""`gdg-runtime resume`."""

from dataclasses import replace
from pathlib import Path

import click

from ..runs.catalogue import find_run
from ..runs.execution import resume_run
from ..runs.reader import RunReader
from .errors import reported
from .options import (
    Missing,
    budget_option,
    cassette_options,
    cassette_player,
    hosting_options,
    out_option,
    run_argument,
)
from .run_session import finish, run_session
from .serving import serve_at, serve_option


@click.command("resume")
@run_argument
@out_option
@budget_option
@cassette_options
@serve_option
@hosting_options
def command(
    run: str,
    out: Path,
    budgets: tuple[str, ...],
    cassette_file: Path | None,
    missing: Missing,
    serve: str | None,
    quiet: bool,
    as_json: bool,
    backend: str,
    max_concurrency: int | None,
    verbose: bool,
) -> None:
    """Go on with RUN: its path, its name, or latest.

    What was recorded is used again and never asked for twice; the files come out as if the run
    had never been interrupted.
    """
    with reported():
        directory = find_run(run, out)
        config = RunReader(directory).config
        player, at = cassette_player(cassette_file, missing), serve_at(serve)
        with run_session(
            config, not (quiet or as_json), backend, max_concurrency, verbose
        ) as options:
            options = replace(options, budgets=budgets, cassette=player, serve=at)
            result = resume_run(directory, options)
    finish(result, config.metrics.track, quiet=quiet, as_json=as_json)
