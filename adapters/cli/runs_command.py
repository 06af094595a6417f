"""`gdg-runtime runs`."""

import json
from pathlib import Path

import click

from ..runs.catalogue import RunCatalogue
from .errors import reported
from .options import json_option, out_option


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
    from .tables import console, rows_table, safe, status_text

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
