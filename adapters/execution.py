"""The life of a run: start, resume, execute. What the CLI does, callable from Python as well."""

import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio

from ..actors.episode import build_episode
from ..actors.plugins import default_catalogue
from ..actors.ports import NobodyWatches, Observer
from ..runtime.drivers.ending import Ending
from ..runtime.drivers.live import Limits, StopSwitch, drive
from ..runtime.errors import GdgError
from ..runtime.journal import Journal, Recorded
from ..runtime.kernel import Kernel
from ..scenarios.contract import Moment
from ..scenarios.schema.episode import EpisodeConfig
from . import revision
from .failures import RunChanged, RunUnwritable
from .meta import meta_bytes, read_meta
from .run_catalogue import RunCatalogue
from .run_directory import RunDirectory, config_bytes, config_hash, read_config_document
from .telemetry import Telemetry


@dataclass(frozen=True)
class Hosting:
    """How a run is hosted. None of it changes what the run does."""

    backend: str = "trio"
    """`trio` or `asyncio`."""
    max_concurrency: int | None = None
    """Most effects in flight at once; None: as the scenario says."""
    observer: Observer = field(default_factory=NobodyWatches)
    say: Callable[[str], None] = lambda text: None
    """Takes notices for the user."""


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
    error: str | None = None

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
            "error": self.error,
        }


class _Tally:
    """Counts for the result, and passes on to whoever watches."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.agent_steps = 0
        self.epochs = 0

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        self.agent_steps = agent_steps
        self._observer.step_closed(moment, agent_steps)

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        self.epochs = moment.epoch + 1
        self._observer.epoch_closed(moment, figures)


def start_run(
    config: EpisodeConfig,
    *,
    out: Path = Path("runs"),
    schedule: str = "fifo",
    hosting: Hosting | None = None,
) -> Result:
    """Begin a new run and execute it to its end. Raises RunTrouble, CatalogueError."""
    now = datetime.now(UTC)
    label = config.label or "default"
    run = RunDirectory.create(out, config, label, now)
    try:
        with run.locked():
            run.write_whole("config.json", config_bytes(config, schedule))
            journal = Journal.create(run.journal, _header(config, schedule))
            work = _Execution(run, config, schedule, hosting or Hosting(), RunCatalogue(out))
            return work.execute(journal, None, created=now.isoformat())
    except OSError as error:
        raise RunUnwritable(run.path, error) from error


def resume_run(run: RunDirectory, hosting: Hosting | None = None) -> Result:
    """Go on with a run that was stopped or killed; a completed one is only executed again.

    No effect whose outcome was journalled is asked for again. Raises RunTrouble, JournalError.
    """
    hosting = hosting or Hosting()
    with run.locked():
        recorded = Recorded.read(run.journal) if run.journal.exists() else None
        if recorded is None or recorded.header is None:
            config, schedule = run.read_config()
            run.journal.unlink(missing_ok=True)
            journal, recorded = Journal.create(run.journal, _header(config, schedule)), None
        else:
            config, schedule = _checked(run, recorded)
            if recorded.recovered.torn:
                hosting.say(
                    f"The journal's last {recorded.recovered.torn} bytes were torn by the crash "
                    f"and are cut; what they told was never used."
                )
            journal = Journal.reopen(run.journal, recorded)
        created = read_meta(run.file("meta.json")).get("created_at")
        try:
            work = _Execution(run, config, schedule, hosting, RunCatalogue.of(run))
            return work.execute(journal, recorded, created=created)
        except OSError as error:
            raise RunUnwritable(run.path, error) from error


def _header(config: EpisodeConfig, schedule: str) -> dict[str, Any]:
    return {
        "scenario": config.scenario_id,
        "seed": config.simulation.seed,
        "order": config.effects.order,
        "config_hash": config_hash(config, schedule),
        "code": _revision(config),
        "config": json.loads(config_bytes(config, schedule)),
    }


def _revision(config: EpisodeConfig) -> dict[str, str]:
    """The code revision, with plug-ins imported so that their files count."""
    catalogue = default_catalogue()
    for spec in config.agents:
        if ":" in spec.type:
            catalogue.resolve("agents", spec.type)
    for lever in config.governance.levers:
        catalogue.resolve("levers", lever.type)
    catalogue.resolve("worlds", config.world.name)
    return revision.code_revision(config)


def _checked(run: RunDirectory, recorded: Recorded) -> tuple[EpisodeConfig, str]:
    """The config of a journal's header. Raises RunChanged if its past would come out otherwise."""
    assert recorded.header is not None
    config, schedule = read_config_document(recorded.header["config"])
    changes = revision.changes(recorded.header["code"], _revision(config))
    stored = run.file("config.json")
    if not stored.exists():
        run.write_whole("config.json", config_bytes(config, schedule))
    elif stored.read_bytes() != config_bytes(config, schedule):
        changes.append("config.json is not the one that the journal's header holds")
    if changes:
        raise RunChanged(changes)
    return config, schedule


