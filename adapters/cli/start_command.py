"""`gdg-runtime start`."""

import json
from dataclasses import replace
from pathlib import Path

import click

from ...actors.plugins import default_catalogue
from ...runtime.order import schedule
from ...scenarios.document import EpisodeConfig, load_scenario
from ...scenarios.faults import InvalidScenario
from ..execution import start_run
from .hosted import finish, hosted
from .options import hosting_options, out_option, override_options, scenario_argument
from .trouble import told


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
@out_option
@hosting_options
def command(
    scenario: str, seed: int | None, sets: tuple[str, ...], params: tuple[str, ...],
    epochs: int | None, label: str | None, policy: str, out: Path, quiet: bool, as_json: bool,
    backend: str, max_concurrency: int | None, verbose: bool,
) -> None:  # fmt: skip
    """Run SCENARIO: a YAML file, or the name of a shipped one such as baseline."""
    with told():
        config = _config(scenario, sets, params, seed, epochs, label)
        schedule(policy, config.simulation.seed)
        with hosted(config, not (quiet or as_json), backend, max_concurrency, verbose) as hosting:
            result = start_run(config, out=out, schedule=policy, hosting=hosting)
    finish(result, config.metrics.track, quiet=quiet, as_json=as_json)


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
