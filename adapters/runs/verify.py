"""`replay --verify`: execute a run again from its journal and compare every byte."""

import tempfile
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from ...actors.episode import build_episode
from ...actors.ports import Sinks
from ...actors.resolved import ResolvedEpisode
from ...runtime.drivers import RunEnd
from ...runtime.drivers.replay import replay
from ...runtime.errors import GdgError, JournalDamaged, ReplayDivergence
from ...runtime.hash_chain import read_sealed
from ...runtime.journal import Recorded
from ...runtime.kernel import Kernel
from . import directory
from .directory import RunDirectory, same_length
from .errors import EpisodeUnmade
from .reader import RunReader, StoredJournal

_WIDTH = 60


class Difference(NamedTuple):
    """A line that differs between a recorded file and its replay."""

    file: str
    line: int
    """From 1."""
    recorded: str
    replayed: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line} differs\n"
            f"    recorded: {self.recorded}\n"
            f"    replayed: {self.replayed}"
        )


def compare(
    recorded: Path, replayed: Path, *, whole: bool, replayed_whole: bool = True
) -> Difference | None:
    """Find the first line that differs, its end included; None if there is none.

    The recorded file may be the beginning of the replayed one unless it is `whole`, and the
    replayed one that of the recorded one unless it is `replayed_whole`. Both are read line by line,
    since they may be larger than memory.
    """
    name = recorded.name
    if not recorded.exists():
        return _absent(name) if whole else None
    with recorded.open("rb") as before, replayed.open("rb") as after:
        pairs = zip_longest(before, after, fillvalue=b"")
        for number, (left, right) in enumerate(pairs, start=1):
            if left == right:
                continue
            if not replayed_whole and left.startswith(right) and not right.endswith(b"\n"):
                return None
            if not whole and right.startswith(left) and not left.endswith(b"\n"):
                return None
            return Difference(name, number, *_around(left, right))
    return None


def _around(left: bytes, right: bytes) -> tuple[str, str]:
    """Return both lines, cut to the place where they part."""
    same = same_length(left, right)
    start = max(0, same - _WIDTH)
    return _shown(left, start, same), _shown(right, start, same)


def _shown(line: bytes, start: int, same: int) -> str:
    if not line:
        return "the file ends here"
    text = line[start : same + _WIDTH].decode(errors="backslashreplace")
    if not text.endswith("\n") and len(line) <= same + _WIDTH:
        text += " (no end of line)"
    lead = "…" if start else ""
    return lead + text.removesuffix("\n")


class Verification(NamedTuple):
    """The result of a verification."""

    directory: Path
    complete: bool
    """True if the recorded run had come to its end; else its files are the beginning of it."""
    outcomes: int
    """Recorded outcomes of effects that were used."""
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    """Possible reasons of differences: another release, other code, other libraries."""

    @property
    def verified(self) -> bool:
        """True if every byte is what the replay makes it."""
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """Return the document of `replay --json`."""
        return {
            "run_dir": str(self.directory),
            "verified": self.verified,
            "complete": self.complete,
            "outcomes": self.outcomes,
            "differences": [difference._asdict() for difference in self.differences],
            "notes": list(self.notes),
        }


def replay_into(episode: ResolvedEpisode, journal: StoredJournal, out: Path) -> RunEnd:
    """Execute a recorded run again, without network or event loop, and write its files to `out`.

    Raises EpisodeUnmade, ReplayDivergence and whatever ended the recorded run.
    """
    (out / directory.CONFIG).write_bytes(directory.document_bytes(journal.header["config"]))
    with RunDirectory(out).sinks(episode.config) as (sinks, _):
        return replay(rebuilt(episode, sinks, journal.schedule), journal.recorded)


def rebuilt(episode: ResolvedEpisode, sinks: Sinks, schedule: str) -> Kernel:
    """Build the episode of a recorded run. Raises EpisodeUnmade where its own code fails."""
    try:
        return build_episode(episode, sinks, schedule_policy=schedule)
    except GdgError:
        raise
    except Exception as error:
        world = f"{episode.world.__module__}:{episode.world.__qualname__}"
        why = f"{type(error).__name__}: {error}"
        text = f"the episode of the world {world} can't be made again: {why}"
        raise EpisodeUnmade(text) from error


