"""The command line, called in this process or in one of its own."""

import gc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gdg_runtime.adapters.cli import main

GDG = [sys.executable, "-c", "from gdg_runtime.adapters.cli import main; main()"]
"""`gdg-runtime` as a process, of the code under test."""


GOALS = "goals"
SEVERAL_PARTS = ("adapters", "runs", "llm", "actors", "test_crash.py", "test_histories.py")
"""Where tests of goals are that need more than one part of the store."""


def pytest_collection_finish() -> None:
    """Thousands of tests and what they import stay for the whole session: the cycle collector
    need not look at them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of goals by their kind."""
    for item in items:
        parts = item.path.parts
        if not any(GOALS in part for part in parts[parts.index("tests") :]):
            continue
        if item.get_closest_marker("performance") is not None:
            continue
        if getattr(getattr(item, "function", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.property)
        elif any(place in parts for place in SEVERAL_PARTS):
            item.add_marker(pytest.mark.integration)
        else:
            item.add_marker(pytest.mark.unit)


class Ran(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Gdg = Callable[..., Ran]


@pytest.fixture
def gdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gdg:
    """Runs a command line in an empty directory, through the real entry point."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert "inside gdg-runtime" not in captured.err, captured.err
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def gdg_process(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts `gdg-runtime` in a process of its own, in the test's directory."""

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*GDG, *[str(argument) for argument in arguments]],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **{"cwd": tmp_path, **options},
        )  # fmt: skip

    return start
