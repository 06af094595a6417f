"""`replay --verify`: a changed byte in any file of a run is found, and its file and line named."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE, RunDirectory
from gdg_runtime.adapters.runs.execution import start_run
from gdg_runtime.adapters.runs.verify import verify_run
from gdg_runtime.scenarios.files.loader import load_scenario

HERE = Path(__file__).parent
FILES = (*REPRODUCIBLE, "journal.jsonl", "telemetry.jsonl", "meta.json")
SEALED = ("journal.jsonl", "telemetry.jsonl", "meta.json")
LINES_TRIED = 16


@pytest.fixture(scope="module")
def small(_plug_ins: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run with effects, so that it can be verified hundreds of times."""
    config = load_scenario(
        HERE / "consulting.yaml", sets=["simulation.steps_per_epoch=2"], epochs=1,
        catalogue=default_catalogue(),
    )  # fmt: skip
    result = start_run(config, out=tmp_path_factory.mktemp("small"))
    assert result.status == "completed"
    return result.directory


@pytest.fixture
def run(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / "run"))


def named(run: Path) -> list[tuple[str, int]]:
    """Files and lines that verification complains of."""
    verification = verify_run(RunDirectory(run))
    assert verification.verified == (not verification.differences)
    return [(difference.file, difference.line) for difference in verification.differences]


def positions(data: bytes, name: str) -> Iterator[int]:
    """Bytes to change: of every line of a sealed file, of many lines of the others, the first, the
    middle or the end of line; and the first and last byte of the file."""
    yield 0
    yield len(data) - 2
    yield len(data) - 1
    lines = data.splitlines(keepends=True)
    every = 1 if name in SEALED else -(-len(lines) // LINES_TRIED)
    start = 0
    for number, line in enumerate(lines):
        if number % every == 0:
            yield start + (0, len(line) // 2, len(line) - 1)[number // every % 3]
        start += len(line)


def test_an_untouched_run_verifies(run: Path) -> None:
    assert sorted(path.name for path in run.iterdir()) == sorted([*FILES, ".lock"])
    assert named(run) == []


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_found_and_its_line_named(run: Path, name: str) -> None:
    path = run / name
    data = path.read_bytes()
    missed = []
    for position in positions(data, name):
        for mask in (1, 32):
            changed = bytearray(data)
            changed[position] ^= mask
            path.write_bytes(changed)
            line = data.count(b"\n", 0, position) + 1
            found = named(run)
            if found != [(name, line)]:
                missed.append((position, mask, line, found))
            if name not in SEALED:
                break
    assert not missed


@pytest.mark.parametrize("name", FILES)
def test_a_line_that_is_missing_doubled_or_added_is_found(run: Path, name: str) -> None:
    path = run / name
    lines = path.read_bytes().splitlines(keepends=True)
    last = len(lines)
    for number in {1, 2, last // 2, last - 1, last}:
        path.write_bytes(b"".join([*lines[: number - 1], *lines[number:]]))
        assert named(run) == [(name, _parting(lines, number))]
    path.write_bytes(b"".join([*lines, lines[-1]]))
    assert named(run) == [(name, last + 1)]
    path.write_bytes(b"".join([*lines, b"{}\n"]))
    assert named(run) == [(name, last + 1)]
    path.write_bytes(b"".join([*lines, b"no end"]))
    assert named(run) == [(name, last + 1)]
    path.write_bytes(b"".join(lines).removesuffix(b"\n"))
    assert named(run) == [(name, last)]
    path.write_bytes(b"")
    assert named(run) == [(name, 1)]


def _parting(lines: list[bytes], deleted: int) -> int:
    """The first line that differs once one is deleted: later than it, where its twins follow."""
    while deleted < len(lines) and lines[deleted] == lines[deleted - 1]:
        deleted += 1
    return deleted


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(run: Path, gdg, name: str) -> None:
    (run / name).unlink()
    assert named(run) == [(name, 1)]
    ran = gdg("replay", "--verify", run)
    assert ran.code == 3
    assert f"Not verified: 1 file differs. The first line of each:\n  {name}:1 differs" in ran.err


def test_several_changed_files_are_all_named(run: Path, gdg) -> None:
    for name in ("events.jsonl", "transcript.md", "telemetry.jsonl"):
        data = bytearray((run / name).read_bytes())
        data[10] ^= 1
        (run / name).write_bytes(data)
    ran = gdg("replay", "--verify", run, "--json")
    assert ran.code == 3
    assert ran.json["verified"] is False
    files = [difference["file"] for difference in ran.json["differences"]]
    assert sorted(files) == ["events.jsonl", "telemetry.jsonl", "transcript.md"]


def test_the_message_shows_both_versions_of_the_line(run: Path, gdg) -> None:
    events = run / "events.jsonl"
    events.write_bytes(events.read_bytes().replace(b"episode_started", b"episode_st\x1brted"))
    ran = gdg("replay", "--verify", run)
    assert "events.jsonl:1 differs" in ran.err
    assert r"recorded: " in ran.err
    assert r"episode_st\x1brted" in ran.err
    assert "replayed: " in ran.err
    assert "\x1b" not in ran.err


def test_a_plug_in_that_was_changed_is_noted_beside_the_difference(run, gdg, monkeypatch) -> None:
    from gdg_runtime.adapters.runs import revision

    monkeypatch.setattr(revision, "_plugin", lambda name: "another")
    assert gdg("replay", "--verify", run).code == 0
    (run / "metrics.json").write_text("{}\n")
    ran = gdg("replay", "--verify", run)
    assert ran.code == 3
    assert "note: the code of plug-in consulting has changed" in ran.err


_WITHOUT_NETWORK = """
import socket, sys
from gdg_runtime.adapters.cli import main
import gdg_runtime.adapters.cli.records

def refuse(*args, **kwargs):
    raise AssertionError("a replay touched the network")

socket.socket.__init__ = socket.create_connection = socket.getaddrinfo = refuse
socket.socketpair = refuse
main(sys.argv[1:])
"""


def test_a_replay_needs_neither_network_nor_event_loop(run: Path, environment) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_NETWORK, "replay", "--verify", str(run)],
        env={**environment, "GDG_TEST_PROVIDER": "127.0.0.1:9"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Verified: the whole run was executed again, with ")


def test_replay_to_writes_the_same_files_elsewhere(run: Path, gdg) -> None:
    ran = gdg("replay", run, "--to", "again")
    assert (ran.code, ran.out) == (0, "Replayed (completed): again\n")
    for name in REPRODUCIBLE:
        assert Path("again", name).read_bytes() == (run / name).read_bytes()
    document = gdg("replay", run, "--to", "third", "--verify", "--json").json
    assert (document["replayed_to"], document["verified"]) == ("third", True)
    full = gdg("replay", run, "--to", "again")
    assert full.code == 2
    assert "again is not empty" in full.err
    Path("a-file").touch()
    blocked = gdg("replay", run, "--to", "a-file/below")
    assert blocked.code == 1
    assert "cannot write to a-file/below" in blocked.err
