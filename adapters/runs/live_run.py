"""Execute an open run, from its first message to its final status."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import anyio
from anyio.abc import ObjectReceiveStream

from ...actors.episode import build_episode
from ...actors.ports import Observer, Providers, discard_answer
from ...actors.resolved import ResolvedEpisode
from ...runtime.drivers import RunEnd
from ...runtime.drivers.effects import Limits
from ...runtime.drivers.live import EffectTelemetry, FromOutside, StopSwitch, drive
from ...runtime.errors import GdgError, RunFailed
from ...runtime.journal import Journal, Recorded
from ...runtime.kernel import Kernel
from ...runtime.order import STEP_BITS
from ..llm.keys import without_secrets
from . import revision
from .catalogue import RunCatalogue
from .directory import META, TELEMETRY, RunDirectory, StepCheckpoint, config_hash
from .errors import RunUnwritable, innermost
from .meta import Seal, meta_bytes
from .process import obey_signals, tuned_collector
from .result import Result, Tally
from .telemetry import Telemetry

if TYPE_CHECKING:
    from ..cassette import CassettePlayer
    from ..goals.ports import EpisodePort
    from ..goals.server import ServeAt
    from ..llm.language_models import LanguageModels

T = TypeVar("T")

_FACTS_OF_RESULT = (
    "epochs", "agent_steps", "cpu_s", "wall_s", "error", "paused", "language_models",
)  # fmt: skip
"""Entries of a result's document that meta.json holds too."""


@dataclass(frozen=True)
class RunOptions:
    """How a run is hosted. None of it changes what the run does."""

    backend: str = "trio"
    """`trio` or `asyncio`; where the caller brings a loop, that loop counts."""
    max_concurrency: int | None = None
    """Most effects in flight at once; None: as the scenario says."""
    observer: Observer = field(default_factory=Observer)
    say: Callable[[str], None] = lambda text: None
    """Takes notices for the user."""
    on_effect: Callable[[EffectTelemetry], None] | None = None
    """Takes the physical facts of each effect that ends."""
    budgets: tuple[str, ...] = ()
    """Budgets in place of the scenario's, such as `tokens=20000`."""
    cassette: "CassettePlayer | None" = None
    """Answers effects in place of the outside."""
    serve: "ServeAt | None" = None
    """Where the episode's goals are served over HTTP while it runs; needs the backend trio."""
    owns_process: bool = False
    """The process does nothing else: the run obeys SIGINT and SIGTERM and may block its loop."""


class OpenRun(NamedTuple):
    """A run whose directory is locked and whose journal is open; `LiveRun` closes it."""

    run: RunDirectory
    catalogue: RunCatalogue
    episode: ResolvedEpisode
    schedule: str
    journal: Journal
    recorded: Recorded | None
    """The facts of an earlier execution, if there was one."""
    created: str
    """When the run was begun, in ISO 8601."""
    models: "LanguageModels | None"
    providers: Providers
    port: "EpisodePort | None"


