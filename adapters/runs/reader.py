"""The one reader of run directories: of this release's and of every earlier one's."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

from pydantic import ValidationError

from ...actors.resolved import ResolvedEpisode, resolve_episode
from ...runtime.errors import JournalDamaged
from ...runtime.hash_chain import read_sealed
from ...runtime.journal import Recorded
from ...runtime.wording import first_problem
from ...scenarios.catalogue import CatalogueError
from ...scenarios.schema.episode import EpisodeConfig
from . import directory, revision
from .directory import RunDirectory
from .errors import ReleaseNeeded, RunUnreadable
from .json_lines import JsonLines, Record, Selection, check_version, parsed

READABLE: Mapping[str, tuple[int, ...]] = {
    directory.CONFIG: (directory.CONFIG_VERSION,),
    directory.META: (directory.META_VERSION,),
    directory.JOURNAL: (1, 2),
    directory.EVENTS: (1,),
    directory.STEP_LOG: (1,),
    directory.METRICS: (1,),
    directory.GOALS: (3,),
}
"""The schema versions of each file that this release reads."""

_SINCE: Mapping[str, tuple[tuple[int, int], str]] = {
    "language_models": ((0, 2), "runs of gdg-runtime before 0.2 ask no language models"),
    "paused": ((0, 2), "runs of gdg-runtime before 0.2 never pause"),
    "exposure": ((0, 2), "runs of gdg-runtime before 0.2 record no exposure"),
    "goals": ((0, 3), "runs of gdg-runtime before 0.3 have no goals"),
}
"""Parts that runs did not always have: the release that brought each, the reason of its absence."""

_EVENT = frozenset({"type", "epoch", "step"})
_EPOCH_COMPLETED = _EVENT | {"metrics"}
_FAILED = _EVENT | {"agent", "directive", "failures", "error"}
_STEP = frozenset({"agent", "epoch", "step"})
_GOAL_ROW = frozenset({"table"})


class MetricValue(TypedDict):
    """One metric as `metrics.json` and the event log hold it."""

    value: float | None
    """None where the metric is undefined; `reason` says why."""
    n: int
    """Number of observations."""
    version: int
    """Of the metric's definition."""
    reason: NotRequired[str]


class EpochMetrics(TypedDict):
    """The metrics of one closed epoch."""

    epoch: int
    """From 0."""
    metrics: dict[str, MetricValue]


class StoredJournal(NamedTuple):
    """The records of a run's journal, and what its header holds."""

    recorded: Recorded
    config: EpisodeConfig
    schedule: str
    header: Mapping[str, Any]


