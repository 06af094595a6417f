"""Execute an open run, from its first message to its final status."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import sniffio
from anyio.abc import ObjectReceiveStream

from ...actors.episode import build_episode
from ...actors.ports import Observer, Providers, discard_answer
from ...actors.resolved import ResolvedEpisode
from ...runtime.drivers import RunEnd
from ...runtime.drivers.effects import Limits
from ...runtime.drivers.live import StopSwitch, drive
from ...runtime.effects import Done
from ...runtime.envelope import Arrival
from ...runtime.errors import GdgError, JournalDamaged, RunFailed
from ...runtime.hash_chain import Recovered, SealedWriter, read_sealed
from ...runtime.journal import Journal, Recorded
from ...runtime.kernel import Kernel
from ...runtime.order import STEP_BITS
from ...scenarios.world import Moment
from ..llm.keys import without_secrets
from . import revision
from .catalogue import RunCatalogue
from .directory import JOURNAL, META, TELEMETRY, RunDirectory, Seal, meta_bytes
from .errors import RunUnwritable
from .process import innermost, obey_signals, tuned_collector, unwrapped_group

if TYPE_CHECKING:
    from ..cassette import CassettePlayer
    from ..goals.ports import EpisodePort
    from ..goals.server import ServeAt
    from ..llm.language_models import LanguageModels
    from ..llm.telemetry import Call

T = TypeVar("T")

_FACTS_OF_RESULT = (
    "epochs", "agent_steps", "cpu_s", "wall_s", "error", "paused", "language_models",
)  # fmt: skip
"""Entries of a result's document that meta.json holds too."""


@dataclass(frozen=True)
class RunOptions:
    """The hosting of a run. None of it changes what the run does."""

    backend: str = "trio"
    """`trio` or `asyncio`; where the caller brings a loop, that loop counts."""
    max_concurrency: int | None = None
    """Most effects in flight at once; None: as the scenario says."""
    observer: Observer = field(default_factory=Observer)
    say: Callable[[str], None] = lambda text: None
    """Takes notices for the user."""
    on_effect: Callable[[Done], None] | None = None
    """Takes the physical facts of each effect that ends."""
    budgets: tuple[str, ...] = ()
    """Budgets in place of the scenario's, such as `tokens=20000`."""
    cassette: "CassettePlayer | None" = None
    """Answers effects in place of the outside."""
    serve: "ServeAt | None" = None
    """The address at which the episode's goals are served over HTTP; needs the backend trio."""
    owns_process: bool = False
    """The process does nothing else: the run obeys SIGINT and SIGTERM and may block its loop."""


@dataclass
class Result:
    """The outcome of one execution of a run."""

    directory: Path
    scenario: str
    seed: int
    status: str = "running"
    """completed, stopped or failed."""
    epochs: int = 0
    """Epochs that were completed."""
    agent_steps: int = 0
    cpu_s: float = 0.0
    """CPU seconds of this process while the episode ran."""
    wall_s: float = 0.0
    """Seconds on the clock."""
    overall: dict[str, Any] = field(default_factory=dict)
    """Metrics of the whole episode by name; empty unless completed."""
    language_models: dict[str, Any] | None = None
    """The calls of language models and their cost; None where there are none."""
    paused: str | None = None
    """The reason of a pause: a budget is used up, a provider is down."""
    error: str | None = None
    """The reason of a failure, for the user."""
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


async def execute(
    opening: Callable[[RunOptions], AbstractContextManager["LiveRun"]],
    options: RunOptions | None,
    stop: StopSwitch | None,
) -> Result:
    """Open a run with the backend of the loop that runs, and execute it in a task of its own.

    asyncio's own cancellation does not wait for threads that still write the run's files; the
    cancellation of a task group does.
    """
    hosted = replace(options or RunOptions(), backend=sniffio.current_async_library())
    results: list[Result] = []

    async def work() -> None:
        async with in_threads(opening(hosted), hosted) as live:
            results.append(await live.execute(stop or StopSwitch()))

    async with unwrapped_group() as tasks:
        tasks.start_soon(work)
    return results[0]