class LiveRun:
    """One execution of an open run."""

    def __init__(self, opened: OpenRun, options: RunOptions, stop: StopSwitch) -> None:
        self.opened = opened
        self.run = opened.run
        self.config = opened.episode.config
        self.models = opened.models
        self.options = options
        self.stop = stop
        port = opened.port
        self.tally = Tally(options.observer, None if port is None else port.close)
        self.telemetry: Telemetry | None = None

    async def execute(self) -> Result:
        """Drive the episode; whatever happens, flush its files and keep its status.

        Do the same when cancelled from outside, and then let the cancellation go on. Raises OSError
        where the status can't be written.
        """
        began, cpu = time.perf_counter(), time.process_time()
        status = "failed"
        failure: BaseException | None = None
        cancelled: BaseException | None = None
        try:
            with closing(self.opened.journal):
                # A cancellation waits until the run has all of its files.
                with anyio.CancelScope(shield=True):
                    await blocking(self.options, lambda: self._note("running"))
                began, cpu = time.perf_counter(), time.process_time()
                ending = await self._played()
            status = "completed" if ending is RunEnd.COMPLETED else "stopped"
        except anyio.get_cancelled_exc_class() as error:
            status, cancelled = "stopped", error
        except Exception as error:
            failure = innermost(error)
        except BaseExceptionGroup as group:
            # A SystemExit from somebody's agent comes wrapped, as would a KeyboardInterrupt.
            failure = innermost(group)
            if not isinstance(failure, SystemExit):
                raise failure from None
        result = Result(
            directory=self.run.path, status=status, scenario=self.config.scenario_id,
            seed=self.config.simulation.seed, epochs=self.tally.epochs,
            agent_steps=self.tally.agent_steps, cpu_s=time.process_time() - cpu,
            wall_s=time.perf_counter() - began,
            overall=self.tally.overall if status == "completed" else {},
            language_models=None if self.models is None else self.models.to_json(),
            paused=self.stop.reason if status == "stopped" else None,
            error=None if failure is None else _text_of(failure, self.run), cause=failure,
        )  # fmt: skip
        try:
            with anyio.CancelScope(shield=True):
                await blocking(self.options, lambda: self._note(status, result))
        except OSError:
            if failure is None:
                raise
        if cancelled is not None:
            raise cancelled
        return result

    async def _played(self) -> RunEnd:
        """Play the episode; end its files at its end, or at the step boundary where it pauses."""
        models, checkpoint = self.models, StepCheckpoint()
        port, recorded = self.opened.port, self.opened.recorded
        reception = discard_answer if port is None else port.take
        self.telemetry = Telemetry(self.run.file(TELEMETRY), self.options.say)
        with closing(self.telemetry) as telemetry:
            files = self.run.sinks(self.config, checkpoint, reception)
            async with (
                in_threads(models or nullcontext(), self.options),
                in_threads(files, self.options) as sinks,
            ):
                build = partial(
                    build_episode, self.opened.episode, sinks, observer=self.tally,
                    schedule_policy=self.opened.schedule, providers=self.opened.providers,
                )  # fmt: skip
                kernel = await blocking(self.options, build)
                if models is not None:
                    models.record = telemetry.record_call
                    models.spent = self.opened.journal.spent
                    if recorded is not None:
                        models.charge(recorded)
                ending = await self._driven(kernel, telemetry)
                if ending is RunEnd.PAUSED:
                    # What was paid for in the step that could not be ended stays in the journal.
                    checkpoint.take_back(kernel.time >> STEP_BITS)
        return ending

    async def _driven(self, kernel: Kernel, telemetry: Telemetry) -> RunEnd:
        effects, options = self.config.effects, self.options
        limits = Limits(
            max_concurrency=options.max_concurrency or effects.max_concurrency,
            timeout_s=effects.timeout_s,
        )

        def on_effect(effect: EffectTelemetry) -> None:
            telemetry.record(effect)
            if options.on_effect is not None:
                options.on_effect(effect)

        ending, failure = RunEnd.STOPPED, None
        with tuned_collector() if options.owns_process else nullcontext():
            async with anyio.create_task_group() as tasks:
                if options.owns_process:
                    await tasks.start(obey_signals, self.stop, tasks.cancel_scope, options.say)
                try:
                    async with self._served(kernel) as outside:
                        ending = await drive(
                            kernel, self.opened.journal, recorded=self.opened.recorded,
                            limits=limits, stop=self.stop, outside=outside,
                            on_effect=on_effect, answers=options.cassette,
                            censor=without_secrets(),
                        )  # fmt: skip
                except BaseExceptionGroup as group:
                    error = innermost(group)
                    if not isinstance(error, Exception):
                        raise error from None
                    failure = error
                except Exception as raised:
                    # Kept for after the group, which would wrap it.
                    failure = raised
                finally:
                    if self.models is not None:
                        await self.models.aclose()
                tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return ending

    @asynccontextmanager
    async def _served(
        self, kernel: Kernel
    ) -> AsyncIterator[ObjectReceiveStream[FromOutside] | None]:
        """Serve the goals over HTTP, if that is asked for, and give what comes in from there."""
        at, port = self.options.serve, self.opened.port
        if at is None or port is None:
            yield None
            return
        from ..goals.server import serving

        async with serving(at, port, self.options.say):
            yield port.attach(kernel)

    def _note(self, status: str, result: Result | None = None) -> None:
        """Write what varies from run to run to meta.json and to the catalogue of runs."""
        telemetry = self.telemetry
        facts: dict[str, Any] = {
            "run_id": self.run.path.name,
            "scenario": self.config.scenario_id,
            "label": self.config.label or "default",
            "status": status,
            "seed": self.config.simulation.seed,
            "created_at": self.opened.created,
            "updated_at": datetime.now(UTC).isoformat(),
            "config_hash": config_hash(self.config, self.opened.schedule),
            "version": revision.package_version(),
            "git": revision.git_revision(),
            "backend": self.options.backend,
            "max_concurrency": self.options.max_concurrency,
            "machine": revision.machine(),
        }
        if result is not None:
            document = result.to_json()
            facts |= {name: document[name] for name in _FACTS_OF_RESULT}
        if telemetry is not None:
            facts |= {
                "effects": telemetry.effects,
                "effects_by_status": telemetry.by_status,
                "seals": {
                    path.name: Seal.of(path)._asdict()
                    for path in (self.run.journal, self.run.file(TELEMETRY))
                },
            }
        self.run.write_whole(META, meta_bytes(facts))
        overall = {} if result is None else result.overall
        trouble = self.opened.catalogue.put(self.run, facts, overall)
        if trouble is not None:
            self.options.say(trouble)


@asynccontextmanager
async def in_threads(manager: AbstractContextManager[T], options: RunOptions) -> AsyncIterator[T]:
    """Enter and leave a manager that blocks; a cancellation waits until that is done."""
    with anyio.CancelScope(shield=True):
        entered = await blocking(options, manager.__enter__)
    try:
        yield entered
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            exit_with = (type(error), error, error.__traceback__)
            if not await blocking(options, lambda: manager.__exit__(*exit_with)):
                raise
    else:
        with anyio.CancelScope(shield=True):
            await blocking(options, lambda: manager.__exit__(None, None, None))


async def blocking(options: RunOptions, work: Callable[[], T]) -> T:
    """Do what blocks: in a thread, so that the loop goes on for its other users, if it has any."""
    return work() if options.owns_process else await anyio.to_thread.run_sync(work)


def _text_of(error: BaseException, run: RunDirectory) -> str:
    """Describe what went wrong, for the user."""
    cause = error.__cause__
    if isinstance(error, RunFailed) and error.actor == "recorder" and isinstance(cause, OSError):
        error = cause
    if isinstance(error, OSError):
        return str(RunUnwritable(run.path, error))
    return str(error) if isinstance(error, GdgError) else f"{type(error).__name__}: {error}"
