"""The life of a run: start, resume, execute. What the CLI does, callable from Python as well."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import ObjectReceiveStream

from ...actors.episode import build_episode
from ...actors.ports import NullObserver, Observer, discard_answer, no_providers
from ...actors.resolved import ResolvedEpisode, resolve_episode
from ...runtime.drivers import RunEnd
from ...runtime.drivers.effects import Limits
from ...runtime.drivers.live import EffectTelemetry, FromOutside, StopSwitch, drive
from ...runtime.errors import GdgError, RunFailed
from ...runtime.journal import Journal, Recorded
from ...runtime.kernel import Kernel
from ...runtime.order import STEP_BITS
from ...scenarios.schema.episode import EpisodeConfig
from ..llm.keys import without_secrets
from . import revision
from .catalogue import RunCatalogue
from .directory import (
    CONFIG,
    RunDirectory,
    StepCheckpoint,
    config_bytes,
    config_hash,
    document_bytes,
)
from .errors import NothingToServe, RunChanged, RunUnwritable
from .gc_tuning import tuned_collector
from .meta import Seal, meta_bytes
from .reader import RunReader
from .result import Result, Tally, ignore_end
from .stop_signals import obey_signals
from .telemetry import Telemetry

if TYPE_CHECKING:
    from ..cassette import CassettePlayer
    from ..goals.episode import EpisodePort, ServeAt
    from ..llm.language_models import LanguageModels


@dataclass(frozen=True)
class RunOptions:
    """How a run is hosted. None of it changes what the run does."""

    backend: str = "trio"
    """`trio` or `asyncio`."""
    max_concurrency: int | None = None
    """Most effects in flight at once; None: as the scenario says."""
    observer: Observer = field(default_factory=NullObserver)
    say: Callable[[str], None] = lambda text: None
    """Takes notices for the user."""
    on_effect: Callable[[EffectTelemetry], None] | None = None
    """Told of each effect that ends."""
    budgets: tuple[str, ...] = ()
    """Budgets in place of the scenario's, such as `tokens=20000`."""
    cassette: "CassettePlayer | None" = None
    """Answers effects in place of the outside."""
    serve: "ServeAt | None" = None
    """Where the episode's goals are served over HTTP while it runs; needs the backend trio."""


def start_run(
    episode: EpisodeConfig | ResolvedEpisode,
    *,
    out: Path = Path("runs"),
    schedule: str = "fifo",
    options: RunOptions | None = None,
) -> Result:
    """Begin a new run and execute it to its end. Raises RunError, CatalogueError."""
    now, options = datetime.now(UTC), options or RunOptions()
    episode = resolve_episode(episode)
    config = episode.config
    port = _port(config, options)
    models = _language_models(episode, options)
    header = _header(episode, schedule)
    run = RunDirectory.create(out, config, config.label or "default", now)
    try:
        with run.locked():
            run.write_whole("config.json", config_bytes(config, schedule))
            journal = Journal.create(run.journal, header)
            run.sync_names()
            work = _Execution(run, episode, schedule, options, RunCatalogue(out), models, port)
            return work.execute(journal, None, created=now.isoformat())
    except OSError as error:
        raise RunUnwritable(run.path, error) from error


def resume_run(run: RunDirectory, options: RunOptions | None = None) -> Result:
    """Go on with a run that was stopped or killed; a completed one is only executed again.

    No effect whose outcome was journalled is asked for again. Raises RunError, JournalError,
    CatalogueError.
    """
    options = options or RunOptions()
    episode = resolve_episode(RunReader(run).config)
    port, models = _port(episode.config, options), _language_models(episode, options)
    try:
        with run.locked():
            journal, recorded, episode, schedule = _reopened(run, episode, options)
            created = RunReader(run).meta.get("created_at")
            work = _Execution(run, episode, schedule, options, RunCatalogue.of(run), models, port)
            return work.execute(journal, recorded, created=created)
    except OSError as error:
        raise RunUnwritable(run.path, error) from error


def _language_models(episode: ResolvedEpisode, options: RunOptions) -> "LanguageModels | None":
    """The models that the run may have to ask; None if there are none."""
    if options.budgets:
        from ..llm.budgets import Budgets

        Budgets.of(episode.config, options.budgets)
    from_cassette = options.cassette is not None and options.cassette.missing != "live"
    if from_cassette or not episode.models_asked:
        return None
    from ..llm.language_models import LanguageModels

    return LanguageModels(episode, options.budgets, options.say)