@dataclass
class LiveRun(Observer):
    """One execution of a run whose directory is locked and whose journal is open.

    As the episode's observer it counts steps and epochs, and passes them on to the user's.
    """

    run: RunDirectory
    catalogue: RunCatalogue
    episode: ResolvedEpisode
    document: Mapping[str, Any]
    """The content of `config.json`."""
    journal: Journal
    """Closed by `execute`."""
    recorded: Recorded | None
    """The facts of an earlier execution, if there was one."""
    created: str
    """When the run was begun, in ISO 8601."""
    options: RunOptions
    models: "LanguageModels | None"
    providers: Providers
    port: "EpisodePort | None"
    """The way from outside to the episode's goals."""
    telemetry: "Telemetry | None" = None

    def __post_init__(self) -> None:
        """Begin the result, which is filled as the episode goes on."""
        config = self.episode.config
        self.result = Result(self.run.path, config.scenario_id, config.simulation.seed)

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        self.result.agent_steps = agent_steps
        self.options.observer.step_closed(moment, agent_steps)

    def epoch_closed(self, moment: Moment, figures: dict[str, Any]) -> None:
        self.result.epochs = moment.epoch + 1
        self.options.observer.epoch_closed(moment, figures)

    def episode_closed(self, figures: dict[str, Any]) -> None:
        self.result.overall = figures
        self.options.observer.episode_closed(figures)
        if self.port is not None:
            self.port.close()

    async def execute(self, stop: StopSwitch) -> Result:
        """Drive the episode; whatever happens, flush its files and keep its status.

        Do the same when cancelled from outside, and then let the cancellation go on. Raises OSError
        where the status can't be written.
        """
        result, cancelled = self.result, None
        began, cpu = time.perf_counter(), time.process_time()
        try:
            with closing(self.journal):
                await blocking(self.options, self._note)
                began, cpu = time.perf_counter(), time.process_time()
                ending = await self._played(stop)
            result.status = "completed" if ending is RunEnd.COMPLETED else "stopped"
        except anyio.get_cancelled_exc_class() as error:
            result.status, cancelled = "stopped", error
        except (Exception, SystemExit) as error:
            # An agent that raises SystemExit has failed, too.
            result.status, result.cause = "failed", innermost(error)
            result.error = _text_of(result.cause, self.run)
        result.cpu_s, result.wall_s = time.process_time() - cpu, time.perf_counter() - began
        result.paused = stop.reason if result.status == "stopped" else None
        if result.status != "completed":
            result.overall = {}
        if self.models is not None:
            result.language_models = self.models.to_json()
        try:
            await blocking(self.options, self._note)
        except OSError:
            if result.cause is None:
                raise
        if cancelled is not None:
            raise cancelled
        return result

    async def _played(self, stop: StopSwitch) -> RunEnd:
        """Play the episode; end its files at its end, or at the step boundary where it pauses."""
        models, options = self.models, self.options
        reception = discard_answer if self.port is None else self.port.take
        with closing(Telemetry(self.run.path / TELEMETRY, options)) as self.telemetry:
            files = self.run.sinks(self.episode.config, reception)
            async with (
                in_threads(models or nullcontext(), options),
                in_threads(files, options) as (sinks, checkpoint),
            ):
                build = partial(
                    build_episode, self.episode, sinks, observer=self,
                    schedule_policy=self.document["schedule"], providers=self.providers,
                )  # fmt: skip
                kernel = await blocking(options, build)
                if models is not None:
                    models.record = self.telemetry.record_call
                    models.spent = self.journal.spent
                    if self.recorded is not None:
                        models.charge(self.recorded)
                ending = await self._driven(kernel, stop, self.telemetry.record)
                if ending is RunEnd.PAUSED:
                    # What was paid for in the step that could not be ended stays in the journal.
                    checkpoint.take_back(kernel.time >> STEP_BITS)
        return ending

    async def _driven(
        self, kernel: Kernel, stop: StopSwitch, on_effect: Callable[[Done], None]
    ) -> RunEnd:
        effects, options = self.episode.config.effects, self.options
        at_once = options.max_concurrency or effects.max_concurrency
        limits = Limits(max_concurrency=at_once, timeout_s=effects.timeout_s)
        ending = RunEnd.STOPPED
        with tuned_collector() if options.owns_process else nullcontext():
            async with unwrapped_group() as tasks:
                if options.owns_process:
                    await tasks.start(obey_signals, stop, tasks.cancel_scope, options.say)
                try:
                    async with self._served(kernel) as outside:
                        ending = await drive(
                            kernel, self.journal, recorded=self.recorded, limits=limits, stop=stop,
                            outside=outside, on_effect=on_effect, answers=options.cassette,
                            censor=without_secrets(),
                        )  # fmt: skip
                finally:
                    if self.models is not None:
                        await self.models.aclose()
                tasks.cancel_scope.cancel()
        return ending

    @asynccontextmanager
    async def _served(self, kernel: Kernel) -> AsyncIterator[ObjectReceiveStream[Arrival] | None]:
        """Serve the goals over HTTP, if that is asked for, and give what comes in from there."""
        if self.options.serve is None or self.port is None:
            yield None
            return
        from ..goals.server import serving

        async with serving(self.options.serve, self.port, self.options.say):
            yield self.port.attach(kernel)

    def _note(self) -> None:
        """Write what varies from run to run to meta.json and to the catalogue of runs."""
        config, (release, commit, machine) = self.episode.config, revision.origin()
        result = self.result
        facts: dict[str, Any] = {
            "run_id": self.run.path.name,
            "scenario": result.scenario,
            "label": config.label or "default",
            "status": result.status,
            "seed": result.seed,
            "created_at": self.created,
            "updated_at": datetime.now(UTC).isoformat(),
            "config_hash": self.document["config_hash"],
            "version": release,
            "git": commit,
            "backend": self.options.backend,
            "max_concurrency": self.options.max_concurrency,
            "machine": machine,
        }
        if result.status != "running":
            document = result.to_json()
            facts |= {name: document[name] for name in _FACTS_OF_RESULT}
        if self.telemetry is not None:
            sealed = [self.run.path / name for name in (JOURNAL, TELEMETRY)]
            facts |= {
                "effects": self.telemetry.by_status.total(),
                "effects_by_status": self.telemetry.by_status,
                "seals": {path.name: Seal.of(path)._asdict() for path in sealed},
            }
        self.run.write_whole(META, meta_bytes(facts))
        trouble = self.catalogue.put(self.run, facts, result.overall)
        if trouble is not None:
            self.options.say(trouble)


