"""`gdg-runtime replay`."""

import json
from pathlib import Path

import click

from ...runtime.errors import GdgError
from ...runtime.journal import Recorded
from ..run_directory import RunDirectory
from ..verification import Verification, replay_into, verify_run
from .options import find_run, json_option, out_option
from .trouble import Told, told


@click.command("replay")
@click.argument("run")
@click.option("--verify", is_flag=True, help="Compare every byte with what was recorded.")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the replayed files to this folder.",
)
@json_option
@out_option
def command(run: str, verify: bool, target: Path | None, as_json: bool, out: Path) -> None:
    """Execute RUN again from its journal: no network, no waiting, the same bytes.

    Exit code 3 where --verify finds a difference; each is named with its file and line.
    """
    with told():
        directory = find_run(run, out)
        if verify or target is None:
            _verify(directory, as_json)
        if target is not None:
            _write(directory, target)


def _verify(run: RunDirectory, as_json: bool) -> None:
    verification = verify_run(run)
    if as_json:
        click.echo(json.dumps(verification.to_json()))
    else:
        _tell(verification)
    if not verification.verified:
        raise click.exceptions.Exit(3)


def _tell(verification: Verification) -> None:
    what = "the whole run" if verification.complete else "the run as far as it got"
    if verification.verified:
        click.echo(
            f"Verified: {what} was executed again, with {verification.outcomes} recorded "
            f"outcomes, and every byte is the same.\nrun: {verification.directory}"
        )
        return
    click.echo(f"Not verified: {len(verification.differences)} differences.", err=True)
    for difference in verification.differences:
        click.echo(f"  {difference}", err=True)
    for note in verification.notes:
        click.echo(f"  note: {note}", err=True)


def _write(run: RunDirectory, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise Told(f"{target} is not empty; choose a new folder for the replayed files", 2)
    try:
        ending = replay_into(run, target, Recorded.read(run.journal))
    except GdgError as error:
        raise Told(str(error), 1) from None
    click.echo(f"Replayed ({ending.value}): {target}", err=True)
