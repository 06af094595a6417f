"""A run as a plain object, for programs and notebooks."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import Any

from ...runtime.drivers.live import StopSwitch
from ...runtime.errors import JournalError
from .errors import RunUnreadable
from .execution import OwnProviders, RunOptions, resume_episode
from .live_run import Result
from .process import in_own_thread, tuned_collector
from .reader import MetricValue, RunReader
from .verify import Verification, verify_run

_MOST_ROWS = 50


class Run(RunReader):
    """One run, completed or not; its files are read when they are asked for.

    A file that is damaged raises RunUnreadable or JournalError where it is read, and nowhere else.
    """

    def __init__(self, path: Path, cause: BaseException | None = None) -> None:
        super().__init__(path)
        self.directory = path
        """The run's directory."""
        self.cause = cause
        """The exception that ended a failed run, if it was executed by this process."""

    @property
    def id(self) -> str:
        """The name of the run's directory; two scenarios may have runs of one name."""
        return self.directory.resolve().name

    @property
    def error(self) -> str | None:
        """The reason why the run failed; None if it did not."""
        return self.meta.get("error")

    @property
    def paused(self) -> str | None:
        """The reason why the run paused, such as a budget that is used up; None if it did not."""
        return self.meta.get("paused")

    @property
    def seed(self) -> int:
        """The seed of all randomness."""
        return self.config.simulation.seed

    @property
    def metrics(self) -> dict[str, float | None]:
        """The metrics of the whole episode by name; empty until the run is completed.

        An undefined one is None; `overall` has the reason.
        """
        return {name: metric["value"] for name, metric in self.overall.items()}

    @property
    def overall(self) -> dict[str, MetricValue]:
        """The same metrics, each with `value`, `n` (observations) and perhaps a `reason`."""
        return super().overall or {}

    @property
    def agents(self) -> dict[str, dict[str, Any]]:
        """Risk band, drift and tools by agent; empty until the run is completed."""
        return super().agents or {}

    def verify(self) -> Verification:
        """Execute the run again from its journal, without network, and compare every byte.

        Raises RunUnreadable, CatalogueError.
        """
        # A thread of its own, since the engine refuses to run where an event loop does.
        with ThreadPoolExecutor(1, "gdg-verify") as threads:
            return threads.submit(verify_run, self.files).result()

    def resume(
        self, *, providers: OwnProviders | None = None, options: RunOptions | None = None
    ) -> "Run":
        """Go on with a run that was stopped, paused or killed, and return it as it is then.

        No answer that was recorded is asked for again. Interrupts work as in `gdg.run`. Raises
        RunBusy, RunChanged, RunUnreadable, JournalError and what `gdg.run` raises.
        """
        chosen = options or RunOptions(say=say)
        return executed(
            lambda stop: resume_episode(self.files, providers, stop, options=chosen), chosen
        )

    def __repr__(self) -> str:
        return f"<Run {self.directory}: {self.status}>"

    def _repr_html_(self) -> str:
        """Return the run as HTML for a notebook; every text from its files is escaped."""
        try:
            return self._summary()
        except (RunUnreadable, JournalError) as error:
            rows = [("status", self.status), ("damaged", error), ("directory", self.directory)]
            return _table("Run", (), rows)

    def _summary(self) -> str:
        config = self.config
        rows: list[tuple[object, ...]] = [("status", self.status), ("seed", config.simulation.seed)]
        rows += [
            (name, self.meta[name])
            for name in ("agent_steps", "epochs", "wall_s", "error", "paused")
            if self.meta.get(name) is not None
        ]
        rows.append(("directory", self.directory))
        metrics = [
            (name, _number(metric["value"]), metric["n"], metric.get("reason") or "")
            for name, metric in list(self.overall.items())[:_MOST_ROWS]
        ]
        shown = _table(f"Run of {config.scenario_id}", (), rows)
        if not metrics:
            return shown + f"<p>{escape(self.absent.get('metrics', 'no metrics'))}</p>"
        return shown + _table("The whole run", ("metric", "value", "n", "note"), metrics)


def executed(work: Callable[[StopSwitch], Awaitable[Result]], options: RunOptions) -> Run:
    """Execute an episode in a thread of its own, and return its run."""
    with tuned_collector():
        result = in_own_thread(work, options.backend, options.say)
    return Run(result.directory, result.cause)


def say(text: str) -> None:
    """Print a notice where it does not mix with a program's output."""
    print(text, file=sys.stderr)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:,.4g}"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Make an HTML table of escaped texts."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<table><caption>{escape(title)}</caption>"
        + (f"<thead><tr>{head}</tr></thead>" if heads else "")
        + f"<tbody>{body}</tbody></table>"
    )
