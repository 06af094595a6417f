"""Overrides from the command line, each as a small tree to lay over the file's."""

import re
from collections.abc import Mapping, Sequence

from .diagnostics import Findings, Place, shown
from .nodes import Node, mapping
from .yaml_text import parse

_INDEX = re.compile(r"\[(\d+)\]")
_BY_VARIABLE = {
    "GOAL_SYSTEM": "goals.system",
    "GOAL_SHADOW": "goals.shadow",
    "GOAL_CANARY_PERCENT": "goals.canary_percent",
}
"""Environment variables that go over what a scenario file says of goals, if it says anything."""


def read_overrides(
    sets: Sequence[str],
    scenario_params: Sequence[str],
    seed: int | None,
    epochs: int | None,
    findings: Findings,
) -> list[Node]:
    """The overrides in the order in which they apply; where two meet, the last one wins.

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


def read_environment(environment: Mapping[str, str], findings: Findings) -> list[Node]:
    """What the environment says of goals, as overrides."""
    patches = []
    for variable, path in _BY_VARIABLE.items():
        if variable in environment:
            given = environment[variable].strip()
            place = Place(f"{variable}={shown(given)}")
            leaf = parse(given, lambda _, place=place: place, path, findings)  # type: ignore[misc]
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
    leaf = parse(value, lambda _: place, shown(key.strip()), findings)
    return None if leaf is None else _patch(place, path, leaf)


def _patch(place: Place, path: Sequence[str], leaf: Node) -> Node:
    root = here = mapping(place, "")
    for depth, key in enumerate(path[:-1], start=1):
        below = mapping(place, shown(".".join(path[:depth])))
        here.entries[key] = below
        here = below
    here.entries[path[-1]] = leaf
    return root
