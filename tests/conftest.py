"""The command line, called in this process or in one of its own."""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gdg_runtime.adapters.cli import main

GDG = [sys.executable, "-c", "from gdg_runtime.adapters.cli import main; main()"]
"""`gdg-runtime` as a process, of the code under test."""

# The tests start hundreds of processes: each would compile all modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

GOALS = "goals"
SEVERAL_PARTS = ("adapters", "runs", "llm", "actors", "test_crash.py", "test_histories.py")
"""Where tests of goals are that need more than one part of the store."""

EXTRAS = {"llm": ("litellm",), "local-llm": ("xllamacpp",), "examples": ("openai", "pydantic_ai")}
"""The extras that `dev` leaves out, with what the tests of each import."""

NIGHTLY = "nightly"
"""The marker of tests that only `-m nightly` runs."""
NIGHTLY_TIMEOUT_S = 3_600
EXAMPLES = 1_000
"""Examples of each Hypothesis test under `-m nightly`, at least."""
LEFT_OUT = pytest.StashKey[int]()


def pytest_collection_finish() -> None:
    """Thousands of tests and what they import stay for the whole session: the cycle collector
    need not look at them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of goals by their kind, and leave the nightly tests out unless they are asked
    for: `-m nightly`."""
    _mark_goals(items)
    for item in items:
        _give_time(item)
    if NIGHTLY in config.option.markexpr:
        for item in items:
            _enlarge(item)
        return
    left_out = [item for item in items if item.get_closest_marker(NIGHTLY)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker(NIGHTLY)]
    config.stash[LEFT_OUT] = len(left_out)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the tests of an extra where its libraries are missing."""
    for extra, libraries in EXTRAS.items():
        if item.get_closest_marker(f"extra_{extra.replace('-', '_')}"):
            missing = [name for name in libraries if find_spec(name) is None]
            if missing:
                install = f"pip install -e '.[{extra}]'"
                pytest.skip(f"{' and '.join(missing)} not installed; {install} brings it")


def _change_settings(item: pytest.Item, change: Callable[[Any], dict[str, Any]]) -> bool:
    """Change the settings of a Hypothesis test; return False for any other test."""
    function = getattr(item, "function", None)
    if not getattr(function, "is_hypothesis_test", False):
        return False
    from hypothesis import settings  # the test has imported it

    holder, name = function, "_hypothesis_internal_use_settings"
    if not hasattr(function, name):  # a state machine
        holder, name = item.cls, "settings"
    usual = getattr(holder, name)
    setattr(holder, name, settings(usual, **change(usual)))
    return True


def _give_time(item: pytest.Item) -> None:
    """Let no Hypothesis test fail because the machine is busy."""

    def unhurried(usual: Any) -> dict[str, Any]:
        from hypothesis import HealthCheck

        checks = {*usual.suppress_health_check, HealthCheck.too_slow}
        return {"deadline": None, "suppress_health_check": tuple(checks)}

    _change_settings(item, unhurried)


def _enlarge(item: pytest.Item) -> None:
    """Give a nightly test its time, and a Hypothesis test the examples of a night."""
    if _change_settings(item, lambda usual: {"max_examples": max(usual.max_examples, EXAMPLES)}):
        item.add_marker(NIGHTLY)
    if item.get_closest_marker(NIGHTLY):
        item.add_marker(pytest.mark.timeout(NIGHTLY_TIMEOUT_S))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Report from a worker of pytest-xdist how many tests were left out."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[NIGHTLY] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker reports; each of them collects all tests."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get(NIGHTLY, 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was left out, and why."""
    left_out = terminalreporter.config.stash.get(LEFT_OUT, 0)
    if left_out:
        terminalreporter.write_line(
            f"{left_out} nightly tests left out: larger instances of tests that ran; "
            f"-m nightly runs them, and Hypothesis at {EXAMPLES:,} examples"
        )


def _mark_goals(items: list[pytest.Item]) -> None:
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
