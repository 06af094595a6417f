"""Everything that `import gdg_runtime as gdg` offers; the root package forwards here.

Errors, of which those of runs are RunError and have the texts that the command line shows:
InvalidScenario, CatalogueError (a plug-in that is not there), UnknownSchedule, RunNotFound,
RunAmbiguous, RunExists, RunBusy, RunUnreadable, RunUnwritable, RunChanged, ReleaseNeeded,
ProviderMissing, MissingKeys; JournalError and GdgError of the engine.
"""

import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..actors.llm.chat import Provider
from ..actors.ports import Observer
from ..actors.resolved import ResolvedEpisode, load_episode, resolve_episode
from ..runtime.drivers.live import StopSwitch
from ..runtime.errors import GdgError, JournalError
from ..runtime.order import UnknownSchedule
from ..scenarios.catalogue import CatalogueError
from ..scenarios.files.diagnostics import Fault, InvalidScenario
from ..scenarios.files.source import yaml_text_of
from ..scenarios.schema.episode import EpisodeConfig
from .llm.language_models import MissingKeys
from .runs import execution
from .runs.catalogue import find_run
from .runs.directory import RunDirectory
from .runs.errors import (
    ProviderMissing,
    ReleaseNeeded,
    RunAmbiguous,
    RunBusy,
    RunChanged,
    RunError,
    RunExists,
    RunNotFound,
    RunUnreadable,
    RunUnwritable,
)
from .runs.execution import OwnProviders, cassette_player
from .runs.live_run import Result, RunOptions
from .runs.process import in_own_thread, tuned_collector
from .runs.reader import MetricValue, RunReader
from .runs.verify import Verification, verify_run

if TYPE_CHECKING:
    from .cassette import Missing


__all__ = [
    "CatalogueError",
    "EpisodeConfig",
    "GdgError",
    "InvalidScenario",
    "JournalError",
    "MissingKeys",
    "Provider",
    "ProviderMissing",
    "ReleaseNeeded",
    "Run",
    "RunAmbiguous",
    "RunBusy",
    "RunChanged",
    "RunError",
    "RunExists",
    "RunNotFound",
    "RunOptions",
    "RunUnreadable",
    "RunUnwritable",
    "StopSwitch",
    "UnknownSchedule",
    "load_run",
    "load_scenario",
    "resume",
    "resume_episode",
    "run",
    "run_episode",
]