class _Execution:
    """One execution of a run, from its first message on."""

    def __init__(
        self, run: RunDirectory, config: EpisodeConfig, schedule: str, hosting: Hosting,
        catalogue: RunCatalogue,
    ) -> None:  # fmt: skip
        self.run = run
        self.config = config
        self.schedule = schedule
        self.hosting = hosting
        self.catalogue = catalogue
        self.tally = _Tally(hosting.observer)
        self.stop = StopSwitch()
        self._failure: GdgError | OSError | None = None

    def execute(self, journal: Journal, recorded: Recorded | None, created: str | None) -> Result:
        """Drive the episode; whatever happens, its files are flushed and its status is kept."""
        began, cpu = time.perf_counter(), time.process_time()
        self._note("running", created, None, None)
        telemetry = Telemetry(self.run.file("telemetry.jsonl"))
        error: str | None = None
        try:
            with self.run.sinks() as sinks:
                kernel = build_episode(
                    self.config, default_catalogue(), sinks,
                    observer=self.tally, schedule_policy=self.schedule,
                )  # fmt: skip
                ending = self._drive(kernel, journal, recorded, telemetry)
            status = "completed" if ending is Ending.COMPLETED else "stopped"
        except GdgError as trouble:
            status, error = "failed", str(trouble)
        finally:
            journal.close()
            telemetry.close()
        result = Result(
            directory=self.run.path, status=status, scenario=self.config.scenario_id,
            seed=self.config.simulation.seed, epochs=self.tally.epochs,
            agent_steps=self.tally.agent_steps, cpu_s=time.process_time() - cpu,
            wall_s=time.perf_counter() - began, error=error,
            overall=_overall(self.run) if status == "completed" else {},
        )  # fmt: skip
        self._note(status, created, result, telemetry)
        return result

    def _drive(
        self, kernel: Kernel, journal: Journal, recorded: Recorded | None, telemetry: Telemetry
    ) -> Ending:
        effects = self.config.effects
        limits = Limits(
            max_concurrency=self.hosting.max_concurrency or effects.max_concurrency,
            timeout_s=effects.timeout_s,
        )

        async def main() -> Ending:
            ending = Ending.STOPPED
            async with anyio.create_task_group() as tasks:
                await tasks.start(self._obey_signals, tasks.cancel_scope)
                try:
                    ending = await drive(
                        kernel, journal, recorded=recorded, limits=limits, stop=self.stop,
                        on_effect=telemetry.record,
                    )  # fmt: skip
                except (GdgError, OSError) as error:
                    self._failure = error
                tasks.cancel_scope.cancel()
            return ending

        ending = anyio.run(main, backend=self.hosting.backend)
        if self._failure is not None:
            raise self._failure
        return ending

    async def _obey_signals(
        self, scope: anyio.CancelScope, *, task_status: anyio.abc.TaskStatus[None]
    ) -> None:
        """The first signal stops at the next step boundary, the second at once."""
        if sys.platform == "win32":
            task_status.started()
            return
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for _ in signals:
                if self.stop.thrown:
                    scope.cancel()
                    return
                self.stop.throw()
                self.hosting.say(
                    "Stopping at the end of this step; once more to stop at once. "
                    "The run can be resumed either way."
                )

    def _note(
        self, status: str, created: str | None, result: Result | None, telemetry: Telemetry | None
    ) -> None:
        """Keep what varies: in meta.json and in the catalogue of runs."""
        now = datetime.now(UTC).isoformat()
        facts: dict[str, Any] = {
            "run_id": self.run.path.name,
            "scenario": self.config.scenario_id,
            "label": self.run.path.parent.name,
            "status": status,
            "seed": self.config.simulation.seed,
            "created_at": created or now,
            "updated_at": now,
            "config_hash": config_hash(self.config, self.schedule),
            "version": revision.package_version(),
            "git": revision.git_revision(),
            "backend": self.hosting.backend,
            "max_concurrency": self.hosting.max_concurrency,
            "machine": revision.machine(),
        }
        if result is not None and telemetry is not None:
            facts |= {
                "epochs": result.epochs,
                "agent_steps": result.agent_steps,
                "cpu_s": round(result.cpu_s, 6),
                "wall_s": round(result.wall_s, 6),
                "effects": telemetry.effects,
                "effects_by_status": telemetry.by_status,
                "error": result.error,
            }
        self.run.write_whole("meta.json", meta_bytes(facts))
        self.catalogue.put(self.run, facts, {} if result is None else result.overall)


def _overall(run: RunDirectory) -> dict[str, Any]:
    document = json.loads(run.file("metrics.json").read_bytes())
    figures: dict[str, Any] = document["overall"]
    return figures
