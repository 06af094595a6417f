"""`gdg-runtime start`."""

from pathlib import Path

import click

from ...actors.plugins import default_catalogue
from ...runtime.order import schedule
from ...scenarios.document import load_scenario
from ..execution import start_run
from .hosted import finish, hosted
from .options import hosting_options, out_option
from .trouble import told


@click.command("start")
@click.argument("scenario")
@click.option("--seed", type=int, help="Seed of all randomness, in place of the file's.")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key: governance.transaction_tax_rate=0.1, agents.0.count=5.",
)
@click.option(
    "--scenario-param",
    "params",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a parameter of the world.",
)
@click.option("--epochs", type=click.IntRange(1), help="Number of epochs.")
@click.option("--label", help="Names the run among others of the scenario.")
@click.option(
    "--schedule",
    "policy",
    default="fifo",
    show_default=True,
    metavar="POLICY",
    help="Order of messages of one moment: fifo, fair, or shuffle:SEED.",
)
@out_option
@hosting_options
def command(
    scenario: str, seed: int | None, sets: tuple[str, ...], params: tuple[str, ...],
    epochs: int | None, label: str | None, policy: str, out: Path, quiet: bool, as_json: bool,
    backend: str, max_concurrency: int | None,
) -> None:  # fmt: skip
    """Run SCENARIO: a YAML file, or the name of a shipped one such as baseline."""
    with told():
        if label is not None:
            sets = (*sets, f"label={label}")
        config = load_scenario(
            scenario, sets=sets, scenario_params=params, seed=seed, epochs=epochs,
            catalogue=default_catalogue(),
        )  # fmt: skip
        schedule(policy, config.simulation.seed)
        with hosted(config, not (quiet or as_json), backend, max_concurrency) as hosting:
            result = start_run(config, out=out, schedule=policy, hosting=hosting)
    finish(result, config.metrics.track, quiet=quiet, as_json=as_json)
