"""`gdg-runtime show`."""

import json
from pathlib import Path
from typing import Any

import click

from ..runs.catalogue import find_run
from ..runs.reader import RunReader
from .errors import reported
from .options import json_option, out_option, run_argument


@click.command("show")
@run_argument
@click.option(
    "--events",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How many of the last events.",
)
@click.option(
    "--epochs", type=click.IntRange(1), default=10, show_default=True,
    help="How many of the last epochs.",
)  # fmt: skip
@json_option
@out_option
def command(run: str, events: int, epochs: int, as_json: bool, out: Path) -> None:
    """Show RUN: its path, its name, or latest."""
    with reported():
        document = _read(RunReader(find_run(run, out)), events)
    if as_json:
        click.echo(json.dumps(document))
        return
    from .tables import print_run  # rich is slow to import, and --json needs none of it

    print_run(document, epochs)


def _read(run: RunReader, events: int) -> dict[str, Any]:
    """Return the document of `--json`, of which the tables are a view."""
    document: dict[str, Any] = {
        "run_dir": str(run.path),
        "status": run.status,
        "meta": run.meta,
        "config": run.config.model_dump(mode="json"),
        "schedule": run.schedule,
        "overall": run.overall or {},
        "epochs": run.epochs,
        "agents": run.agents or {},
        "last_events": run.events().last(events),
    }
    if run.other_release is not None:
        document |= {"absent": run.absent, "note": run.other_release}
    return document
