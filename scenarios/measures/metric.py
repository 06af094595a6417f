"""A metric of the user's own, beside the built-in ones."""

from abc import ABC, abstractmethod
from typing import ClassVar

from ..economy.interaction import Interaction
from .figure import Figure


class Metric(ABC):
    """Accumulates over an epoch (and, a second instance, over the whole episode).

    Memory must not grow with the number of calls. Name the class in a scenario file under
    `metrics.track` as `module:Class`, or give it an entry point of the group
    `gdg_runtime.metrics`.
    """

    name: ClassVar[str]
    """What the figure is called in `metrics.json`."""

    def interaction(self, interaction: Interaction) -> None:
        """An interaction was settled, or rejected."""

    def turn(self, agent: str, score: float | None, acted: bool) -> None:
        """An agent had its turn; `score` is its alignment in [0, 1], None if it has none."""

    @abstractmethod
    def close(self, agents: int) -> Figure:
        """The figure of what was seen; `agents` is the size of the population."""
