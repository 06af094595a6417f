"""Scenario files: from a path or the name of a shipped scenario to the resolved config.

The way of a file: `source` (bytes to text) → `yaml_text` (a tree that knows its lines) →
`spellings` (one spelling, world sections into the world's parameters) → `overrides` laid over it →
`resolve` (names to classes, every default) → `schema` (the config). Whatever is wrong on the way
is collected and raised at once as `InvalidScenario`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..catalogue import Catalogue
from ..schema.episode import EpisodeConfig
from ..schema.roster import agent_ids, targets
from .diagnostics import Fault, Findings, InvalidScenario, Place
from .file import read_document, read_source
from .nodes import Node
from .overrides import read_environment, read_overrides
from .resolve import resolve
from .shipped import shipped_scenarios
from .yaml_text import parse

__all__ = [
    "EpisodeConfig",
    "Fault",
    "InvalidScenario",
    "agent_ids",
    "load_scenario",
    "shipped_scenarios",
    "targets",
]


def load_scenario(
    source: Path | str | Mapping[str, Any],
    *,
    sets: Sequence[str] = (),
    scenario_params: Sequence[str] = (),
    seed: int | None = None,
    epochs: int | None = None,
    catalogue: Catalogue | None = None,
    environment: Mapping[str, str] | None = None,
) -> EpisodeConfig:
    """The resolved config of a scenario file.

    `source` is a path, the name of a shipped scenario, or the document itself. `sets` override keys
    (`governance.transaction_tax_rate=0.1`), `scenario_params` parameters of the world (`k=v`);
    later ones win, `seed` and `epochs` over both. `catalogue` knows the agents and levers of the
    layers above. `environment` may hold GOAL_SYSTEM, GOAL_SHADOW and GOAL_CANARY_PERCENT, which go
    over what a file says in `goals:` and under `sets`.

    Raises `InvalidScenario` with every fault of file and overrides.
    """
    findings = Findings()
    patches = read_overrides(sets, scenario_params, seed, epochs, findings)
    if isinstance(source, Mapping):
        read, has_lines = read_document(source, findings), False
    else:
        read, has_lines = read_source(source, findings), True
    if read is not None:
        name, text = read
        tree = parse(text, lambda line: Place(name, line if has_lines else None), "", findings)
        if tree is not None:
            if _has_goals([tree, *patches]):
                patches = [*read_environment(environment or {}, findings), *patches]
            config = resolve(tree, patches, catalogue or Catalogue(), findings)
            if config is not None and not findings:
                return config
    raise findings.error()


def _has_goals(trees: Sequence[Node]) -> bool:
    """Whether there are goals for a GoalStore: in a section, or in an entry of agents."""
    agents = [tree.entries["agents"] for tree in trees if "agents" in tree.entries]
    if any("goals" in tree.entries and tree.entries["goals"].value is not None for tree in trees):
        return True
    own = [entry.entries["goals"] for found in agents for entry in found.items
           if "goals" in entry.entries]  # fmt: skip
    return any(goal.is_mapping for goals in own for goal in goals.items)
