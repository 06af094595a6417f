"""Load a scenario: from a path, a shipped name or plain data to the resolved config.

The way of a file: `source` (a tree of values that knows its lines) → `aliases` (one spelling, world
sections into the world's parameters) → overrides laid over it → `resolve` (names to classes, every
default) → `schema` (the config). Whatever is wrong on the way is collected and raised at once as
`InvalidScenario`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..catalogue import Catalogue
from ..schema.episode import EpisodeConfig, agent_ids, targets
from . import shipped_scenarios
from .diagnostics import Fault, Findings, InvalidScenario, Place, shown
from .nodes import Node, mapping
from .resolve import resolve
from .source import parse, read_document, read_source

__all__ = [
    "EpisodeConfig",
    "Fault",
    "InvalidScenario",
    "agent_ids",
    "load_scenario",
    "shipped_scenarios",
    "targets",
]

_INDEX = re.compile(r"\[(\d+)\]")
_BY_VARIABLE = {
    "GOAL_SYSTEM": "goals.system",
    "GOAL_SHADOW": "goals.shadow",
    "GOAL_CANARY_PERCENT": "goals.canary_percent",
}
"""Environment variables that go over what a scenario file says of goals, if it says anything."""


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
    """Load a scenario and resolve its config.

    `source` is a path, the name of a shipped scenario, or the document itself. `sets` override keys
    (`governance.transaction_tax_rate=0.1`), `scenario_params` parameters of the world (`k=v`);
    later ones win, `seed` and `epochs` over both. `catalogue` knows the agents and levers of the
    layers above. `environment` may hold GOAL_SYSTEM, GOAL_SHADOW and GOAL_CANARY_PERCENT, which go
    over what a file says in `goals:` and under `sets`.

    Raises `InvalidScenario` with every fault of file and overrides.
    """
    findings = Findings()
    patches = _read_overrides(sets, scenario_params, seed, epochs, findings)
    if isinstance(source, Mapping):
        read = read_document(source, findings)
    else:
        read = read_source(source, findings)
    if read is not None:
        tree = parse(*read, "", findings)
        if tree is not None:
            if _has_goals([tree, *patches]):
                patches = [*_read_environment(environment or {}, findings), *patches]
            config = resolve(tree, patches, catalogue or Catalogue(), findings)
            if config is not None and not findings:
                return config
    raise findings.error()


def _has_goals(trees: Sequence[Node]) -> bool:
    """Return whether there are goals for a GoalStore: in a section, or in an entry of agents."""
    sections = [tree.find("goals") for tree in trees]
    if any(section is not None and section.value is not None for section in sections):
        return True
    entries = [entry for tree in trees for entry in tree.listed("agents")]
    return any(goal.is_mapping for entry in entries for goal in entry.listed("goals"))


def _read_overrides(
    sets: Sequence[str],
    scenario_params: Sequence[str],
    seed: int | None,
    epochs: int | None,
    findings: Findings,
) -> list[Node]:
    """Read the overrides, in the order in which they apply; where two meet, the last one wins.

    `sets` are `path.to.key=value` from the top of the file (`agents.0.count=3`),
    `scenario_params` the same from the parameters of the world. Values are YAML.
    """
    patches = [_assignment("--set", text, "", findings) for text in sets]
    patches += [
        _assignment("--scenario-param", text, "world.params.", findings) for text in scenario_params
    ]
    for option, number in (("seed", seed), ("epochs", epochs)):
        if number is not None:
            place = Place(f"--{option} {number}")
            path = f"simulation.{option}"
            patches.append(_patch(place, path.split("."), Node(number, place, path)))
    return [patch for patch in patches if patch is not None]


def _read_environment(environment: Mapping[str, str], findings: Findings) -> list[Node]:
    """Read what the environment says of goals, as overrides."""
    patches = []
    for variable, path in _BY_VARIABLE.items():
        if variable in environment:
            given = environment[variable].strip()
            place = Place(f"{variable}={shown(given)}")
            leaf = parse(given, place, path, findings)
            if leaf is not None:
                patches.append(_patch(place, path.split("."), leaf))
    return patches


def _assignment(option: str, text: str, below: str, findings: Findings) -> Node | None:
    place = Place(f"{option} {shown(text)}")
    key, equals, value = text.partition("=")
    path = _INDEX.sub(r".\1", below + key.strip()).split(".")
    if not equals or not all(path):
        findings.add(place, "", expected="key.to.set=value", got=f"'{shown(text)}'")
        return None
    leaf = parse(value, place, shown(key.strip()), findings)
    return None if leaf is None else _patch(place, path, leaf)


def _patch(place: Place, path: Sequence[str], leaf: Node) -> Node:
    """Make the mappings on the way from the top of the file to the leaf."""
    for depth in reversed(range(len(path))):
        above = mapping(place, shown(".".join(path[:depth])))
        above.entries[path[depth]] = leaf
        leaf = above
    return leaf