class RunReader:
    """Reads the files of one run, completed or not, each only when it is needed.

    What the run lacks is None, or empty where several are expected; `absent` gives the reason. A
    damaged file raises RunUnreadable or JournalDamaged, which name the file and the line. The
    documents (config, meta, journal, metrics) are read once: make a new reader to see what a
    running episode has written since. Events and steps are read each time.
    """

    def __init__(self, run: RunDirectory | Path) -> None:
        self.files = run if isinstance(run, RunDirectory) else RunDirectory(run)
        self.path = self.files.path
        """The run's directory."""

    # What the run is, and how far it got

    @cached_property
    def meta(self) -> dict[str, Any]:
        """The facts of `meta.json`; empty if the file is absent or broken."""
        return directory.read_meta(self.path / directory.META)

    @cached_property
    def status(self) -> str:
        """One of completed, stopped, failed, running, and interrupted (its process died)."""
        return self.files.status_now(self.meta.get("status", "interrupted"))

    @property
    def release(self) -> str | None:
        """The version of gdg-runtime that made the run; None if `meta.json` does not say it."""
        release = self.meta.get("version")
        return release if isinstance(release, str) and release != "unknown" else None

    @property
    def other_release(self) -> str | None:
        """Which release can execute the run again, in a sentence; None for a run of this one."""
        if self.release in (None, revision.package_version()):
            return None
        return (
            f"this run was made by gdg-runtime {self.release}; install "
            f"gdg-runtime=={self.release} to execute it again"
        )

    @cached_property
    def absent(self) -> Mapping[str, str]:
        """The reasons why the run has no `metrics`, `goals`, `language_models`, …, by name."""
        reasons = {
            name: reason
            for name, (since, reason) in _SINCE.items()
            if self.release is not None and _numbers(self.release) < since
        }
        if self.status != "completed":
            reasons["metrics"] = f"the run is {self.status}; metrics are written at its end"
        if not (self.path / directory.GOALS).is_file():
            reasons.setdefault("goals", "the scenario has no goals")
        elif self.status != "completed":
            reasons["goals"] = f"the run is {self.status}; goals are written at its end"
        return reasons

    def schema_versions(self) -> dict[str, Any]:
        """Return the schema version that each file states, of the files that are not empty.

        Raises RunUnreadable.
        """
        found = {}
        for name in READABLE:
            path = self.path / name
            if path.is_file() and path.stat().st_size:
                found[name] = (
                    self._lines(name, frozenset()).schema_version()
                    if path.suffix == ".jsonl"
                    else parsed(path).get("schema_version")
                )
        return found

    # What it began with, and what was recorded

    @cached_property
    def stored(self) -> tuple[EpisodeConfig, str]:
        """The resolved config and the schedule (fifo, fair or shuffle:SEED) that the run began
        with: from `config.json`, else from the journal.

        Raises RunUnreadable, JournalError.
        """
        path = self.path / directory.CONFIG
        if path.exists():
            return read_config_document(parsed(path, "config"), path)
        return self.journal.config, self.journal.schedule

    @property
    def config(self) -> EpisodeConfig:
        """The resolved config. Raises RunUnreadable, JournalError."""
        return self.stored[0]

    @property
    def schedule(self) -> str:
        """The order of the messages of one moment. Raises RunUnreadable, JournalError."""
        return self.stored[1]

    @cached_property
    def journal(self) -> StoredJournal:
        """The whole journal, in memory. Raises JournalError, RunUnreadable."""
        path = self.path / directory.JOURNAL
        if not path.exists():
            why = "the file is missing; without it nothing is recorded"
            raise JournalDamaged(path.name, 1, why)
        recorded = Recorded.read(path)
        if recorded.header is None:
            raise JournalDamaged(path.name, 1, "the header is missing or torn")
        config, schedule = read_config_document(recorded.header["config"], path)
        return StoredJournal(recorded, config, schedule, recorded.header)

    def resolve(self, config: EpisodeConfig) -> ResolvedEpisode:
        """Find the classes of the run's config, so that it can be executed.

        Raises CatalogueError for a plug-in that is not there any more, and ReleaseNeeded if
        another release made the run.
        """
        try:
            return resolve_episode(config)
        except CatalogueError as error:
            if self.other_release is None:
                raise
            raise ReleaseNeeded(str(error), self.other_release) from error

    def code_changes(self, episode: ResolvedEpisode) -> list[str]:
        """Describe what of the code is not as it was when the run began. Raises JournalError,
        RunUnreadable."""
        return revision.changes(self.journal.header["code"], revision.code_revision(episode))

    @property
    def is_recorded(self) -> bool:
        """True if the journal's header is on the disk; no effect was asked for before. Raises
        JournalError."""
        path = self.path / directory.JOURNAL
        return path.exists() and Recorded.read(path).header is not None

    def telemetry(self) -> Sequence[Record]:
        """Return the physical facts of effects and model calls; empty if the file is absent.

        Raises JournalDamaged.
        """
        path = self.path / directory.TELEMETRY
        return read_sealed(path).records if path.is_file() else ()

    # What came of it

    @cached_property
    def metrics_document(self) -> dict[str, Any] | None:
        """The document of `metrics.json`; None until the run is completed. Raises RunUnreadable."""
        if self.status != "completed":
            return None
        path = self.path / directory.METRICS
        document = parsed(path, "figures")
        check_version(path, document.get("schema_version"), READABLE[directory.METRICS])
        for name, fits in _PARTS.items():
            if not fits(document.get(name)):
                raise RunUnreadable(path, f"its {name} do not have the form of metrics")
        return document

    @property
    def overall(self) -> dict[str, MetricValue] | None:
        """The metrics of the whole episode by name; None until the run is completed.

        Raises RunUnreadable.
        """
        return None if self.metrics_document is None else self.metrics_document["overall"]

    @property
    def agents(self) -> dict[str, dict[str, Any]] | None:
        """Risk band, drift and tools by agent; None until the run is completed.

        Raises RunUnreadable.
        """
        return None if self.metrics_document is None else self.metrics_document["agents"]

    @cached_property
    def epochs(self) -> Sequence[EpochMetrics]:
        """The metrics per epoch, in order; those closed so far until the run is completed.

        Raises RunUnreadable.
        """
        if self.metrics_document is not None:
            epochs: list[EpochMetrics] = self.metrics_document["epochs"]
            return epochs
        closed = self._lines(directory.EVENTS, _EPOCH_COMPLETED, ("type", "epoch_completed"))
        found: list[EpochMetrics] = [
            {"epoch": event["epoch"], "metrics": event["metrics"]} for event in closed
        ]
        if not _are_epochs(found):
            raise RunUnreadable(closed.path, "its closed epochs do not have the form of metrics")
        return found

    def events(self, type: str | None = None) -> JsonLines:  # noqa: A002 (the key in the file)
        """Return the event log to iterate over, of it the events of one `type` if it is given."""
        return self._lines(directory.EVENTS, _EVENT, None if type is None else ("type", type))

    def failed_agents(self) -> dict[str, Record]:
        """Return the last failure of each agent whose code raised; of an isolated one, the failure
        that it was isolated for. Raises RunUnreadable."""
        found: dict[str, Record] = {}
        for event in self._lines(directory.EVENTS, _FAILED, ("type", "agent_failed")):
            if event["agent"] not in found or found[event["agent"]]["directive"] != "isolate":
                found[event["agent"]] = event
        return found

    def steps(self, agent: str | None = None) -> JsonLines:
        """Return the step log to iterate over, one record per agent and step, of all agents or of
        one."""
        return self._lines(directory.STEP_LOG, _STEP, None if agent is None else ("agent", agent))

    def goals(self) -> JsonLines:
        """Return the GoalStore's rows at the end, each with its `table`; none without goals."""
        return self._lines(directory.GOALS, _GOAL_ROW)

    @cached_property
    def transcript(self) -> str:
        """The episode in words, as Markdown; empty if it was not written."""
        path = self.path / "transcript.md"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def _lines(self, name: str, keys: frozenset[str], where: Selection = None) -> JsonLines:
        # These two begin with a line that is no record.
        header = name in (directory.STEP_LOG, directory.GOALS)
        return JsonLines(self.path / name, keys, READABLE[name], header, where)


