"""A run's directory: its files, its lock, and who may write there."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from ..actors.ports import Sinks
from ..runtime.canonical import canonical_json, digest
from ..scenarios.schema.episode import EpisodeConfig
from .failures import RunBusy, RunNotFound, RunUnwritable

CONFIG_VERSION = 1

PROMISED = (
    "config.json",
    "events.jsonl",
    "step_log.jsonl",
    "transcript.md",
    "transcript.txt",
    "metrics.json",
)
"""Files that are the same, byte for byte, whenever the same run is executed."""

_BUFFER = 1 << 18


def config_bytes(config: EpisodeConfig, schedule: str) -> bytes:
    """What `config.json` holds: the resolved config with every default, and the schedule."""
    document = {
        "schema_version": CONFIG_VERSION,
        "schedule": schedule,
        "config_hash": config_hash(config, schedule),
        "config": config.model_dump(mode="json"),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def config_hash(config: EpisodeConfig, schedule: str) -> str:
    """Stands for all that a run follows from besides code and recorded inputs."""
    plain = {"schedule": schedule, "config": config.model_dump(mode="json")}
    return digest(canonical_json(plain))


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, out: Path, config: EpisodeConfig, label: str, now: datetime) -> "RunDirectory":
        """A new directory `<out>/<scenario>/<label>/<time>-s<seed>`; never one that exists.

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
    def find(cls, path: Path) -> "RunDirectory":
        """An existing run. Raises RunNotFound."""
        if not (path / "config.json").is_file():
            raise RunNotFound(path)
        return cls(path)

    def file(self, name: str) -> Path:
        """The path of one of the run's files."""
        return self.path / name

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    def write_whole(self, name: str, data: bytes) -> None:
        """Write a file so that a crash leaves the old one or the new one, never a part."""
        temporary = self.path / f".{name}.new"
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / name)

    def read_config(self) -> tuple[EpisodeConfig, str]:
        """The resolved config and the schedule, as `config.json` has them."""
        document = json.loads(self.file("config.json").read_bytes())
        return read_config_document(document)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process. Raises RunBusy if another one has it."""
        with (self.path / ".lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RunBusy(self.path) from error
            yield

    @property
    def is_locked(self) -> bool:
        """Whether a process is at work on the run now."""
        try:
            with self.locked():
                return False
        except RunBusy:
            return True

    @contextmanager
    def sinks(self) -> Iterator[Sinks]:
        """The files that the recorder writes, from their beginning; flushed and closed after."""
        files: list[BinaryIO] = []
        try:
            for name in PROMISED[1:]:
                files.append((self.path / name).open("wb", buffering=_BUFFER))
            events, step_log, markdown, plain, metrics = files
            yield Sinks(events.write, step_log.write, markdown.write, plain.write, metrics.write)
        finally:
            for file in files:
                file.close()


def read_config_document(document: Mapping[str, Any]) -> tuple[EpisodeConfig, str]:
    """The config and schedule of a parsed `config.json`. Raises ValueError for other versions."""
    version = document.get("schema_version")
    if version != CONFIG_VERSION:
        raise ValueError(f"config.json has schema version {version!r}, expected {CONFIG_VERSION}")
    return EpisodeConfig.model_validate(document["config"]), document["schedule"]
