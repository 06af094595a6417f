"""`gdg-runtime list`."""

import json
from inspect import getdoc

import click

from ...actors.resolved import KINDS as KINDS_BELOW
from ...scenarios.catalogue import Catalogue, CatalogueError, Kind
from ...scenarios.files.loader import load_scenario
from ...scenarios.files.shipped import shipped_scenarios
from .errors import reported
from .options import json_option

KINDS = {
    **KINDS_BELOW,
    "providers": Kind(
        "provider",
        described={
            "openai": "llm.adapter: an OpenAI-compatible server, spoken to directly",
            "litellm": "llm.adapter: every provider that litellm knows; needs the extra [llm]",
            "local": "model: local/NAME: a small model that the run serves itself; needs the "
            "extra [local-llm]",
        },
        can_be_plugged_in=False,
    ),
    "sinks": Kind(
        "sink",
        described={"files": "the files of the run's directory, which every run writes"},
        can_be_plugged_in=False,
    ),
}
"""All kinds: those of the layers below, and the outside world's."""


@click.command("list")
@click.argument("kind", type=click.Choice([*KINDS, "scenarios"]))
@json_option
def command(kind: str, as_json: bool) -> None:
    """List what scenario files can name: built in, or plugged in by installed packages."""
    with reported():
        rows = _rows(kind, Catalogue(KINDS))
    if as_json:
        click.echo(json.dumps([{"name": name, "summary": summary} for name, summary in rows]))
        return
    from .tables import console, rows_table, safe

    cells = [[safe(name), safe(summary)] for name, summary in rows]
    console().print(rows_table(kind.capitalize(), ["name", "what it is"], cells))
    if kind in KINDS and not KINDS[kind].can_be_plugged_in:
        click.echo(f"All {kind} are built in: this version takes no plug-ins of the kind.")


def _rows(kind: str, catalogue: Catalogue) -> list[tuple[str, str]]:
    if kind == "scenarios":
        return [
            (name, f"{load_scenario(name, catalogue=catalogue).description} ({path})".lstrip())
            for name, path in shipped_scenarios().items()
        ]
    rows = _policies(catalogue) if kind == "agents" else []
    return rows + [(name, _summary(catalogue, kind, name)) for name in catalogue.names(kind)]


def _summary(catalogue: Catalogue, kind: str, name: str) -> str:
    """Describe a name in one line; a broken plug-in must not hide the others."""
    described = catalogue.kinds[kind].described
    if name in described:
        return described[name]
    try:
        found = catalogue.resolve(kind, name)
    except CatalogueError as error:
        return f"cannot be loaded: {error}"
    return getattr(found, "summary", "") or _first_line(found)


def _first_line(found: type) -> str:
    return (getdoc(found) or "").partition("\n")[0]


def _policies(catalogue: Catalogue) -> list[tuple[str, str]]:
    """The scripted policies of all worlds, which are agent types there."""
    rows = []
    for world_name in catalogue.names("worlds"):
        try:
            policies = catalogue.resolve("worlds", world_name).policies
        except CatalogueError as error:
            rows.append((f"(of {world_name})", f"cannot be loaded: {error}"))
            continue
        rows += [(name, f"{world_name}: {_first_line(found)}") for name, found in policies.items()]
    return rows
