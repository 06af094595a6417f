"""`gdg-runtime list`."""

import json
from inspect import getdoc

import click

from ...actors.resolved import default_catalogue
from ...scenarios.catalogue import Catalogue, CatalogueError, Kind
from ...scenarios.files.loader import load_scenario
from ...scenarios.files.shipped import shipped_scenarios
from ...scenarios.measures.metric import METRICS
from .errors import reported
from .options import json_option

_KINDS = ["agents", "levers", "worlds", "metrics", "scenarios"]


@click.command("list")
@click.argument("kind", type=click.Choice(_KINDS))
@json_option
def command(kind: str, as_json: bool) -> None:
    """List what scenario files can name: built in, or plugged in by installed packages."""
    with reported():
        rows = _rows(kind, default_catalogue())
    if as_json:
        click.echo(json.dumps([{"name": name, "summary": summary} for name, summary in rows]))
        return
    from .tables import console, rows_table, safe

    cells = [[safe(name), safe(summary)] for name, summary in rows]
    console().print(rows_table(kind.capitalize(), ["name", "what it is"], cells))


def _rows(kind: str, catalogue: Catalogue) -> list[tuple[str, str]]:
    match kind:
        case "agents":
            return _agents(catalogue)
        case "levers":
            return [(name, _summary(catalogue, "levers", name)) for name in catalogue.names(kind)]
        case "worlds":
            return [(name, _summary(catalogue, "worlds", name)) for name in catalogue.names(kind)]
        case "metrics":
            own = [name for name in catalogue.names("metrics") if name not in METRICS]
            return [
                *METRICS.items(),
                *[(name, _summary(catalogue, "metrics", name)) for name in own],
            ]
        case _:
            return [
                (name, f"{load_scenario(name, catalogue=catalogue).description} ({path})".lstrip())
                for name, path in shipped_scenarios().items()
            ]


def _summary(catalogue: Catalogue, kind: Kind, name: str) -> str:
    """One line about a class; a broken plug-in must not hide the others."""
    try:
        found = catalogue.resolve(kind, name)
    except CatalogueError as error:
        return f"cannot be loaded: {error}"
    return getattr(found, "summary", "") or _first_line(found)


def _first_line(found: type) -> str:
    return (getdoc(found) or "").partition("\n")[0]


def _agents(catalogue: Catalogue) -> list[tuple[str, str]]:
    rows = []
    for world_name in catalogue.names("worlds"):
        try:
            policies = catalogue.resolve("worlds", world_name).policies
        except CatalogueError as error:
            rows.append((f"(of {world_name})", f"cannot be loaded: {error}"))
            continue
        rows += [(name, f"{world_name}: {_first_line(found)}") for name, found in policies.items()]
    return rows + [
        (name, _summary(catalogue, "agents", name)) for name in catalogue.names("agents")
    ]
