"""What a run came to, and the counting on the way there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...actors.ports import Observer
from ...scenarios.world import Moment


@dataclass
class Result:
    """What a finished, stopped or failed run came to."""

    directory: Path
    status: str
    """completed, stopped or failed."""
    scenario: str
    seed: int
    epochs: int
    """Epochs that were completed."""
    agent_steps: int
    cpu_s: float
    """CPU seconds of this process spent on the episode."""
    wall_s: float
    overall: dict[str, Any]
    """Figures of the whole episode by name; empty unless completed."""
    language_models: dict[str, Any] | None = None
    """What was asked of language models and what it cost; None where there are none."""
    paused: str | None = None
    """Why it had to pause: a budget is used up, a provider is down."""
    error: str | None = None
    """Why it failed, for the user."""
    cause: BaseException | None = None
    """The same with its traceback, for who wrote the code that failed."""

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "run_dir": str(self.directory),
            "status": self.status,
            "scenario": self.scenario,
            "seed": self.seed,
            "epochs": self.epochs,
            "agent_steps": self.agent_steps,
            "cpu_s": round(self.cpu_s, 6),
            "wall_s": round(self.wall_s, 6),
            "metrics": {name: figure["value"] for name, figure in self.overall.items()},
            "language_models": self.language_models,
            "paused": self.paused,
            "error": self.error,
        }


def ignore_end() -> None:
    """Stands where nobody waits for the episode's end."""


class Tally:
    """Counts for the result, and passes on to whoever watches."""

    def __init__(self, observer: Observer, on_closed: Callable[[], None] = ignore_end) -> None:
        """`on_closed` is called when the episode is over, by the thread that it ran in."""
        self._observer = observer
        self._on_closed = on_closed
        self.agent_steps = 0
        self.epochs = 0
        self.overall: dict[str, Any] = {}

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        self.agent_steps = agent_steps
        self._observer.step_closed(moment, agent_steps)

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        self.epochs = moment.epoch + 1
        self._observer.epoch_closed(moment, figures)

    def episode_closed(self, figures: dict[str, Any]) -> None:
        self.overall = figures
        self._observer.episode_closed(figures)
        self._on_closed()
