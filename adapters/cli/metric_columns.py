"""Choose the metrics that are shown to people, and their short headings."""

from collections.abc import Mapping, Sequence
from inspect import getdoc
from typing import Any

from ...actors.resolved import default_catalogue
from ...scenarios.catalogue import CatalogueError
from ...scenarios.measures.metric import METRICS

_MOST_OF_THE_WORLD = 4

_USUAL = {
    "toxicity_rate": "toxicity",
    "quality_gap": "quality gap",
    "conditional_loss_initiator": "cond. loss",
    "total_welfare": "welfare",
    "acceptance_rate": "accepted",
    "participation_rate": "active",
    "mean_alignment": "aligned",
}
"""The usual metrics in order; their short headings stand side by side in 80 columns."""


def heading(name: str) -> str:
    """Return a metric's name in a few short words."""
    return _USUAL.get(name, name.replace("_", " "))


def chosen(track: Sequence[str], present: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the metrics to show, each with what it says; in order.

    Those that the scenario tracks, else the usual ones; then the world's own.
    """
    wanted = dict(_tracked(name) for name in track) or {name: METRICS[name] for name in _USUAL}
    found = {name: says for name, says in wanted.items() if name in present}
    others = [name for name in present if name not in METRICS and name not in found]
    return found | dict.fromkeys(others[:_MOST_OF_THE_WORLD], "") or dict.fromkeys(present, "")


def _tracked(name: str) -> tuple[str, str]:
    """Return the name and the meaning of a tracked metric, which may be a `module:Class`."""
    if name in METRICS:
        return name, METRICS[name]
    try:
        found = default_catalogue().resolve("metrics", name)
    except CatalogueError:
        return name, ""
    return found.name, (getdoc(found) or "").partition("\n")[0]
