"""A run's directory: the names of its files, its lock, and how its files are written."""

import fcntl
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple
from zlib import crc32

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


def config_document(config: EpisodeConfig, schedule: str) -> dict[str, Any]:
    """Return what `config.json` and the journal's header hold: the resolved config with every
    default, the schedule, and a digest of both.

    The digest is of all that a run follows from, except its code and its recorded inputs.
    """
    plain = {"schedule": schedule, "config": config.model_dump(mode="json")}
    checked = {"schedule": schedule, "config_hash": digest(canonical_json(plain))}
    return {"schema_version": CONFIG_VERSION, **checked, "config": plain["config"]}


def document_bytes(document: Mapping[str, Any]) -> bytes:
    """Return a config document as `config.json` holds it.

    Made from a journal's header, it is the config that the run began with, whatever defaults later
    releases have added.
    """
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def reproducible_files(config: EpisodeConfig) -> tuple[str, ...]:
    """Return the names of a run's reproducible files."""
    return REPRODUCIBLE if config.goals is None else (*REPRODUCIBLE, GOALS)


def write_whole(path: Path, parts: Iterable[bytes]) -> int:
    """Write a file so that a crash leaves the old one or the new one, never a part; its size."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("wb") as file:
            size = sum([file.write(part) for part in parts])
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return size


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, out: Path, config: EpisodeConfig, now: datetime) -> "RunDirectory":
        """Make a new directory `<out>/<scenario>/<label>/<time>-s<seed>`, never an existing one.

        Raises RunUnwritable.
        """
        parent = out / config.scenario_id / (config.label or "default")
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
            raise RunUnwritable(parent, error, is_new=True) from error
        raise RunUnwritable(parent, OSError("a thousand runs began in this second"), is_new=True)

    @classmethod
    def claim(cls, path: Path) -> "RunDirectory":
        """Make the directory of a new run at this very path. Raises RunExists, RunUnwritable."""
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunUnwritable(path, error, is_new=True) from error
        if any((path / name).exists() for name in (CONFIG, JOURNAL)):
            text = f"a run stands at {path} already; resume it, or choose another directory"
            raise RunExists(text)
        return cls(path)

    @classmethod
    def find(cls, path: Path) -> "RunDirectory":
        """Return an existing run. Raises RunNotFound."""
        if not any((path / name).is_file() for name in (CONFIG, JOURNAL)):
            raise RunNotFound(str(path))
        return cls(path)

    def write_whole(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all, so that it is found after a power cut."""
        write_whole(self.path / name, [data])
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
        """True if the episode ever ran: its journal's header was on the disk before."""
        return any((self.path / name).exists() for name in (META, EVENTS))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process, which writes it.

        Raises RunBusy if another one has it, and RunUnwritable where it can't be written.
        """
        try:
            with (self.path / ".lock").open("wb") as lock:
                for attempt in range(1, _LOCK_ATTEMPTS + 1):
                    try:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        break
                    except OSError as error:
                        if attempt == _LOCK_ATTEMPTS:
                            text = f"another process is at work on the run {self.path}"
                            raise RunBusy(f"{text}; wait for it or stop it") from error
                    time.sleep(_LOCK_PAUSE_S)
                yield
        except OSError as error:
            raise RunUnwritable(self.path, error, is_new=not self.has_begun) from error

    @property
    def is_locked(self) -> bool:
        """True if a process is at work on the run now."""
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
        self, config: EpisodeConfig, reception: Reception = discard_answer
    ) -> Iterator[tuple[Sinks, "StepCheckpoint"]]:
        """Open the files that the episode writes, from their beginning; flush and close them after.

        With the checkpoint, the part of a step that was written can be taken back. `reception`
        takes the answers to commands that the GoalStore gets from outside. Raises StoreUnusable.
        """
        with ExitStack() as stack:
            files = [
                stack.enter_context((self.path / name).open("wb", buffering=_BUFFER))
                for name in reproducible_files(config)[1:]
            ]
            events, step_log, markdown, plain, metrics, *dump = [file.write for file in files]
            goals = None
            if dump:
                database = stack.enter_context(closing(self._new_database()))
                goals = GoalFiles(database, dump[0], reception)
            checkpoint = StepCheckpoint(files)
            yield (
                Sinks(events, step_log, markdown, plain, metrics, checkpoint.turn, goals),
                checkpoint,
            )

    def _new_database(self) -> "Database":
        """Open an empty store of goals, in place of one that an earlier execution left."""
        # Only here: SQLite's tools are no cost of a run without goals.
        from ...goals.store.database import Database

        for old in self.path.glob(f"{GOALS_DATABASE}*"):
            old.unlink()
        # Not durable: if the machine goes down, the next execution makes it anew.
        return Database.open(self.path / GOALS_DATABASE, durable=False)


class StepCheckpoint:
    """Keeps the length of each file at the beginning of the latest step."""

    def __init__(self, files: Sequence[BinaryIO]) -> None:
        self.files = files
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


class Seal(NamedTuple):
    """The length of a sealed file, and the check of its last line."""

    lines: int
    check: str

    @classmethod
    def of(cls, path: Path) -> "Seal":
        """Read the seal of a file. Raises OSError."""
        lines, last = 0, b""
        with path.open("rb") as file:
            for last in file:
                lines += last.endswith(b"\n")
        _, mark, check = last.removesuffix(b'"}\n').rpartition(b'"')
        return cls(lines, check.decode(errors="replace") if mark else "")


META_VERSION = 1

_CHECKS = b'  "checks": '
_FACT = re.compile(rb'  "[a-z_]+": .*,')


def meta_bytes(facts: Mapping[str, Any]) -> bytes:
    """Return the document: one fact per line, and a last line with a check of each line."""
    entries = {"schema_version": META_VERSION, **facts}
    lines = ["{"]
    for name, value in entries.items():
        lines.append(f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)},")
    sums = [f"{crc32(line.encode()):08x}" for line in lines]
    checks = {"lines": sums, "check": digest("".join(sums), 4)}
    lines += [f"{_CHECKS.decode()}{json.dumps(checks)}", "}"]
    return ("\n".join(lines) + "\n").encode()


def read_meta(path: Path) -> dict[str, Any]:
    """Read the facts, without the checks; empty if the file is absent or broken."""
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(facts, dict):
        return {}
    facts.pop("checks", None)
    return facts


def same_length(one: Sequence[object], other: Sequence[object]) -> int:
    """Count the items, such as characters, that two sequences begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def first_bad_line(data: bytes) -> int | None:
    """Find the first line of a meta.json that was changed: its number; None if all are intact."""
    lines = data.split(b"\n")
    places = [place for place, line in enumerate(lines) if line.startswith(_CHECKS)]
    if not places:
        return _first_strange(lines)
    place = places[-1]
    sums = _sums(lines[place][len(_CHECKS) :])
    if sums is None:
        return place + 1
    now = [f"{crc32(line):08x}" for line in lines[:place]]
    if now != sums:
        return same_length(now, sums) + 1
    end = lines[place + 1 :]
    if end == [b"}", b""]:
        return None
    return place + 3 if end[:1] == [b"}"] and len(end) > 1 else place + 2


def _sums(text: bytes) -> list[str] | None:
    """Read the checks of the lines before; None where the checks were changed themselves."""
    try:
        checks = json.loads(text)
        sums: list[str] = checks["lines"]
        intact = checks["check"] == digest("".join(sums), 4)
    except (ValueError, KeyError, TypeError):
        return None
    return sums if intact and json.dumps(checks).encode() == text else None


def _first_strange(lines: list[bytes]) -> int:
    """Find the first line that does not belong, where the line with the checks is gone."""
    if lines[0] != b"{":
        return 1
    strange = (n for n, line in enumerate(lines[1:], start=2) if not _FACT.fullmatch(line))
    return next(strange, len(lines))
