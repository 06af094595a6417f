"""The result of an execution, and the counters that lead to it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...actors.ports import Observer
from ...scenarios.world import Moment


@dataclass
class Result:
    """The outcome of one execution of a run."""

    directory: Path
    status: str
    """completed, stopped or failed."""
    scenario: str
    seed: int
    epochs: int
    """Epochs that were completed."""
    agent_steps: int
    cpu_s: float
    """CPU seconds of this process while the episode ran."""
    wall_s: float
    """Seconds on the clock."""
    overall: dict[str, Any]
    """Metrics of the whole episode by name; empty unless completed."""
    language_models: dict[str, Any] | None = None
    """What was asked of language models and what it cost; None where there are none."""
    paused: str | None = None
    """Why it had to pause: a budget is used up, a provider is down."""
    error: str | None = None
    """Why it failed, for the user."""
    cause: BaseException | None = None
    """The same as an exception with its traceback, for the author of the code that failed."""

    def to_json(self) -> dict[str, Any]:
        """Return the document of `--json`."""
        return {
            "run_dir": str(self.directory),
            "status": self.status,
            "scenario": self.scenario,
            "seed": self.seed,
            "epochs": self.epochs,
            "agent_steps": self.agent_steps,
            "cpu_s": round(self.cpu_s, 6),
            "wall_s": round(self.wall_s, 6),
            "metrics": {name: metric["value"] for name, metric in self.overall.items()},
            "language_models": self.language_models,
            "paused": self.paused,
            "error": self.error,
        }


class Tally(Observer):
    """Counts steps and epochs for the result, and passes them on to an observer."""

    def __init__(self, observer: Observer, on_closed: Callable[[], None] | None) -> None:
        """Call `on_closed` when the episode is over, in the thread of its kernel."""
        self._observer = observer
        self._on_closed = on_closed
        self.agent_steps = 0
        self.epochs = 0
        self.overall: dict[str, Any] = {}

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        self.agent_steps = agent_steps
        self._observer.step_closed(moment, agent_steps)

    def epoch_closed(self, moment: Moment, metrics: dict[str, Any]) -> None:
        self.epochs = moment.epoch + 1
        self._observer.epoch_closed(moment, metrics)

    def episode_closed(self, metrics: dict[str, Any]) -> None:
        self.overall = metrics
        self._observer.episode_closed(metrics)
        if self._on_closed is not None:
            self._on_closed()
