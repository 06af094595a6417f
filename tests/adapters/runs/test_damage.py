"""Whatever happens to a run's files, readers read on or name the file: nothing else is raised."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gdg_runtime.adapters.runs.errors import RunError
from gdg_runtime.adapters.runs.reader import RunReader
from gdg_runtime.adapters.runs.verify import verify_run
from gdg_runtime.runtime.errors import JournalError

RUNS = Path(__file__).parents[2] / "golden" / "run_directories"
TRIED = 12
"""Damaged copies of each run."""

READS: dict[str, Callable[[RunReader], object]] = {
    "config": lambda reader: reader.config,
    "journal": lambda reader: reader.journal,
    "metrics": lambda reader: reader.metrics_document,
    "epochs": lambda reader: reader.epochs,
    "absent": lambda reader: reader.absent,
    "events": lambda reader: list(reader.events()),
    "last events": lambda reader: reader.events().last(3),
    "torn": lambda reader: reader.events().torn,
    "steps": lambda reader: list(reader.steps()),
    "goals": lambda reader: list(reader.goals()),
    "telemetry": lambda reader: reader.telemetry(),
    "schema versions": lambda reader: reader.schema_versions(),
    "verification": lambda reader: verify_run(reader.files),
}


def cut(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def changed(data: bytes, draw: random.Random) -> bytes:
    bytes_of = bytearray(data)
    for _ in range(4 if data else 0):
        bytes_of[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(bytes_of)


def shuffled(data: bytes, draw: random.Random) -> bytes:
    lines = data.split(b"\n")
    draw.shuffle(lines)
    return b"\n".join(lines)


def replaced(_: bytes, draw: random.Random) -> bytes:
    return draw.choice([b"", b"[]", b"{}", b"7", b'{"schema_version": 1}\n', b"\0" * 99, b"\xff\n"])


@pytest.mark.parametrize("name", ["0.1.0/small", "0.2.0/llm", "0.3.0/goals"])
def test_readers_of_a_damaged_run_raise_errors_of_runs_alone(name: str, tmp_path: Path) -> None:
    draw = random.Random(name)
    for number in range(TRIED):
        run = Path(shutil.copytree(RUNS / name, tmp_path / str(number)))
        for path in draw.sample(sorted(run.iterdir()), 2):
            damage = draw.choice([cut, changed, shuffled, replaced])
            path.write_bytes(damage(path.read_bytes(), draw))
        for read in READS.values():
            try:
                read(RunReader(run))
            except (RunError, JournalError) as error:
                assert str(error)
