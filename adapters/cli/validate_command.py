"""`gdg-runtime validate`."""

import json
import os

import click

from ...actors.resolved import load_episode
from ...scenarios.schema.goals import GoalsConfig
from .errors import reported
from .options import json_option, override_options, scenario_argument


@click.command("validate")
@scenario_argument
@override_options
@json_option
def command(scenario: str, sets: tuple[str, ...], params: tuple[str, ...], as_json: bool) -> None:
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
    """Whether goals decide what agents do."""
    if goals.shadow:
        return "are ranked and logged, never executed (shadow: on)"
    if not goals.system:
        return "are kept, and nothing asks for them (system: off)"
    if goals.canary_percent < 100:
        return f"decide in {goals.canary_percent:g} % of the selections"
    return "decide what agents do"
