"""A metric of your own: how far apart the agents' scores lie. Used by own_world.yaml."""

from gdg_runtime.scenarios.measures.figure import Figure
from gdg_runtime.scenarios.measures.metric import Metric


class SpreadOfAlignment(Metric):
    """Highest less lowest alignment score of the epoch, in [0, 1]."""

    name = "spread_of_alignment"

    def __init__(self) -> None:
        self.low, self.high, self.scored = 1.0, 0.0, 0

    def turn(self, agent: str, score: float | None, acted: bool) -> None:
        if score is not None:
            self.low, self.high = min(self.low, score), max(self.high, score)
            self.scored += 1

    def close(self, agents: int) -> Figure:
        if not self.scored:
            return Figure.undefined("no step could be scored")
        return Figure.of(self.high - self.low, self.scored)
