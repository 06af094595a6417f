"""`gdg-runtime start` and `resume`: a run is executed, watched, and shown at its end."""

import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...actors.resolved import load_episode
from ...runtime.order import schedule
from ...scenarios.schema.episode import EpisodeConfig
from ..runs.catalogue import find_run
from ..runs.execution import RunOptions, cassette_player, resume_run, start_run
from ..runs.live_run import Result
from ..runs.reader import RunReader
from . import EXIT_FAILED, EXIT_PAUSED, EXIT_STOPPED
from .errors import reported, safe_lines
from .options import (
    budget_option,
    cassette_options,
    hosting_options,
    out_option,
    override_options,
    run_argument,
    scenario_argument,
)
from .progress import PlainProgress, TerminalProgress, effect_log
from .serving import serve_at, serve_option

if TYPE_CHECKING:
    from ..cassette import Missing


@click.command("start")
@scenario_argument
@click.option("--seed", type=int, help="Seed of all randomness, in place of the file's.")
@override_options
@click.option("--epochs", type=click.IntRange(1), help="Number of epochs.")
@click.option("--label", help="Names the run among others of the scenario.")
@click.option(
    "--schedule", "policy", default="fifo", show_default=True, metavar="POLICY",
    help="Order of messages of one moment: fifo, fair, or shuffle:SEED.",
)  # fmt: skip
@budget_option
@cassette_options
@click.option(
    "--dry-run", is_flag=True,
    help="Estimate calls, tokens, cost and time of the run's language models; ask nobody.",
)  # fmt: skip
@out_option
@serve_option
@hosting_options
def start(
    scenario: str, seed: int | None, sets: tuple[str, ...], params: tuple[str, ...],
    epochs: int | None, label: str | None, policy: str, budgets: tuple[str, ...],
    cassette_file: Path | None, missing: "Missing", dry_run: bool, out: Path, serve: str | None,
    quiet: bool, as_json: bool, backend: str, max_concurrency: int | None, verbose: bool,
) -> None:  # fmt: skip
    """Run SCENARIO: a YAML file, or the name of a shipped one such as baseline."""
    with reported():
        episode = load_episode(
            scenario, sets=sets, scenario_params=params, seed=seed, epochs=epochs, label=label,
            environment=os.environ,
        )  # fmt: skip
        config = episode.config
        schedule(policy, config.simulation.seed)
        if dry_run:
            from .dry_run import show_estimate

            show_estimate(episode, budgets, as_json=as_json, max_concurrency=max_concurrency)
            return
        player, at = cassette_player(cassette_file, missing), serve_at(serve)
        show = not (quiet or as_json)
        with run_session(config, show, backend, max_concurrency, verbose) as options:
            options = replace(options, budgets=budgets, cassette=player, serve=at)
            result = start_run(episode, out=out, schedule=policy, options=options)
    unlike = None if player is None else player.summary()
    if unlike is not None and not as_json:
        click.echo(unlike, err=True)
    finish(result, config.metrics.track, quiet=quiet, as_json=as_json)


@click.command("resume")
@run_argument
@out_option
@budget_option
@cassette_options
@serve_option
@hosting_options
def resume(
    run: str, out: Path, budgets: tuple[str, ...], cassette_file: Path | None, missing: "Missing",
    serve: str | None, quiet: bool, as_json: bool, backend: str, max_concurrency: int | None,
    verbose: bool,
) -> None:  # fmt: skip
    """Go on with RUN: its path, its name, or latest.

    What was recorded is used again and never asked for twice; the files come out as if the run
    had never been interrupted.
    """
    with reported():
        directory = find_run(run, out)
        config = RunReader(directory).config
        player, at = cassette_player(cassette_file, missing), serve_at(serve)
        show = not (quiet or as_json)
        with run_session(config, show, backend, max_concurrency, verbose) as options:
            options = replace(options, budgets=budgets, cassette=player, serve=at)
            result = resume_run(directory, options)
    finish(result, config.metrics.track, quiet=quiet, as_json=as_json)


@contextmanager
def run_session(
    config: EpisodeConfig, show: bool, backend: str, max_concurrency: int | None, verbose: bool
) -> Iterator[RunOptions]:
    """Give run options that show progress on a terminal, plain lines elsewhere, or nothing."""
    on_effect = effect_log() if verbose else None
    if not show:
        yield RunOptions(backend, max_concurrency, on_effect=on_effect)
        return
    kind = TerminalProgress if sys.stderr.isatty() else PlainProgress
    with kind(config) as progress:
        yield RunOptions(backend, max_concurrency, progress, progress.say, on_effect)


def finish(result: Result, track: Sequence[str], *, quiet: bool, as_json: bool) -> None:
    """Show the result of a run, and leave with its exit code."""
    if as_json:
        click.echo(json.dumps(result.to_json(), allow_nan=False))
    elif quiet:
        click.echo(str(result.directory))
    else:
        from .tables import print_result

        print_result(result, track)
    if result.error is not None and not as_json:
        click.echo(f"The run failed: {safe_lines(result.error)}", err=True)
    if result.cause is not None and os.environ.get("GDG_TRACEBACK"):
        traceback.print_exception(result.cause)
    if result.paused is not None:
        if quiet or as_json:
            click.echo(f"Paused: {safe_lines(result.paused)}", err=True)
        raise click.exceptions.Exit(EXIT_PAUSED)
    if result.status != "completed":
        codes = {"failed": EXIT_FAILED, "stopped": EXIT_STOPPED}
        raise click.exceptions.Exit(codes[result.status])
