"""`gdg-runtime show`."""

import json
from collections import deque
from pathlib import Path
from typing import Any

import click

from ..meta import read_meta
from ..run_directory import RunDirectory
from .options import find_run, json_option, out_option
from .trouble import told


@click.command("show")
@click.argument("run")
@click.option(
    "--events",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How many of the last events.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="How many of the last epochs.",
)
@json_option
@out_option
def command(run: str, events: int, epochs: int, as_json: bool, out: Path) -> None:  # fmt: skip
    """Show RUN: its path, its name, or latest."""
    with told():
        directory = find_run(run, out)
        document = _read(directory, events)
    if as_json:
        click.echo(json.dumps(document))
        return
    _print(document, epochs)


def _read(run: RunDirectory, events: int) -> dict[str, Any]:
    meta = read_meta(run.file("meta.json"))
    status = meta.get("status", "interrupted")
    if status == "running" and not run.is_locked:
        status = "interrupted"
    metrics: dict[str, Any] = {}
    if run.file("metrics.json").is_file() and status == "completed":
        metrics = json.loads(run.file("metrics.json").read_bytes())
    config, schedule = run.read_config()
    last, completed = _events(run.file("events.jsonl"), events)
    return {
        "run_dir": str(run.path),
        "status": status,
        "meta": meta,
        "config": config.model_dump(mode="json"),
        "schedule": schedule,
        "overall": metrics.get("overall", {}),
        "epochs": metrics.get("epochs", completed),
        "agents": metrics.get("agents", {}),
        "last_events": last,
    }


def _events(path: Path, count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The last events, and the epochs that are complete; the file may end in the middle."""
    last: deque[dict[str, Any]] = deque(maxlen=count)
    epochs = []
    if path.is_file():
        with path.open("rb") as file:
            for line in file:
                try:
                    event = json.loads(line)
                except ValueError:
                    break
                last.append(event)
                if event["type"] == "epoch_completed":
                    epochs.append({"epoch": event["epoch"], "metrics": event["metrics"]})
    return list(last), epochs


def _print(document: dict[str, Any], epochs: int) -> None:
    from rich.markup import escape

    from .tables import console, epochs_table, rows_table, shown, status_text

    out, config, meta = console(), document["config"], document["meta"]
    simulation = config["simulation"]
    out.print(f"[bold]{escape(config['scenario_id'])}[/]  {status_text(document['status'])}")
    if config["description"]:
        out.print(escape(config["description"]))
    out.print(
        f"{simulation['epochs']} epochs of {simulation['steps_per_epoch']} steps, seed "
        f"{simulation['seed']}, {simulation['turn_order']} turns, schedule {document['schedule']}"
    )
    out.print(f"config {meta.get('config_hash', '?')}, gdg-runtime {meta.get('version', '?')}")
    if meta.get("error"):
        out.print(f"[red]{escape(str(meta['error']))}[/]")
    track = tuple(config["metrics"]["track"])
    if document["overall"]:
        rows = [
            [name, shown(figure["value"]), escape(figure.get("reason") or "")]
            for name, figure in document["overall"].items()
        ]
        out.print(rows_table("The whole run", ["figure", "value", "note"], rows))
    if document["epochs"]:
        out.print(epochs_table(document["epochs"], track, epochs))
    agents = document["agents"]
    if agents:
        rows = [
            [
                escape(agent),
                shown(entry["drift"]["mean_alignment"]["value"]),
                shown(entry["drift"]["slope"]["value"]),
                shown(entry["gdg_compat"]["stickiness"]),
                ", ".join(f"{tool} {n}" for tool, n in entry["gdg_compat"]["tool_usage"].items()),
            ]
            for agent, entry in list(agents.items())[:30]
        ]
        columns = ["agent", "mean alignment", "slope per step", "stickiness", "tools"]
        title = "Agents" + (f" (first 30 of {len(agents)})" if len(agents) > 30 else "")
        out.print(rows_table(title, columns, rows))
    if document["last_events"]:
        out.print("Last events", style="italic")
        for event in document["last_events"]:
            facts = {name: value for name, value in event.items()
                     if name not in ("n", "epoch", "step", "at", "type", "metrics")}  # fmt: skip
            text = json.dumps(facts, ensure_ascii=True)
            place = f"{event['epoch']}.{event['step']}"
            out.print(f"  {place:>7}  {event['type']}  {text[:160]}", markup=False, soft_wrap=True)
    out.print(f"run: {document['run_dir']}", markup=False, soft_wrap=True)
