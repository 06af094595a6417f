"""SIGINT and SIGTERM: once stops at the step boundary, twice at once; resumable either way."""

import json
import re
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from gdg_runtime.adapters.runs.directory import REPRODUCIBLE
from gdg_runtime.runtime import Recorded

HERE = Path(__file__).parent
NOTICE = "Stopping at the end of this step; once more to stop at once."


@pytest.fixture
def begun(gdg_process, environment):
    """Starts a run in a process of its own; gives it once its journal has so many lines."""
    return partial(_begun, gdg_process, environment)


def _begun(gdg_process, environment, latency: str, lines: int):
    slow = {**environment, "GDG_TEST_LATENCY": latency}
    process = gdg_process("start", HERE / "consulting.yaml", env=slow)
    deadline = time.monotonic() + 30
    while True:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        for events in Path("runs").glob("*/*/*/events.jsonl"):
            run = events.parent
            long_enough = (run / "journal.jsonl").read_bytes().count(b"\n") >= lines
            if long_enough and _catches(process.pid, signal.SIGTERM):
                return process, run
        time.sleep(0.02)


def _catches(pid: int, number: int) -> bool:
    """Return whether a process has a handler for a signal; unknown outside of Linux: True."""
    status = Path(f"/proc/{pid}/status")
    caught = re.search(r"^SigCgt:\s*(\w+)", status.read_text(), re.M) if status.exists() else None
    return caught is None or bool(int(caught[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("what", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_at_the_step_boundary(gdg, begun, promised, what) -> None:
    process, run = begun("0.15", lines=12)
    process.send_signal(what)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert NOTICE in err
    assert out.startswith("stopped: ")
    assert f"go on with: gdg-runtime resume {run}" in out
    steps = [json.loads(line) for line in (run / "step_log.jsonl").read_text().splitlines()][1:]
    assert 0 < len(steps) < 54
    assert len(steps) % 6 == 0, "the step that was going on is whole"
    assert gdg("show", run, "--json").json["status"] == "stopped"
    assert gdg("runs", "--status", "stopped", "--json").json[0]["run_id"] == run.name
    known = set(Recorded.read(run / "journal.jsonl").cassette())
    assert gdg("replay", run, "--verify").code == 0
    assert gdg("resume", run, "--quiet").code == 0
    assert {name: (run / name).read_bytes() for name in REPRODUCIBLE} == promised
    assert known < set(Recorded.read(run / "journal.jsonl").cassette())


def test_the_second_signal_stops_at_once(gdg, begun, promised) -> None:
    process, run = begun("30", lines=1)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline().startswith(NOTICE)
    assert process.poll() is None, "effects of up to 30 s are in flight"
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert gdg("show", run, "--json").json["status"] == "stopped"
    assert gdg("resume", run, "--quiet").code == 0
    assert {name: (run / name).read_bytes() for name in REPRODUCIBLE} == promised
