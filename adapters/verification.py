"""`replay --verify`: execute a run again from its journal and compare every byte."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from ..actors.episode import build_episode
from ..actors.plugins import default_catalogue
from ..actors.ports import Observer, Sinks
from ..runtime.drivers.ending import Ending
from ..runtime.drivers.replay import replay
from ..runtime.errors import GdgError, JournalDamaged
from ..runtime.journal import Recorded
from ..runtime.sealed import read_sealed
from ..scenarios.schema.episode import EpisodeConfig
from . import revision
from .meta import first_bad_line, read_meta
from .run_directory import PROMISED, RunDirectory, config_bytes, read_config_document


class Difference(NamedTuple):
    """A line that is not what the replay makes it."""

    file: str
    line: int
    recorded: str
    replayed: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line} differs\n"
            f"    recorded: {self.recorded}\n"
            f"    replayed: {self.replayed}"
        )


class Verification(NamedTuple):
    """What a replay found."""

    directory: Path
    complete: bool
    """Whether the recorded run had come to its end; else its files are the beginning of it."""
    outcomes: int
    """Recorded outcomes of effects that were used."""
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    """What may explain differences: other code, other libraries."""

    @property
    def verified(self) -> bool:
        """Whether every byte is what the replay makes it."""
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """The document of `replay --json`."""
        return {
            "run_dir": str(self.directory),
            "verified": self.verified,
            "complete": self.complete,
            "outcomes": self.outcomes,
            "differences": [difference._asdict() for difference in self.differences],
            "notes": list(self.notes),
        }


def replay_into(
    run: RunDirectory, out: Path, recorded: Recorded, observer: Observer | None = None
) -> Ending:
    """Execute a recorded run again, without network or event loop, and write its files to `out`.

    Raises ReplayDivergence and whatever ended the recorded run.
    """
    config, schedule = _config_of(run, recorded)
    (out / "config.json").write_bytes(config_bytes(config, schedule))
    with RunDirectory(out).sinks() as sinks:
        kernel = build_episode(
            config, default_catalogue(), Sinks(*sinks), observer=observer, schedule_policy=schedule
        )
        return replay(kernel, recorded)


def _config_of(run: RunDirectory, recorded: Recorded) -> tuple[EpisodeConfig, str]:
    if recorded.header is None:
        raise JournalDamaged("journal.jsonl", 1, "the header is missing or torn")
    return read_config_document(recorded.header["config"])


def verify_run(run: RunDirectory, observer: Observer | None = None) -> Verification:
    """Compare every file of a run with what its journal makes, and every seal with its line."""
    complete = read_meta(run.file("meta.json")).get("status") == "completed"
    differences: list[Difference] = []
    try:
        recorded = Recorded.read(run.journal)
        if recorded.header is None or (complete and recorded.recovered.torn):
            line = len(recorded.recovered.records) + 1
            raise JournalDamaged("journal.jsonl", line, "this line is torn or was changed")
    except JournalDamaged as damage:
        differences.append(_damaged(damage))
        return Verification(run.path, complete, 0, tuple(differences), ())
    notes = revision.changes(
        recorded.header["code"], revision.code_revision(_config_of(run, recorded)[0])
    )
    with tempfile.TemporaryDirectory(prefix="gdg-replay-") as folder:
        again = Path(folder)
        try:
            replay_into(run, again, recorded, observer)
        except GdgError as error:
            if complete:
                differences.append(
                    Difference("journal.jsonl", 1, "a run that completed", str(error))
                )
        for name in PROMISED:
            found = compare(run.file(name), again / name, whole=complete or name == "config.json")
            if found is not None:
                differences.append(found)
    differences += _seals(run, complete)
    return Verification(run.path, complete, len(recorded), tuple(differences), tuple(notes))


def compare(recorded: Path, replayed: Path, *, whole: bool) -> Difference | None:
    """The first line that differs. Without `whole`, the recorded file may be a beginning."""
    name = recorded.name
    if not recorded.exists():
        return Difference(name, 1, "the file is missing", "") if whole else None
    before, after = recorded.read_bytes(), replayed.read_bytes()
    if before == after or (not whole and after.startswith(before)):
        return None
    old, new = before.split(b"\n"), after.split(b"\n")
    for number, (left, right) in enumerate(zip(old, new, strict=False), start=1):
        if left != right:
            return Difference(name, number, *_around(left, right))
    line = min(len(old), len(new)) + 1
    return Difference(name, line, f"{len(old) - 1} lines", f"{len(new) - 1} lines")


def _around(left: bytes, right: bytes, width: int = 60) -> tuple[str, str]:
    """Both lines, cut to where they part."""
    same = next(
        (place for place, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    start = max(0, same - width)
    shown = [line[start : same + width].decode(errors="replace") for line in (left, right)]
    lead = "…" if start else ""
    return f"{lead}{shown[0]}", f"{lead}{shown[1]}"


def _seals(run: RunDirectory, complete: bool) -> list[Difference]:
    """The files that a replay can't make guard their own lines."""
    found = []
    telemetry, meta = run.file("telemetry.jsonl"), run.file("meta.json")
    if telemetry.exists():
        try:
            recovered = read_sealed(telemetry)
            if complete and recovered.torn:
                line = len(recovered.records) + 1
                raise JournalDamaged(telemetry.name, line, "this line is torn or was changed")
        except JournalDamaged as damage:
            found.append(_damaged(damage))
    if meta.exists():
        bad = first_bad_line(meta.read_bytes())
        if bad is not None:
            found.append(Difference("meta.json", bad, "this line was changed", "a line as written"))
    return found


def _damaged(damage: JournalDamaged) -> Difference:
    return Difference(damage.file, damage.line, str(damage), "a line as it was written")
