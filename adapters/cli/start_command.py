"""`gdg-runtime start`."""

import os
from dataclasses import replace
from pathlib import Path

import click

from ...actors.resolved import load_episode
from ...runtime.order import schedule
from ..runs.execution import start_run
from .errors import reported
from .options import (
    Missing,
    budget_option,
    cassette_options,
    cassette_player,
    hosting_options,
    out_option,
    override_options,
    scenario_argument,
)
from .run_session import finish, run_session
from .serving import serve_at, serve_option


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
    "--dry-run",
    is_flag=True,
    help="Estimate calls, tokens, cost and time of the run's language models; ask nobody.",
)
@out_option
@serve_option
@hosting_options
def command(
    scenario: str, seed: int | None, sets: tuple[str, ...], params: tuple[str, ...],
    epochs: int | None, label: str | None, policy: str, budgets: tuple[str, ...],
    cassette_file: Path | None, missing: Missing, dry_run: bool, out: Path,
    serve: str | None, quiet: bool,
    as_json: bool, backend: str, max_concurrency: int | None, verbose: bool,
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
        with run_session(
            config, not (quiet or as_json), backend, max_concurrency, verbose
        ) as options:
            options = replace(options, budgets=budgets, cassette=player, serve=at)
            result = start_run(episode, out=out, schedule=policy, options=options)
    told_of_cassette = None if player is None else player.summary()
    if told_of_cassette is not None and not as_json:
        click.echo(told_of_cassette, err=True)
    finish(result, config.metrics.track, quiet=quiet, as_json=as_json)