def _reopened(
    run: RunDirectory, episode: ResolvedEpisode, options: RunOptions
) -> tuple[Journal, Recorded | None, ResolvedEpisode, str]:
    """Open the journal of an earlier execution, to go on behind its last whole line."""
    if not run.has_begun and (
        not run.journal.exists() or Recorded.read(run.journal).header is None
    ):
        # Killed before the journal's header was on the disk: nothing was asked of anybody yet.
        schedule = RunReader(run).schedule
        run.journal.unlink(missing_ok=True)
        journal = Journal.create(run.journal, _header(episode, schedule))
        run.sync_names()
        return journal, None, episode, schedule
    reader = RunReader(run)
    recorded, config, schedule, _ = reader.journal
    if config != episode.config:
        # config.json was edited: the journal's config counts, and the difference is refused below.
        episode = resolve_episode(config)
    _refuse_changes(reader, episode)
    if recorded.recovered.torn:
        options.say(
            f"The journal's last {recorded.recovered.torn} bytes were torn by the crash "
            f"and are cut; what they told was never used."
        )
    return Journal.reopen(run.journal, recorded), recorded, episode, schedule


def _header(episode: ResolvedEpisode, schedule: str) -> dict[str, Any]:
    config = episode.config
    return {
        "scenario": config.scenario_id,
        "seed": config.simulation.seed,
        "order": config.effects.order,
        "config_hash": config_hash(config, schedule),
        "code": revision.code_revision(episode),
        "config": json.loads(config_bytes(config, schedule)),
    }


def _refuse_changes(reader: RunReader, episode: ResolvedEpisode) -> None:
    """Raise RunChanged if the run's past would come out otherwise than it was recorded."""
    header = reader.journal.header
    changes = revision.changes(header["code"], revision.code_revision(episode))
    stored, expected = reader.directory.file(CONFIG), document_bytes(header["config"])
    if not stored.exists():
        reader.directory.write_whole(CONFIG, expected)
    elif stored.read_bytes() != expected:
        changes.append("config.json is not the one that the journal's header holds")
    if changes:
        git = f", commit {reader.meta['git']}" if reader.meta.get("git") else ""
        origin = f" (gdg-runtime {reader.release}{git})" if reader.release is not None else ""
        raise RunChanged(changes, origin, reader.other_release)