def _are_metrics(part: object) -> bool:
    return isinstance(part, dict) and all(
        isinstance(metric, dict) and metric.keys() >= {"value", "n"} for metric in part.values()
    )


def _are_epochs(part: object) -> bool:
    return isinstance(part, list) and all(
        isinstance(entry, dict) and "epoch" in entry and _are_metrics(entry.get("metrics"))
        for entry in part
    )


def _are_agents(part: object) -> bool:
    return isinstance(part, dict) and all(
        isinstance(entry, dict)
        and _are_metrics(entry.get("drift"))
        and isinstance(entry.get("gdg_compat"), dict)
        for entry in part.values()
    )


_PARTS = {"overall": _are_metrics, "epochs": _are_epochs, "agents": _are_agents}
"""The parts of `metrics.json` that the readers take apart, each with the check of its form."""


def _numbers(release: str) -> tuple[int, int]:
    """Return the first two numbers of a version; (0, 0) for one of another form."""
    major, _, rest = release.partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def read_config_document(document: object, path: Path) -> tuple[EpisodeConfig, str]:
    """Return the config and schedule of a parsed `config.json`, which was read from `path`.

    Raises RunUnreadable for another version, and for what is no config.
    """
    if not isinstance(document, Mapping):
        raise RunUnreadable(path, "it holds no config")
    version = document.get("schema_version")
    if version != (known := directory.CONFIG_VERSION):
        why = f"its config has schema version {version!r}, this program reads {known}"
        raise RunUnreadable(path, why)
    try:
        return EpisodeConfig.model_validate(document.get("config")), str(document["schedule"])
    except ValidationError as error:
        found = first_problem(error)
        why = f"its config does not fit: {found.path}: {found.message}"
        raise RunUnreadable(path, why) from None
    except KeyError as error:
        raise RunUnreadable(path, f"its config lacks {error}") from None
