"""Begin a run or go on with one, in the event loop that runs or in a loop of its own.

This file opens runs; `live_run` executes what is open.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio

from ...actors.llm.chat import Provider
from ...actors.ports import Providers, no_providers
from ...actors.resolved import ResolvedEpisode, resolve_episode
from ...runtime.drivers.live import StopSwitch
from ...runtime.journal import Journal, Recorded
from ...runtime.order import schedule as check_schedule
from ...scenarios.schema.episode import EpisodeConfig
from . import revision
from .catalogue import RunCatalogue
from .directory import CONFIG, JOURNAL, RunDirectory, config_document, document_bytes
from .errors import NothingToServe, ProviderMissing, RunChanged
from .live_run import LiveRun, Result, RunOptions, execute
from .reader import RunReader

if TYPE_CHECKING:
    from ..cassette import CassettePlayer, Missing
    from ..goals.ports import EpisodePort
    from ..llm.language_models import LanguageModels

OwnProviders: TypeAlias = Providers | Mapping[str, Provider]
"""Language models that the caller brings: a function of an actor's path and the config of its
model, or providers by the model's name in the scenario."""


def start_run(
    episode: EpisodeConfig | ResolvedEpisode,
    *,
    out: Path = Path("runs"),
    schedule: str = "fifo",
    options: RunOptions | None = None,
) -> Result:
    """Begin a new run in an event loop of its own, by a process that does nothing else; see
    `run_episode`."""
    return _in_own_loop(partial(run_episode, episode, schedule=schedule, out=out), options)


def resume_run(run: RunDirectory, options: RunOptions | None = None) -> Result:
    """Go on with a run in an event loop of its own; see `resume_episode`."""
    return _in_own_loop(partial(resume_episode, run), options)


def _in_own_loop(work: Callable[..., Awaitable[Result]], options: RunOptions | None) -> Result:
    owning = replace(options or RunOptions(), owns_process=True)
    return anyio.run(partial(work, options=owning), backend=owning.backend)


async def run_episode(
    config: EpisodeConfig | ResolvedEpisode,
    directory: Path | str | None = None,
    providers: OwnProviders | None = None,
    stop: StopSwitch | None = None,
    *,
    schedule: str = "fifo",
    out: Path | str = "runs",
    options: RunOptions | None = None,
) -> Result:
    """Begin a new run and execute it to its end in the running loop; `gdg.run_episode` tells more.

    A failure of the episode is part of the result, and not raised. Raises RunError, CatalogueError,
    UnknownSchedule if the run can't begin.
    """

    @contextmanager
    def begun(hosted: RunOptions) -> Iterator[LiveRun]:
        now = datetime.now(UTC)
        episode = resolve_episode(config)
        check_schedule(schedule, episode.config.simulation.seed)
        outside = _outside(episode, providers, hosted)
        if directory is None:
            run = RunDirectory.create(Path(out), episode.config, now)
            catalogue = RunCatalogue(Path(out))
        else:
            run = RunDirectory.claim(Path(directory))
            catalogue = RunCatalogue.of(run)
        document = config_document(episode.config, schedule)
        with run.locked():
            run.write_whole(CONFIG, document_bytes(document))
            journal = _new_journal(run, episode, document)
            yield LiveRun(
                run, catalogue, episode, document, journal, None, now.isoformat(), hosted, *outside
            )

    return await execute(begun, options, stop)


async def resume_episode(
    run: RunDirectory,
    providers: OwnProviders | None = None,
    stop: StopSwitch | None = None,
    *,
    options: RunOptions | None = None,
) -> Result:
    """Go on with a run that was stopped or killed; a completed one is only executed again.

    No effect whose outcome was journalled is asked for again. The rest is as in `run_episode`.
    Raises RunError, JournalError, CatalogueError.
    """

    @contextmanager
    def reopened(hosted: RunOptions) -> Iterator[LiveRun]:
        reader = RunReader(run)
        episode = reader.resolve(reader.config)
        outside = _outside(episode, providers, hosted)
        with run.locked():
            # Read anew: another process may have gone on with the run.
            reader = RunReader(run)
            journal, recorded, episode, document = _reopened(reader, episode, hosted)
            created = reader.meta.get("created_at") or datetime.now(UTC).isoformat()
            own = episode, document, journal, recorded, created, hosted
            yield LiveRun(run, RunCatalogue.of(run), *own, *outside)

    return await execute(reopened, options, stop)


