"""`gdg-runtime start` and `resume`: a run is executed, watched, and shown at its end."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...actors.resolved import load_episode
from ...runtime.order import schedule
from ...scenarios.schema.episode import EpisodeConfig
from ..runs.catalogue import find_run
from ..runs.errors import RunUnreadable
from ..runs.execution import cassette_player, resume_run, start_run
from ..runs.live_run import Result, RunOptions
from ..runs.reader import RunReader
from . import EXIT_FAILED, EXIT_PAUSED, EXIT_STOPPED, options
from .errors import reported, safe_lines
from .progress import PlainProgress, TerminalProgress, effect_log
from .serve import serve_at, serve_option
from .tables import counted, print_result

if TYPE_CHECKING:
    from ..cassette import CassettePlayer, Missing

_MOST_NAMED = 5


@click.command("start")
@options.scenario_argument
@click.option("--seed", type=int, help="Seed of all randomness, in place of the file's.")
@options.override_options
@click.option("--epochs", type=click.IntRange(1), help="Number of epochs.")
@click.option("--label", help="Names the run among others of the scenario.")
@click.option(
    "--schedule", "policy", default="fifo", show_default=True, metavar="POLICY",
    help="Order of messages of one moment: fifo, fair, or shuffle:SEED.",
)  # fmt: skip
@options.budget_option
@options.cassette_options
@click.option(
    "--dry-run", is_flag=True,
    help="Estimate calls, tokens, cost and time of the run's language models; ask nobody.",
)  # fmt: skip
@options.out_option
@serve_option
@options.hosting_options
def start(
    scenario: str, seed: int | None, sets: tuple[str, ...], params: tuple[str, ...],
    epochs: int | None, label: str | None, policy: str, dry_run: bool, out: Path, **hosting: Any,
) -> None:  # fmt: skip
    """Run SCENARIO: a YAML file, or the name of a shipped one such as baseline."""
    with reported():
        episode = load_episode(
            scenario, sets=sets, scenario_params=params, seed=seed, epochs=epochs, label=label,
            environment=os.environ,
        )  # fmt: skip
        schedule(policy, episode.config.simulation.seed)
        if dry_run:
            from .dry_run import show_estimate

            as_json, most = hosting["as_json"], hosting["max_concurrency"]
            show_estimate(episode, hosting["budgets"], as_json=as_json, max_concurrency=most)
            return
        begin = partial(start_run, episode, out=out, schedule=policy)
        result, player = _executed(begin, episode.config, **hosting)
    unlike = None if player is None else player.summary()
    if unlike is not None and not hosting["as_json"]:
        click.echo(unlike, err=True)
    _finish(result, episode.config, hosting["quiet"], hosting["as_json"])


@click.command("resume")
@options.run_argument
@options.out_option
@options.budget_option
@options.cassette_options
@serve_option
@options.hosting_options
def resume(run: str, out: Path, **hosting: Any) -> None:
    """Go on with RUN: its path, its name, or latest.

    What was recorded is used again and never asked for twice; the files come out as if the run
    had never been interrupted.
    """
    with reported():
        directory = find_run(run, out)
        config = RunReader(directory).config
        result, _ = _executed(partial(resume_run, directory), config, **hosting)
    _finish(result, config, hosting["quiet"], hosting["as_json"])


def _executed(
    execute: Callable[..., Result], config: EpisodeConfig, *, budgets: tuple[str, ...],
    cassette_file: Path | None, missing: "Missing", serve: str | None, quiet: bool, as_json: bool,
    backend: str, max_concurrency: int | None, verbose: bool,
) -> tuple[Result, "CassettePlayer | None"]:  # fmt: skip
    """Execute a run as the options say; show progress on a terminal, plain lines elsewhere."""
    player, at = cassette_player(cassette_file, missing), serve_at(serve)
    hosted = RunOptions(
        backend, max_concurrency, on_effect=effect_log() if verbose else None,
        budgets=budgets, cassette=player, serve=at,
    )  # fmt: skip
    if quiet or as_json:
        return execute(options=hosted), player
    progress = (TerminalProgress if sys.stderr.isatty() else PlainProgress)(config)
    with progress.bar:
        hosted = replace(hosted, observer=progress, say=progress.say)
        return execute(options=hosted), player


def _finish(result: Result, config: EpisodeConfig, quiet: bool, as_json: bool) -> None:
    """Show the result of a run, and leave with its exit code."""
    if as_json:
        click.echo(json.dumps(result.to_json(), allow_nan=False))
    elif quiet:
        click.echo(str(result.directory))
    else:
        print_result(result, config.metrics.track)
        _print_failed_agents(result.directory)
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


def _print_failed_agents(run: Path) -> None:
    """Print a line on stderr for the agents that were isolated, and one for others that failed."""
    failed: dict[str, list[str]] = {}
    with suppress(OSError, RunUnreadable):  # `show` says what is wrong with the files
        for agent, failure in RunReader(run).failed_agents().items():
            was_isolated = failure["directive"] == "isolate"
            failed.setdefault("isolated" if was_isolated else "failed", []).append(agent)
    for done, agents in failed.items():
        be = "" if done == "failed" else "was " if len(agents) == 1 else "were "
        more = len(agents) - _MOST_NAMED
        names = ", ".join(agents[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
        click.echo(
            f"{counted(len(agents), 'agent')} {be}{done}: {safe_lines(names)}; "
            f"`gdg-runtime show {run}` says why",
            err=True,
        )
