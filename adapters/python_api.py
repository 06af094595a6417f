"""Everything that `import gdg_runtime as gdg` offers; the root package forwards here.

Errors, of which those of runs are RunError and have the texts that the command line shows:
InvalidScenario, CatalogueError (a plug-in that is not there), UnknownSchedule, RunNotFound,
RunAmbiguous, RunExists, RunBusy, RunUnreadable, RunUnwritable, RunChanged, ReleaseNeeded,
ProviderMissing, MissingKeys; JournalError and GdgError of the engine.
"""

import os
import sqlite3
from collections.abc import Mapping, Sequence
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
from .runs.execution import OwnProviders, RunOptions, cassette_player
from .runs.run import Run, executed, say

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
        say=say, budgets=tuple(budgets), cassette=cassette_player(cassette, missing),
    )  # fmt: skip
    place = None if directory is None else Path(directory)

    return executed(
        lambda stop: execution.run_episode(
            episode, place, providers, stop, schedule=schedule, out=Path(out), options=options
        ),
        options,
    )


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
    result = await execution.run_episode(
        _resolved(config), None if directory is None else Path(directory), providers, stop,
        schedule=schedule, out=Path(out), options=options,
    )  # fmt: skip
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
