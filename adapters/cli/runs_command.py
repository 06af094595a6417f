"""`gdg-runtime runs`."""

import json
from pathlib import Path

import click

from ..run_catalogue import RunCatalogue
from .options import json_option, out_option
from .trouble import told


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
def command(
    scenario: str | None,
    status: str | None,
    label: str | None,
    limit: int,
    as_json: bool,
    out: Path,
) -> None:
    """List runs, the newest first."""
    with told():
        rows = RunCatalogue(out).list(scenario=scenario, status=status, label=label, limit=limit)
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo(f"No runs in {out}. Begin with: gdg-runtime start baseline")
        return
    from .tables import console, rows_table, status_text

    table = rows_table(
        "Runs",
        ["run", "scenario", "label", "status", "epochs", "agent-steps"],
        [
            [
                row["run_id"], row["scenario"], row["label"], status_text(row["status"]),
                "" if row["epochs"] is None else row["epochs"],
                "" if row["agent_steps"] is None else row["agent_steps"],
            ]
            for row in rows
        ],
    )  # fmt: skip
    console().print(table)
