"""`gdg-runtime list`, `validate` and `completion`: the names and files that the others take."""

import json
import os

import click
from click.shell_completion import get_completion_class

from ...actors.resolved import KINDS as KINDS_BELOW
from ...actors.resolved import load_episode
from ...scenarios.catalogue import Catalogue, CatalogueError, Kind
from ...scenarios.files import shipped_scenarios
from ...scenarios.files.loader import load_scenario
from ...scenarios.schema.goals import GoalsConfig
from .errors import reported
from .options import json_option, override_options, scenario_argument
from .tables import console, first_line, rows_table, safe

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
def list_known(kind: str, as_json: bool) -> None:
    """List what scenario files can name: built in, or plugged in by installed packages."""
    with reported():
        rows = _rows(kind, Catalogue(KINDS))
    if as_json:
        click.echo(json.dumps([{"name": name, "summary": summary} for name, summary in rows]))
        return
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
    return getattr(found, "summary", "") or first_line(found)


def _policies(catalogue: Catalogue) -> list[tuple[str, str]]:
    """List the scripted policies of all worlds, which are agent types there."""
    rows = []
    for world_name in catalogue.names("worlds"):
        try:
            policies = catalogue.resolve("worlds", world_name).policies
        except CatalogueError as error:
            rows.append((f"(of {world_name})", f"cannot be loaded: {error}"))
            continue
        rows += [(name, f"{world_name}: {first_line(found)}") for name, found in policies.items()]
    return rows


@click.command("validate")
@scenario_argument
@override_options
@json_option
def validate(scenario: str, sets: tuple[str, ...], params: tuple[str, ...], as_json: bool) -> None:
    """Check SCENARIO and say what it comes to; --json prints the resolved config."""
    with reported():
        episode = load_episode(scenario, sets=sets, scenario_params=params, environment=os.environ)
    config = episode.config
    if as_json:
        click.echo(json.dumps(config.model_dump(mode="json"), indent=2))
        return
    simulation = config.simulation
    click.echo(
        f"{scenario} is fine: world {config.world.name}, {len(episode.agents)} agents, "
        f"{simulation.epochs} epochs of {simulation.steps_per_epoch} steps, seed {simulation.seed}."
    )
    if config.goals is not None:
        click.echo(f"Goals {_standing(config.goals)}.")


def _standing(goals: GoalsConfig) -> str:
    """Say how far goals decide what agents do."""
    if goals.shadow:
        return "are ranked and logged, never executed (shadow: on)"
    if not goals.system:
        return "are kept, and nothing asks for them (system: off)"
    if goals.canary_percent < 100:
        return f"decide in {goals.canary_percent:g} % of the selections"
    return "decide what agents do"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL.

    For bash: eval "$(gdg-runtime completion bash)"
    """
    from . import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "gdg-runtime", "_GDG_RUNTIME_COMPLETE").source())
