"""Progress of a run: a live bar on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from ...scenarios.contract import Moment
from ...scenarios.schema.episode import EpisodeConfig

_KEY_METRICS = ("toxicity_rate", "quality_gap", "total_welfare", "mean_alignment")
_SHORT = {
    "toxicity_rate": "toxicity",
    "quality_gap": "quality gap",
    "total_welfare": "welfare",
    "mean_alignment": "alignment",
}


def key_figures(figures: dict[str, Any], track: tuple[str, ...]) -> str:
    """The most telling figures of an epoch in a few words."""
    names = [name for name in (track or _KEY_METRICS) if name in figures][:3]
    parts = []
    for name in names:
        value = figures[name]["value"]
        parts.append(f"{_SHORT.get(name, name)} {'undefined' if value is None else f'{value:.3f}'}")
    return " · ".join(parts)


class PlainProgress:
    """Lines on stderr: one per epoch, at most one in two seconds."""

    interval_s = 2.0

    def __init__(self, config: EpisodeConfig) -> None:
        self.config = config
        self.began = time.monotonic()
        self.last = self.began
        self.agent_steps = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Nothing to put back."""

    def say(self, text: str) -> None:
        """A notice for the user."""
        print(text, file=sys.stderr, flush=True)

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        self.agent_steps = agent_steps

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        now = time.monotonic()
        epochs = self.config.simulation.epochs
        if now - self.last < self.interval_s and moment.epoch + 1 < epochs:
            return
        self.last = now
        rate = self.agent_steps / max(now - self.began, 1e-9)
        told = key_figures(figures, self.config.metrics.track)
        self.say(f"epoch {moment.epoch + 1}/{epochs} · {rate:,.0f} agent-steps/s · {told}")


class TerminalProgress:
    """A bar on the terminal with epoch, speed, key metrics and the time left."""

    interval_s = 0.1

    def __init__(self, config: EpisodeConfig) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.config = config
        self.console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[where]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("[dim]{task.fields[figures]}"),
            console=self.console,
            transient=True,
        )
        self.task = self.progress.add_task(
            config.scenario_id, total=config.simulation.steps, where="", figures=""
        )
        self.began = time.monotonic()
        self.last = 0.0

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.progress.stop()

    def say(self, text: str) -> None:
        """A notice for the user."""
        self.console.print(text, markup=False)

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        now = time.monotonic()
        if now - self.last < self.interval_s:
            return
        self.last = now
        rate = agent_steps / max(now - self.began, 1e-9)
        where = f"epoch {moment.epoch + 1}/{self.config.simulation.epochs} · {rate:,.0f} steps/s"
        self.progress.update(self.task, completed=moment.index + 1, where=where)

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        told = key_figures(figures, self.config.metrics.track)
        self.progress.update(self.task, figures=told)
