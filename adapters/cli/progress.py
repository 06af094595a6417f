"""Progress of a run: a bar on a terminal, lines elsewhere; with `--verbose`, each effect."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from ...actors.ports import Observer
from ...runtime.effects import Done
from ...scenarios.schema.episode import EpisodeConfig
from ...scenarios.world import Moment
from .serve import stderr_log
from .tables import chosen, duration, heading, shown, stderr_bar

_TELLING = ("toxicity_rate", "quality_gap", "total_welfare", "mean_alignment")
_MOST_FIGURES = 3


def key_figures(figures: dict[str, Any], track: Sequence[str]) -> str:
    """Describe the most telling metrics of an epoch in a few words."""
    wanted = [name for name in chosen(track, figures) if track or name in _TELLING]
    words = [f"{heading(name)} {shown(figures[name]['value'])}" for name in wanted[:_MOST_FIGURES]]
    return _joined(*words)


class Pace(Observer):
    """The speed of a run, and the time that it still takes at this speed."""

    def __init__(self, config: EpisodeConfig) -> None:
        self.simulation = config.simulation
        self.track = config.metrics.track
        self._began = time.monotonic()
        self._done = 0
        self._agent_steps = 0

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        self._done, self._agent_steps = moment.index + 1, agent_steps

    @property
    def speed(self) -> str:
        """Agent-steps per second, in words."""
        rate = self._agent_steps / max(time.monotonic() - self._began, 1e-9)
        return f"{rate:,.0f} agent-steps/s" if rate >= 10 else f"{rate:.2g} agent-steps/s"

    @property
    def left(self) -> str:
        """The time left, in words; empty where nothing is known or left."""
        steps = self.simulation.steps
        if not 0 < self._done < steps:
            return ""
        passed = time.monotonic() - self._began
        return f"{duration(passed / self._done * (steps - self._done))} left"

    def place(self, moment: Moment) -> str:
        """Say which epoch it is, of how many."""
        return f"epoch {moment.epoch + 1}/{self.simulation.epochs}"


class PlainProgress(Pace):
    """Lines on stderr: one per epoch or long step, at most one in two seconds."""

    bar: AbstractContextManager[object] = nullcontext()
    interval_s = 2.0
    step_interval_s = 30.0

    def __init__(self, config: EpisodeConfig) -> None:
        super().__init__(config)
        self.last = time.monotonic()

    def say(self, text: str) -> None:
        """Print a notice for the user. A run goes on where its reader is gone."""
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        super().step_closed(moment, agent_steps)
        if time.monotonic() - self.last >= self.step_interval_s:
            self._line(
                f"{self.place(moment)}, step {moment.step + 1}/{self.simulation.steps_per_epoch}"
            )

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        is_last = moment.epoch + 1 == self.simulation.epochs
        if is_last or time.monotonic() - self.last >= self.interval_s:
            self._line(self.place(moment), key_figures(figures, self.track))

    def _line(self, place: str, metrics: str = "") -> None:
        self.last = time.monotonic()
        self.say(_joined(place, self.speed, self.left, metrics))


class TerminalProgress(Pace):
    """A bar on the terminal with epoch, speed, the time left and key metrics."""

    interval_s = 0.1

    def __init__(self, config: EpisodeConfig) -> None:
        from rich.markup import escape
        from rich.progress import BarColumn, TextColumn
        from rich.table import Column

        super().__init__(config)
        whole = Column(no_wrap=True)
        # On a narrow terminal the metrics give way, since they come again at the end.
        rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self.bar = stderr_bar(
            TextColumn("[bold]{task.description}", table_column=whole),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[where]}", markup=False, table_column=whole),
            TextColumn("{task.fields[figures]}", markup=False, style="dim", table_column=rest),
            expand=True,
        )
        first = f"epoch 1/{self.simulation.epochs}"
        self.task = self.bar.add_task(
            escape(config.scenario_id), total=self.simulation.steps, where=first, figures=""
        )
        self.last = 0.0

    def say(self, text: str) -> None:
        """Print a notice for the user."""
        self.bar.console.print(text, markup=False)

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        super().step_closed(moment, agent_steps)
        now = time.monotonic()
        if now - self.last >= self.interval_s:
            self.last = now
            where = _joined(self.place(moment), self.speed, self.left)
            self.bar.update(self.task, completed=moment.index + 1, where=where)

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        self.bar.update(self.task, figures=key_figures(figures, self.track))


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def effect_log() -> Callable[[Done], None]:
    """Return a function that logs an effect on stderr, as `stderr_log` does."""
    log = stderr_log(verbose=True)

    def record(effect: Done) -> None:
        request, outcome = effect.slot.request, effect.outcome
        write = log.info if outcome.status == "ok" else log.warning
        write(
            f"effect {outcome.status}", actor=request.actor, number=request.number,
            effect=request.effect, seconds=round(effect.seconds, 3), late=effect.late,
            reason=f"{outcome.kind} {outcome.text}".strip(),
        )  # fmt: skip

    return record
