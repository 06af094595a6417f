"""`gdg-runtime runs`, `show` and `replay`: what is recorded of runs."""

import json
from pathlib import Path
from typing import Any

import click

from ...runtime.errors import GdgError
from ..runs.catalogue import RunCatalogue, find_run
from ..runs.errors import RunUnwritable
from ..runs.reader import RunReader
from ..runs.verify import Verification, replay_into, verify_run
from . import EXIT_UNVERIFIED
from .errors import CliError, reported, safe_lines
from .options import json_option, out_option, run_argument
from .tables import console, counted, print_run, rows_table, safe, status_text


@click.command("runs")
@click.option("--scenario", help="Only runs of this scenario.")
@click.option(
    "--status",
    type=click.Choice(["completed", "stopped", "failed", "interrupted", "running"]),
    help="Only runs with this status.",
)
@click.option("--label", help="Only runs with this label.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Most rows.")
@json_option
@out_option
def runs(
    scenario: str | None, status: str | None, label: str | None, limit: int, as_json: bool,
    out: Path,
) -> None:  # fmt: skip
    """List runs, the newest first."""
    with reported():
        rows = RunCatalogue(out).list(
            scenario=scenario, status=status, label=label, limit=limit + 1
        )
    more, rows = len(rows) > limit, rows[:limit]
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        if scenario or status or label:
            click.echo(f"No such runs in {out}.")
        else:
            click.echo(f"No runs in {out}. Begin with: gdg-runtime start baseline")
        return
    columns = ["run", "scenario", "label", "status", "epochs", "agent-steps", "CPU s"]
    cells = [
        [
            safe(row["run_id"]), safe(row["scenario"]), safe(row["label"]),
            status_text(row["status"]), row["epochs"], row["agent_steps"], row["cpu_s"],
        ]
        for row in rows
    ]  # fmt: skip
    console().print(rows_table(f"Runs in {out}", columns, cells, right=columns[4:]))
    if more:
        click.echo(f"The newest {limit}; --limit shows more.")


@click.command("show")
@run_argument
@click.option(
    "--events", type=click.IntRange(0), default=10, show_default=True,
    help="How many of the last events.",
)  # fmt: skip
@click.option(
    "--epochs", type=click.IntRange(1), default=10, show_default=True,
    help="How many of the last epochs.",
)  # fmt: skip
@json_option
@out_option
def show(run: str, events: int, epochs: int, as_json: bool, out: Path) -> None:
    """Show RUN: its path, its name, or latest."""
    with reported():
        found = RunReader(find_run(run, out))
        document: dict[str, Any] = {
            "run_dir": str(found.path),
            "status": found.status,
            "meta": found.meta,
            "config": found.config.model_dump(mode="json"),
            "schedule": found.schedule,
            "overall": found.overall or {},
            "epochs": found.epochs,
            "agents": found.agents or {},
            "last_events": found.events().last(events),
        }
        failed = found.failed_agents()
        if failed:
            document["failed_agents"] = failed
        if found.other_release is not None:
            document |= {"absent": found.absent, "note": found.other_release}
    if as_json:
        click.echo(json.dumps(document))
        return
    print_run(document, epochs)  # the tables are a view of what --json prints


@click.command("replay")
@run_argument
@click.option(
    "--verify", is_flag=True,
    help="Compare every byte with what was recorded; the default, unless --to is given.",
)  # fmt: skip
@click.option(
    "--to", "target", type=click.Path(path_type=Path, file_okay=False),
    help="Write the replayed files to this new folder.",
)  # fmt: skip
@json_option
@out_option
def replay(run: str, verify: bool, target: Path | None, as_json: bool, out: Path) -> None:
    """Execute RUN again from its journal: no network, no waiting, the same bytes.

    Exit code 3 where a difference is found; each is named with its file and line.
    """
    document: dict[str, object] = {}
    verification = None
    with reported():
        directory = find_run(run, out)
        if target is not None:
            document |= _write(RunReader(directory), target, as_json)
        if verify or target is None:
            verification = verify_run(directory)
            document |= verification.to_json()
    if as_json:
        click.echo(json.dumps(document))
    elif verification is not None:
        _tell(verification)
    if verification is not None and not verification.verified:
        raise click.exceptions.Exit(EXIT_UNVERIFIED)


def _tell(verification: Verification) -> None:
    if verification.verified:
        what = "the whole run" if verification.complete else "the run as far as it got"
        with_outcomes = f"with {counted(verification.outcomes, 'recorded outcome')}"
        click.echo(
            f"Verified: {what} was executed again, {with_outcomes}, and every byte is the same.\n"
            f"run: {verification.directory}"
        )
        return
    count = len(verification.differences)
    files = "1 file differs" if count == 1 else f"{count} files differ"
    click.echo(f"Not verified: {files}. The first line of each:", err=True)
    for difference in verification.differences:
        click.echo(f"  {safe_lines(str(difference))}", err=True)
    for note in verification.notes:
        click.echo(f"  note: {note}", err=True)


def _write(run: RunReader, target: Path, quiet: bool) -> dict[str, object]:
    """Replay into a folder, and return the facts for `--json`."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise CliError(f"{target} is not empty; choose a new folder for the replayed files", 2)
        ending = replay_into(run.resolve(run.journal.config), run.journal, target)
    except GdgError as error:
        advice = "" if run.other_release is None else f"\nNote: {run.other_release}"
        raise CliError(f"{error}{advice}", 1) from None
    except OSError as error:
        raise RunUnwritable(target, error) from error
    if not quiet:
        click.echo(f"Replayed ({ending.value}): {target}")
    return {"run_dir": str(run.path), "replayed_to": str(target), "ending": ending.value}
