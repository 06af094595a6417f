"""`gdg-runtime list`."""

import json
from inspect import getdoc

import click

from ...actors.plugins import default_catalogue
from ...scenarios.catalogue import Catalogue
from ...scenarios.measures.catalogue import METRICS
from ...scenarios.shipped import shipped_scenarios
from .options import json_option
from .trouble import told

_KINDS = ["agents", "levers", "worlds", "metrics", "scenarios"]


@click.command("list")
@click.argument("kind", type=click.Choice(_KINDS))
@json_option
def command(kind: str, as_json: bool) -> None:
    """List what scenario files can name: built in, or plugged in by installed packages."""
    with told():
        rows = _rows(kind, default_catalogue())
    if as_json:
        click.echo(json.dumps([{"name": name, "summary": summary} for name, summary in rows]))
        return
    from rich.markup import escape

    from .tables import console, rows_table

    table = rows_table(
        kind.capitalize(), ["name", "what it is"], [[escape(n), escape(s)] for n, s in rows]
    )
    console().print(table)


def _rows(kind: str, catalogue: Catalogue) -> list[tuple[str, str]]:
    match kind:
        case "agents":
            return _agents(catalogue)
        case "levers" | "worlds":
            names = catalogue.names("levers" if kind == "levers" else "worlds")
            return [
                (name, catalogue.resolve("levers" if kind == "levers" else "worlds", name).summary)
                for name in names
            ]
        case "metrics":
            own = [name for name in catalogue.names("metrics") if name not in METRICS]
            return [*METRICS.items(), *[(name, "plugged in") for name in own]]
        case _:
            return [(name, str(path)) for name, path in shipped_scenarios().items()]


def _agents(catalogue: Catalogue) -> list[tuple[str, str]]:
    rows = []
    for world_name in catalogue.names("worlds"):
        for name, policy in catalogue.resolve("worlds", world_name).policies.items():
            rows.append((name, f"{world_name}: {(getdoc(policy) or '').splitlines()[0]}"))
    for name in catalogue.names("agents"):
        summary = (getdoc(catalogue.resolve("agents", name)) or "").partition("\n")[0]
        rows.append((name, summary))
    return rows
