"""Play an episode in memory and look at what it wrote."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.actors.episode import build_episode
from gdg_runtime.actors.ports import Sinks
from gdg_runtime.actors.resolved import load_episode
from gdg_runtime.runtime import State


def _refuse_nan(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


def _lines(file: BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=_refuse_nan) for line in file.getvalue().splitlines()]


class Played:
    """What an episode wrote."""

    def __init__(self, files: list[BytesIO]) -> None:
        self.raw = [file.getvalue() for file in files]
        self.events = _lines(files[0])
        self.header, *self.steps = _lines(files[1])
        self.markdown = files[2].getvalue().decode()
        self.text = files[3].getvalue().decode()
        written = files[4].getvalue()
        self.metrics = json.loads(written, parse_constant=_refuse_nan) if written else None

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


def _play(document: str, folder: Path, *sets: str, schedule: str = "fifo") -> Played:
    path = folder / "scenario.yaml"
    path.write_text(document)
    episode = load_episode(path, sets=sets)
    files = [BytesIO() for _ in range(5)]
    sinks = Sinks(*[file.write for file in files])
    kernel = build_episode(episode, sinks, schedule_policy=schedule)
    assert kernel.run() is State.QUIET
    return Played(files)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Played]:
    """`play(yaml_text, "key=value", …)` runs the episode without any driver or file."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return lambda document, *sets, **options: _play(document, tmp_path, *sets, **options)
