"""`gdg-runtime start`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import click

from ...actors.plugins import default_catalogue
from ...runtime.order import schedule
from ...scenarios.document import EpisodeConfig, load_scenario
from ...scenarios.faults import InvalidScenario
from ..execution import start_run
from .hosted import finish, hosted
from .options import budget_option, hosting_options, out_option, override_options, scenario_argument
from .trouble import told

if TYPE_CHECKING:
    from ..cassette import CassettePlayer

Missing: TypeAlias = Literal["error", "live", "noop"]


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
@click.option(
    "--cassette",
    "cassette_file",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Answer models and other effects from a cassette; see `gdg-runtime cassette`.",
)
@click.option(
    "--missing",
    type=click.Choice(["error", "live", "noop"]),
    default="error",
    show_default=True,
    help="What becomes of a question that the cassette does not have.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Estimate calls, tokens, cost and time of the run's language models; ask nobody.",
)
@out_option
@hosting_options
def command(
    scenario: str, seed: int | None, sets: tuple[str, ...], params: tuple[str, ...],
    epochs: int | None, label: str | None, policy: str, budgets: tuple[str, ...],
    cassette_file: Path | None, missing: Missing, dry_run: bool, out: Path, quiet: bool,
    as_json: bool, backend: str, max_concurrency: int | None, verbose: bool,
) -> None:  # fmt: skip
    """Run SCENARIO: a YAML file, or the name of a shipped one such as baseline."""
    with told():
        config = _config(scenario, sets, params, seed, epochs, label)
        schedule(policy, config.simulation.seed)
        if dry_run:
            from .dry_run import show_estimate

            show_estimate(config, budgets, as_json=as_json)
            return
        player = _player(cassette_file, missing)
        with hosted(config, not (quiet or as_json), backend, max_concurrency, verbose) as hosting:
            hosting = replace(hosting, budgets=budgets, cassette=player)
            result = start_run(config, out=out, schedule=policy, hosting=hosting)
    told_of_cassette = None if player is None else player.summary()
    if told_of_cassette is not None and not as_json:
        click.echo(told_of_cassette, err=True)
    finish(result, config.metrics.track, quiet=quiet, as_json=as_json)


def _player(file: Path | None, missing: Missing) -> "CassettePlayer | None":
    if file is None:
        return None
    from ..cassette import Cassette, CassettePlayer  # only where a cassette is played

    return CassettePlayer(Cassette.read(file), missing)


def _config(
    scenario: str, sets: tuple[str, ...], params: tuple[str, ...], seed: int | None,
    epochs: int | None, label: str | None,
) -> EpisodeConfig:  # fmt: skip
    """The resolved config; a fault in the label is told of the option that the user gave."""
    # Quoted, since a label such as 2024 or null is a text.
    labelled = () if label is None else (f"label={json.dumps(label)}",)
    try:
        return load_scenario(
            scenario, sets=(*sets, *labelled), scenario_params=params, seed=seed, epochs=epochs,
            catalogue=default_catalogue(),
        )  # fmt: skip
    except InvalidScenario as error:
        if label is None:
            raise
        raise InvalidScenario(
            [
                replace(fault, file="--label", path="")
                if fault.path == "label" and fault.file.startswith('--set label="')
                else fault
                for fault in error.faults
            ]
        ) from None