class Telemetry:
    """`telemetry.jsonl`: one sealed line per effect; a resumed run goes on in the same file."""

    def __init__(self, path: Path, options: RunOptions) -> None:
        """Open the file; set a damaged one aside with a notice, since no run needs its content."""
        recovered: Recovered | None = None
        try:
            recovered = read_sealed(path) if path.exists() else None
        except JournalDamaged as damage:
            aside = path.with_name(f"damaged-{path.name}")
            path.replace(aside)
            options.say(f"{damage}. The file is kept as {aside.name}, and a new one begins.")
        self._writer, self._on_effect = SealedWriter(path, recovered), options.on_effect
        records = recovered.records if recovered else ()
        self.by_status = Counter([one["status"] for one in records if "status" in one])
        """Effects of the whole run, those of earlier executions included."""

    def record(self, effect: Done) -> None:
        """Append how long an effect took, in seconds, and how it ended."""
        request, status = effect.slot.request, effect.outcome.status
        self.by_status[status] += 1
        facts = {"actor": request.actor, "number": request.number, "effect": request.effect}
        seconds = round(effect.seconds, 6)
        self._writer.append({**facts, "status": status, "seconds": seconds, "late": effect.late})
        if self._on_effect is not None:
            self._on_effect(effect)

    def record_call(self, call: "Call") -> None:
        """Append the physical facts of a call to a language model."""
        self._writer.append({"t": "model_call", **call.to_json()})

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


@asynccontextmanager
async def in_threads(manager: AbstractContextManager[T], options: RunOptions) -> AsyncIterator[T]:
    """Enter and leave a manager that blocks."""
    entered = await blocking(options, manager.__enter__)
    try:
        yield entered
    except BaseException as error:
        exit_with = (type(error), error, error.__traceback__)
        if not await blocking(options, lambda: manager.__exit__(*exit_with)):
            raise
    else:
        await blocking(options, lambda: manager.__exit__(None, None, None))


async def blocking(options: RunOptions, work: Callable[[], T]) -> T:
    """Do what blocks: in a thread, so that the loop goes on for its other users, if it has any.

    A cancellation waits until it is done, so a run always has all of its files.
    """
    if options.owns_process:
        return work()
    with anyio.CancelScope(shield=True):
        done = await anyio.to_thread.run_sync(work)
    return done  # noqa: RET504 (by its type, the scope could swallow an error)


def _text_of(error: BaseException, run: RunDirectory) -> str:
    """Describe what went wrong, for the user."""
    cause = error.__cause__
    if isinstance(error, RunFailed) and error.actor == "recorder" and isinstance(cause, OSError):
        error = cause
    if isinstance(error, OSError):
        return str(RunUnwritable(run.path, error))
    return str(error) if isinstance(error, GdgError) else f"{type(error).__name__}: {error}"
