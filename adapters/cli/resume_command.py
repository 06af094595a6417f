"""`gdg-runtime resume`."""

from dataclasses import replace
from pathlib import Path

import click

from ..execution import resume_run
from .hosted import finish, hosted
from .options import (
    Missing,
    budget_option,
    cassette_options,
    cassette_player,
    find_run,
    hosting_options,
    out_option,
    run_argument,
)
from .serving import serve_at, serve_option
from .trouble import told


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
    with told():
        directory = find_run(run, out)
        config, _ = directory.read_config()
        player, at = cassette_player(cassette_file, missing), serve_at(serve)
        with hosted(config, not (quiet or as_json), backend, max_concurrency, verbose) as hosting:
            hosting = replace(hosting, budgets=budgets, cassette=player, serve=at)
            result = resume_run(directory, hosting)
    finish(result, config.metrics.track, quiet=quiet, as_json=as_json)