def verify_run(run: RunDirectory) -> Verification:
    """Compare every file of a run with what its journal makes, and every seal with its line.

    Raises RunUnreadable, EpisodeUnmade, and CatalogueError or ReleaseNeeded for a plug-in that is
    not there any more.
    """
    reader = RunReader(run)
    changed = _meta(run.path / directory.META)
    meta = {} if changed else reader.meta
    complete = meta.get("status") == "completed"
    guarded = _sealed(run, directory.JOURNAL, meta) + _sealed(run, directory.TELEMETRY, meta)
    guarded += changed
    try:
        journal = reader.journal
    except JournalDamaged as damage:
        differences = guarded or [_damaged(damage)]
        return Verification(run.path, complete, 0, tuple(differences), ())
    recorded, config = journal.recorded, journal.config
    episode = reader.resolve(config)
    notes = reader.code_changes(episode)
    if reader.other_release is not None:
        notes.insert(0, reader.other_release)
    with tempfile.TemporaryDirectory(prefix="gdg-replay-") as folder:
        again = Path(folder)
        parted = None
        try:
            ending = replay_into(episode, journal, again)
            if complete and ending is not RunEnd.COMPLETED:
                line = len(recorded.recovered.records) + 1
                texts = "the recording ends here", "the run asks for more"
                parted = Difference(directory.JOURNAL, line, *texts)
        except GdgError as error:
            # A run that failed ends so in its replay too; one that asks otherwise never may.
            if complete or isinstance(error, ReplayDivergence):
                parted = _parting(recorded, error)
        if parted is not None and not any(found.file == directory.JOURNAL for found in guarded):
            guarded.insert(0, parted)
        for name in directory.reproducible_files(config):
            found = compare(
                run.path / name, again / name,
                whole=complete or name == directory.CONFIG, replayed_whole=parted is None,
            )  # fmt: skip
            if found is not None:
                guarded.append(found)
    return Verification(run.path, complete, len(recorded), tuple(guarded), tuple(notes))


def _parting(recorded: Recorded, error: GdgError) -> Difference:
    """Find where a replay that failed parted from the run that had completed."""
    line = 1
    if isinstance(error, ReplayDivergence):
        wanted = (error.actor, error.number)
        records = enumerate(recorded.recovered.records, start=1)
        asked = (n for n, one in records if (one.get("actor"), one.get("number")) == wanted)
        line = next(asked, 1)
    return Difference(directory.JOURNAL, line, "a run that completed", str(error))


def _sealed(run: RunDirectory, name: str, meta: Mapping[str, Any]) -> list[Difference]:
    """Find what is wrong with a file that a replay can't make.

    It guards its own lines, and its end stands in meta.json once the run has ended.
    """
    seal = meta.get("seals", {}).get(name)
    if not (run.path / name).exists():
        return [_absent(name)] if run.has_begun else []
    try:
        recovered = read_sealed(run.path / name)
        lines = len(recovered.records)
        if seal is not None and recovered.torn:
            raise JournalDamaged(name, lines + 1, "this line is torn or was changed")
    except JournalDamaged as damage:
        return [_damaged(damage)]
    if seal is None or directory.Seal(lines, recovered.check) == directory.Seal(**seal):
        return []
    line = min(lines, seal["lines"]) + 1 if lines != seal["lines"] else max(1, lines)
    return [Difference(name, line, f"{lines} lines", f"{seal['lines']} lines, by meta.json")]


def _meta(path: Path) -> list[Difference]:
    """Find the first line of meta.json that was changed."""
    if not path.exists():
        return [_absent(path.name)]
    bad = directory.first_bad_line(path.read_bytes())
    texts = "this line was changed", "the line as it was written"
    return [] if bad is None else [Difference(path.name, bad, *texts)]


def _absent(name: str) -> Difference:
    return Difference(name, 1, "the file is missing", "a file")


def _damaged(damage: JournalDamaged) -> Difference:
    return Difference(damage.file, damage.line, str(damage), "the line as it was written")
