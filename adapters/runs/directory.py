"""A run's directory: the names of its files, its lock, and how its files are written."""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ...actors.ports import GoalFiles, Reception, Sinks, discard_answer
from ...runtime.canonical import canonical_json, digest
from ...scenarios.schema.episode import EpisodeConfig
from .errors import RunBusy, RunExists, RunNotFound, RunUnwritable

if TYPE_CHECKING:
    from ...goals.store.database import Database

CONFIG_VERSION = 1

CONFIG = "config.json"
EVENTS = "events.jsonl"
STEP_LOG = "step_log.jsonl"
METRICS = "metrics.json"
META = "meta.json"
TELEMETRY = "telemetry.jsonl"
JOURNAL = "journal.jsonl"

REPRODUCIBLE = (CONFIG, EVENTS, STEP_LOG, "transcript.md", "transcript.txt", METRICS)
"""The reproducible files: the same, byte for byte, whenever the run is executed."""

GOALS = "goals.jsonl"
"""A reproducible file of runs with goals: the rows of the GoalStore at the end."""
GOALS_DATABASE = "goals.db"
"""The GoalStore itself. Its content is that of `goals.jsonl`; its bytes differ between runs."""

_BUFFER = 1 << 18
_LOCK_ATTEMPTS, _LOCK_PAUSE_S = 5, 0.05
"""A process that only looks whether a run goes on holds its lock for an instant."""


def config_bytes(config: EpisodeConfig, schedule: str) -> bytes:
    """Return the content of `config.json`: the resolved config with every default, the schedule."""
    return document_bytes({
        "schema_version": CONFIG_VERSION,
        "schedule": schedule,
        "config_hash": config_hash(config, schedule),
        "config": config.model_dump(mode="json"),
    })  # fmt: skip


def document_bytes(document: Mapping[str, Any]) -> bytes:
    """Return a config document as `config.json` holds it.

    Made from a journal's header, it is the config that the run began with, whatever defaults later
    releases have added.
    """
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def config_hash(config: EpisodeConfig, schedule: str) -> str:
    """Return a digest of all that a run follows from, except its code and its recorded inputs."""
    plain = {"schedule": schedule, "config": config.model_dump(mode="json")}
    return digest(canonical_json(plain))


def reproducible_files(config: EpisodeConfig) -> tuple[str, ...]:
    """Return the names of a run's reproducible files."""
    return REPRODUCIBLE if config.goals is None else (*REPRODUCIBLE, GOALS)


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, out: Path, config: EpisodeConfig, label: str, now: datetime) -> "RunDirectory":
        """Make a new directory `<out>/<scenario>/<label>/<time>-s<seed>`, never an existing one.

        Raises RunUnwritable.
        """
        parent = out / config.scenario_id / label
        name = f"{now:%Y%m%d-%H%M%S}-s{config.simulation.seed}"
        try:
            parent.mkdir(parents=True, exist_ok=True)
            for attempt in range(1, 1000):
                path = parent / (name if attempt == 1 else f"{name}-{attempt}")
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                return cls(path)
        except OSError as error:
            raise RunUnwritable(parent, error) from error
        raise RunUnwritable(parent, OSError("a thousand runs began in this second"))

    @classmethod
    def claim(cls, path: Path) -> "RunDirectory":
        """Make the directory of a new run at this very path. Raises RunExists, RunUnwritable."""
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunUnwritable(path, error) from error
        if any((path / name).exists() for name in (CONFIG, JOURNAL)):
            raise RunExists(path)
        return cls(path)

    @classmethod
    def find(cls, path: Path) -> "RunDirectory":
        """Return an existing run. Raises RunNotFound."""
        if not any((path / name).is_file() for name in (CONFIG, JOURNAL)):
            raise RunNotFound(str(path))
        return cls(path)

    def file(self, name: str) -> Path:
        """Return the path of one of the run's files."""
        return self.path / name

    @property
    def journal(self) -> Path:
        return self.path / JOURNAL

    def write_whole(self, name: str, data: bytes) -> None:
        """Write a file so that a crash leaves the old one or the new one, never a part."""
        temporary = self.path / f".{name}.new"
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / name)
        self.sync_names()

    def sync_names(self) -> None:
        """Return when new files of the directory would be found after a power cut."""
        directory = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    @property
    def has_begun(self) -> bool:
        """Whether the episode ever ran: its journal's header was on the disk before."""
        return self.file(META).exists() or self.file(EVENTS).exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process. Raises RunBusy if another one has it."""
        with (self.path / ".lock").open("wb") as lock:
            for attempt in range(1, _LOCK_ATTEMPTS + 1):
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError as error:
                    if attempt == _LOCK_ATTEMPTS:
                        raise RunBusy(self.path) from error
                time.sleep(_LOCK_PAUSE_S)
            yield

    @property
    def is_locked(self) -> bool:
        """Whether a process is at work on the run now."""
        try:
            with (self.path / ".lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def status_now(self, noted: str) -> str:
        """Return the run's status now, where `noted` is the one that was written last.

        A run that is noted as `running` is `interrupted` if no process works on it any more.
        """
        return "interrupted" if noted == "running" and not self.is_locked else noted

    @contextmanager
    def sinks(
        self,
        config: EpisodeConfig,
        checkpoint: "StepCheckpoint | None" = None,
        reception: Reception = discard_answer,
    ) -> Iterator[Sinks]:
        """Open the files that the episode writes, from their beginning; flush and close them after.

        With a `checkpoint`, the part of a step that was written can be taken back. `reception`
        takes the answers to commands that the GoalStore gets from outside. Raises StoreUnusable.
        """
        with ExitStack() as stack:
            files = [
                stack.enter_context((self.path / name).open("wb", buffering=_BUFFER))
                for name in reproducible_files(config)[1:]
            ]
            checkpoint = checkpoint or StepCheckpoint()
            checkpoint.files = files
            goals = None
            if config.goals is not None:
                dump = files.pop()
                goals = GoalFiles(stack.enter_context(self._new_database()), dump.write, reception)
                checkpoint.files = [*files, dump]
            events, step_log, markdown, plain, metrics = [file.write for file in files]
            yield Sinks(events, step_log, markdown, plain, metrics, checkpoint.turn, goals)

    @contextmanager
    def _new_database(self) -> Iterator["Database"]:
        """Open an empty store of goals, in place of one that an earlier execution left."""
        # Only here: SQLite's tools are no cost of a run without goals.
        from ...goals.store.database import Database

        for old in self.path.glob(f"{GOALS_DATABASE}*"):
            old.unlink()
        # Not durable: if the machine goes down, the next execution makes it anew.
        with closing(Database.open(self.path / GOALS_DATABASE, durable=False)) as database:
            yield database


class StepCheckpoint:
    """Keeps the length of each file at the beginning of the latest step."""

    def __init__(self) -> None:
        self.files: list[BinaryIO] = []
        self.step = -1
        self._ends: list[int] = []

    def turn(self, step: int) -> None:
        """Note that a step begins, of which nothing is written so far."""
        self.step = step
        self._ends = [file.tell() for file in self.files]

    def take_back(self, step: int) -> None:
        """Cut off what was written of a step, if it is the latest one."""
        if self.step == step:
            for file, end in zip(self.files, self._ends, strict=True):
                file.flush()
                file.truncate(end)