Scenario: TypeAlias = str | Path | Mapping[str, Any]
"""The name of a shipped scenario, the path of a file, or the document that such a file holds."""

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
        chosen = options or RunOptions(say=_say)
        return _executed(
            lambda stop: execution.resume_episode(self.files, providers, stop, options=chosen),
            chosen,
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
        metrics: list[tuple[object, ...]] = []
        for name, metric in list(self.overall.items())[:_MOST_ROWS]:
            value = "undefined" if metric["value"] is None else f"{metric['value']:,.4g}"
            metrics.append((name, value, metric["n"], metric.get("reason") or ""))
        shown = _table(f"Run of {config.scenario_id}", (), rows)
        if not metrics:
            return shown + f"<p>{escape(self.absent.get('metrics', 'no metrics'))}</p>"
        return shown + _table("The whole run", ("metric", "value", "n", "note"), metrics)


def _executed(work: Callable[[StopSwitch], Awaitable[Result]], options: RunOptions) -> Run:
    """Execute an episode in a thread of its own, and return its run."""
    with tuned_collector():
        result = in_own_thread(work, options.backend, options.say)
    return Run(result.directory, result.cause)


def _say(text: str) -> None:
    """Print a notice where it does not mix with a program's output."""
    print(text, file=sys.stderr)


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


def load_scenario(
    scenario: Scenario,
    *,
    seed: int | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (as the option is called)
    scenario_params: Mapping[str, Any] | None = None,
    epochs: int | None = None,
    label: str | None = None,
) -> EpisodeConfig:
    """Load a scenario with what lies over it, and return the resolved config.

    `set` replaces keys, such as `{"governance.transaction_tax_rate": 0.1, "agents.0.count": 5}`;
    `scenario_params` parameters of the world. `seed`, `epochs` and `label` go over both. Raises
    InvalidScenario with every fault.
    """
    return _resolved(scenario, seed, set, scenario_params, epochs, label).config


def run(
    scenario: Scenario | EpisodeConfig,
    *,
    seed: int | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (as the option is called)
    scenario_params: Mapping[str, Any] | None = None,
    epochs: int | None = None,
    label: str | None = None,
    schedule: str = "fifo",
    out: Path | str = "runs",
    directory: Path | str | None = None,
    providers: OwnProviders | None = None,
    budgets: Sequence[str] = (),
    cassette: Path | str | None = None,
    missing: "Missing" = "error",
    max_concurrency: int | None = None,
    backend: Literal["trio", "asyncio"] = "trio",
    observer: Observer | None = None,
) -> Run:
    """Run an episode to its end and return its run.

    The episode lives in a thread of its own, so this works in a notebook and in any other thread;
    it blocks the caller. The first interrupt stops the run at the end of the step and returns it,
    the next one stops it at once and raises KeyboardInterrupt. Either way it can be resumed. An
    episode that fails is returned with the status `failed`.

    The first six arguments are those of `load_scenario`; `schedule` is fifo, fair or shuffle:SEED.
    The run is written below `out` as `gdg-runtime start` does it, or to `directory`, which must
    hold no run. `providers` answer in place of the scenario's language models, by a model's name or
    as a function; no budget is kept of them. `budgets` go over the scenario's (`"usd=5"`). A
    `cassette` file answers effects; `missing` says what becomes of what it does not hold. At most
    `max_concurrency` effects are in flight at once. `observer` sees each step and epoch close.

    Raises InvalidScenario, CatalogueError, UnknownSchedule, RunError.
    """
    episode = _resolved(scenario, seed, set, scenario_params, epochs, label)
    options = RunOptions(
        backend=backend, max_concurrency=max_concurrency, observer=observer or Observer(),
        say=_say, budgets=tuple(budgets), cassette=cassette_player(cassette, missing),
    )  # fmt: skip
    begin = partial(
        execution.run_episode, episode, directory, providers, schedule=schedule, out=out,
        options=options,
    )  # fmt: skip
    return _executed(lambda stop: begin(stop=stop), options)


def resume(
    run: Run | Path | str,
    *,
    out: Path | str = "runs",
    providers: OwnProviders | None = None,
    options: RunOptions | None = None,
) -> Run:
    """Go on with a run that was stopped, paused or killed; `run` and `out` are as in `load_run`.

    Raises RunNotFound, RunAmbiguous, and what `Run.resume` raises.
    """
    found = run if isinstance(run, Run) else load_run(run, out=out)
    return found.resume(providers=providers, options=options)


def load_run(run: Path | str = "latest", *, out: Path | str = "runs") -> Run:
    """Return a run: by its directory, or below `out` by its name, the end of its path or `latest`.

    Raises RunNotFound, RunAmbiguous, RunError.
    """
    try:
        return Run(find_run(str(run), Path(out)).path)
    except sqlite3.Error as error:
        raise RunError(f"the catalogue of runs can't be used: {error}") from error


async def run_episode(
    config: EpisodeConfig | Scenario,
    directory: Path | str | None = None,
    providers: OwnProviders | None = None,
    stop: StopSwitch | None = None,
    *,
    schedule: str = "fifo",
    out: Path | str = "runs",
    options: RunOptions | None = None,
) -> Run:
    """Run an episode inside the running loop, trio or asyncio, in any thread.

    Several may run at once. It installs no signal handler and blocks the loop only for instants.
    `stop` stops the run at the end of a step (`stop.throw()`, from any thread). Cancelled from
    outside, it flushes the files and notes the run as stopped, to be resumed; then the cancellation
    goes on. The rest is as in `run`.
    """
    episode = _resolved(config)
    result = await execution.run_episode(
        episode, directory, providers, stop, schedule=schedule, out=out, options=options
    )
    return Run(result.directory, result.cause)


async def resume_episode(
    run: Run | Path | str,
    providers: OwnProviders | None = None,
    stop: StopSwitch | None = None,
    *,
    out: Path | str = "runs",
    options: RunOptions | None = None,
) -> Run:
    """Go on with a run inside the running loop; else as `resume`, and as `run_episode`."""
    found = run if isinstance(run, Run) else load_run(run, out=out)
    directory = RunDirectory.find(found.directory)
    result = await execution.resume_episode(directory, providers, stop, options=options)
    return Run(result.directory, result.cause)


def _resolved(
    scenario: Scenario | EpisodeConfig,
    seed: int | None = None,
    sets: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    epochs: int | None = None,
    label: str | None = None,
) -> ResolvedEpisode:
    if not isinstance(scenario, EpisodeConfig):
        return load_episode(
            scenario, sets=_assignments("--set", sets),
            scenario_params=_assignments("--scenario-param", params), seed=seed, epochs=epochs,
            label=label, environment=os.environ,
        )  # fmt: skip
    if sets or params or (seed, epochs, label) != (None, None, None):
        problem = "is resolved already: give seed, set and the like to load_scenario"
        raise InvalidScenario([Fault("the config", None, "", problem)])
    return resolve_episode(scenario)


def _assignments(option: str, values: Mapping[str, Any] | None) -> list[str]:
    """Write overrides as the command line takes them. Raises InvalidScenario."""
    found = []
    for key, value in (values or {}).items():
        try:
            found.append(f"{key}={yaml_text_of(value)}")
        except (TypeError, ValueError, RecursionError) as error:
            problem = f"holds what no scenario file can: {error}"
            raise InvalidScenario([Fault(f"{option} {key}", None, "", problem)]) from None
    return found