def cassette_player(file: Path | str | None, missing: "Missing") -> "CassettePlayer | None":
    """Open a cassette that answers effects; None without a file. Raises CassetteUnreadable."""
    if file is None:
        return None
    from ..cassette import Cassette, CassettePlayer  # only where a cassette is played

    return CassettePlayer(Cassette.read(Path(file)), missing)


def _outside(
    episode: ResolvedEpisode, own: OwnProviders | None, options: RunOptions
) -> "tuple[LanguageModels | None, Providers, EpisodePort | None]":
    """Make the language models that may be asked, and the way to the goals from outside.

    Raises NothingToServe, ProviderMissing, MissingKeys, BadBudget and what `LanguageModels` does.
    """
    port = None
    if options.serve is not None:
        if episode.config.goals is None:
            raise NothingToServe("--serve: the scenario has no goals; add a `goals:` section")
        if options.backend != "trio":
            raise NothingToServe("--serve: the server needs --backend trio")
        from ..goals.ports import EpisodePort

        port = EpisodePort()
    if options.budgets:
        from ..llm.ledger import read_budgets

        read_budgets(episode.config, options.budgets)
    from_cassette = options.cassette is not None and options.cassette.missing != "live"
    asked = {} if from_cassette else episode.models_asked
    if not asked:
        return None, no_providers, port
    if isinstance(own, Mapping):
        by_name = own
        missing = {model.model: None for model in asked.values() if model.model not in by_name}
        if missing:
            names = ", ".join(missing)
            raise ProviderMissing(f"no provider was given for {names}, which the scenario asks")
        return None, lambda path, model: by_name[model.model], port
    if own is not None:
        return None, own, port
    from ..llm.language_models import LanguageModels

    models = LanguageModels(episode, options.budgets, options.say)
    return models, models.provider, port


def _reopened(
    reader: RunReader, episode: ResolvedEpisode, options: RunOptions
) -> tuple[Journal, Recorded | None, ResolvedEpisode, dict[str, Any]]:
    """Open the journal of an earlier execution, to go on behind its last whole line."""
    run, path = reader.files, reader.path / JOURNAL
    if not run.has_begun and not reader.is_recorded:
        # Killed before the journal's header was on the disk: no effect was asked for yet.
        document = config_document(episode.config, reader.schedule)
        path.unlink(missing_ok=True)
        return _new_journal(run, episode, document), None, episode, document
    recorded, config, schedule, _ = reader.journal
    if config != episode.config:
        # config.json was edited: the journal's config counts, and the difference is refused below.
        episode = reader.resolve(config)
    _refuse_changes(reader, episode)
    if recorded.recovered.torn:
        options.say(
            f"The journal's last {recorded.recovered.torn} bytes were torn by the crash "
            f"and are cut; what they told was never used."
        )
    document = config_document(config, schedule)
    return Journal.reopen(path, recorded), recorded, episode, document


def _new_journal(
    run: RunDirectory, episode: ResolvedEpisode, document: Mapping[str, Any]
) -> Journal:
    config = episode.config
    header = {
        "scenario": config.scenario_id,
        "seed": config.simulation.seed,
        "order": config.effects.order,
        "config_hash": document["config_hash"],
        "code": revision.code_revision(episode),
        "config": document,
    }
    journal = Journal.create(run.path / JOURNAL, header)
    run.sync_names()
    return journal


def _refuse_changes(reader: RunReader, episode: ResolvedEpisode) -> None:
    """Raise RunChanged if the run's past would come out otherwise than it was recorded."""
    changes = reader.code_changes(episode)
    stored, expected = reader.path / CONFIG, document_bytes(reader.journal.header["config"])
    if not stored.exists():
        reader.files.write_whole(CONFIG, expected)
    elif stored.read_bytes() != expected:
        changes.append("config.json is not the one that the journal's header holds")
    if changes:
        git = f", commit {reader.meta['git']}" if reader.meta.get("git") else ""
        origin = f" (gdg-runtime {reader.release}{git})" if reader.release is not None else ""
        raise RunChanged(changes, origin, reader.other_release)