class _Execution:
    """One execution of a run, from its first message on."""

    def __init__(
        self, run: RunDirectory, episode: ResolvedEpisode, schedule: str, options: RunOptions,
        catalogue: RunCatalogue, models: "LanguageModels | None", port: "EpisodePort | None",
    ) -> None:  # fmt: skip
        self.run = run
        self.episode = episode
        self.config = episode.config
        self.schedule = schedule
        self.options = options
        self.catalogue = catalogue
        self.models = models
        self.port = port
        self.tally = Tally(options.observer, ignore_end if self.port is None else self.port.close)
        self.stop = StopSwitch()
        self.paused: str | None = None
        """Why the run had to pause; None where it was stopped in another way."""
        self._failure: Exception | None = None

    def execute(self, journal: Journal, recorded: Recorded | None, created: str | None) -> Result:
        """Drive the episode; whatever happens, its files are flushed and its status is kept."""
        created = created or datetime.now(UTC).isoformat()
        began, cpu = time.perf_counter(), time.process_time()
        status, telemetry = "failed", None
        failure: BaseException | None = None
        try:
            with closing(journal):
                self._note("running", created)
                telemetry = Telemetry(self.run.file("telemetry.jsonl"), self.options.say)
                # The first use of a backend imports it, which is no cost of the episode.
                anyio.run(anyio.sleep, 0, backend=self.options.backend)
                began, cpu = time.perf_counter(), time.process_time()
                with closing(telemetry), self.models or nullcontext():
                    ending = self._live(journal, recorded, telemetry)
            status = "completed" if ending is RunEnd.COMPLETED else "stopped"
        except Exception as error:
            failure = _innermost(error)
        except BaseExceptionGroup as group:
            # A SystemExit from somebody's agent comes wrapped, as would a KeyboardInterrupt.
            failure = _innermost(group)
            if not isinstance(failure, SystemExit):
                raise failure from None
        result = Result(
            directory=self.run.path, status=status, scenario=self.config.scenario_id,
            seed=self.config.simulation.seed, epochs=self.tally.epochs,
            agent_steps=self.tally.agent_steps, cpu_s=time.process_time() - cpu,
            wall_s=time.perf_counter() - began,
            overall=self.tally.overall if status == "completed" else {},
            language_models=None if self.models is None else self.models.to_json(),
            paused=self.paused if status == "stopped" else None,
            error=None if failure is None else _told(failure, self.run), cause=failure,
        )  # fmt: skip
        try:
            self._note(status, created, result, telemetry)
        except OSError:
            if failure is None:
                raise
        return result

    def _live(self, journal: Journal, recorded: Recorded | None, telemetry: Telemetry) -> RunEnd:
        """Play the episode; its files end at its end, or at the step boundary where it paused."""
        models, checkpoint = self.models, StepCheckpoint()
        reception = discard_answer if self.port is None else self.port.take
        with self.run.sinks(self.config, checkpoint, reception) as sinks:
            kernel = build_episode(
                self.episode, sinks,
                observer=self.tally, schedule_policy=self.schedule,
                providers=no_providers if models is None else models.provider,
            )  # fmt: skip
            if models is not None:
                models.record = telemetry.record_call
                models.spent = journal.spent
                if recorded is not None:
                    models.charge(recorded)
            ending = self._drive(kernel, journal, recorded, telemetry)
            if ending is RunEnd.PAUSED:
                # What was paid for in the step that could not be ended stays in the journal.
                checkpoint.take_back(kernel.time >> STEP_BITS)
        return ending

    def _drive(
        self, kernel: Kernel, journal: Journal, recorded: Recorded | None, telemetry: Telemetry
    ) -> RunEnd:
        effects = self.config.effects
        limits = Limits(
            max_concurrency=self.options.max_concurrency or effects.max_concurrency,
            timeout_s=effects.timeout_s,
        )

        async def main() -> RunEnd:
            ending = RunEnd.STOPPED
            async with anyio.create_task_group() as tasks:
                await tasks.start(obey_signals, self.stop, tasks.cancel_scope, self.options.say)
                try:
                    async with self._served(kernel) as outside:
                        ending = await drive(
                            kernel, journal, recorded=recorded, limits=limits, stop=self.stop,
                            on_effect=self._effect_told_to(telemetry), outside=outside,
                            answers=self.options.cassette, censor=without_secrets(),
                        )  # fmt: skip
                    self.paused = self.stop.reason
                except BaseExceptionGroup as group:
                    self._failure = _failure_of(group)
                except Exception as error:
                    # Kept for after the group, which would wrap it.
                    self._failure = error
                finally:
                    if self.models is not None:
                        await self.models.aclose()
                tasks.cancel_scope.cancel()
            return ending

        with tuned_collector():
            ending = anyio.run(main, backend=self.options.backend)
        if self._failure is not None:
            raise self._failure
        return ending

    @asynccontextmanager
    async def _served(
        self, kernel: Kernel
    ) -> AsyncIterator[ObjectReceiveStream[FromOutside] | None]:
        """Serve the goals over HTTP, if that is wished; gives what comes in from there."""
        at, port = self.options.serve, self.port
        if at is None or port is None:
            yield None
            return
        from ..goals.episode import serving

        async with serving(at, port, self.options.say):
            yield port.attach(kernel)

    def _effect_told_to(self, telemetry: Telemetry) -> Callable[[EffectTelemetry], None]:
        also = self.options.on_effect
        if also is None:
            return telemetry.record

        def both(effect: EffectTelemetry) -> None:
            telemetry.record(effect)
            also(effect)

        return both

    def _note(
        self, status: str, created: str, result: Result | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:  # fmt: skip
        """Keep what varies: in meta.json and in the catalogue of runs."""
        facts: dict[str, Any] = {
            "run_id": self.run.path.name,
            "scenario": self.config.scenario_id,
            "label": self.config.label or "default",
            "status": status,
            "seed": self.config.simulation.seed,
            "created_at": created,
            "updated_at": datetime.now(UTC).isoformat(),
            "config_hash": config_hash(self.config, self.schedule),
            "version": revision.package_version(),
            "git": revision.git_revision(),
            "backend": self.options.backend,
            "max_concurrency": self.options.max_concurrency,
            "machine": revision.machine(),
        }
        if result is not None:
            facts |= {
                "epochs": result.epochs,
                "agent_steps": result.agent_steps,
                "cpu_s": round(result.cpu_s, 6),
                "wall_s": round(result.wall_s, 6),
                "error": result.error,
                "paused": result.paused,
                "language_models": result.language_models,
            }
        if telemetry is not None:
            facts |= {
                "effects": telemetry.effects,
                "effects_by_status": telemetry.by_status,
                "seals": {
                    path.name: Seal.of(path)._asdict()
                    for path in (self.run.journal, self.run.file("telemetry.jsonl"))
                },
            }
        self.run.write_whole("meta.json", meta_bytes(facts))
        trouble = self.catalogue.put(self.run, facts, {} if result is None else result.overall)
        if trouble is not None:
            self.options.say(trouble)


def _port(config: EpisodeConfig, options: RunOptions) -> "EpisodePort | None":
    """The way to the episode's goals from outside, if it is wished. Raises NothingToServe."""
    if options.serve is None:
        return None
    if config.goals is None:
        raise NothingToServe("the scenario has no goals; add a `goals:` section")
    if options.backend != "trio":
        raise NothingToServe("the server needs --backend trio")
    from ..goals.episode import EpisodePort

    return EpisodePort()


def _failure_of(group: BaseExceptionGroup) -> Exception:
    """What went wrong in the server or in the episode."""
    error = _innermost(group)
    if not isinstance(error, Exception):
        raise error from None
    return error


def _innermost(error: BaseException) -> BaseException:
    """The first error that a group is about."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _told(error: BaseException, run: RunDirectory) -> str:
    """What went wrong, for the user."""
    cause = error.__cause__
    if isinstance(error, RunFailed) and error.actor == "recorder" and isinstance(cause, OSError):
        error = cause
    if isinstance(error, OSError):
        return str(RunUnwritable(run.path, error))
    return str(error) if isinstance(error, GdgError) else f"{type(error).__name__}: {error}"
