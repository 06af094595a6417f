"""A disk that is full: an error that says so, and a run that goes on once there is room."""

import resource
from pathlib import Path

import pytest

from gdg_runtime.adapters.runs.directory import REPRODUCIBLE
from gdg_runtime.runtime import Recorded

HERE = Path(__file__).parent


def limited(size: int):
    """Files of the process may not grow beyond so many bytes; Python then sees EFBIG."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def the_run() -> Path:
    return next(Path("runs").glob("*/*/*"))


@pytest.mark.parametrize("size", [16_000, 24_000])
def test_a_journal_that_cannot_grow_ends_the_run_resumably(
    gdg, gdg_process, environment, promised, size
) -> None:
    process = gdg_process(
        "start", HERE / "consulting.yaml", "--json",
        env=environment, preexec_fn=limited(size),
    )  # fmt: skip
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    run = the_run()
    assert f"cannot write to {run}: File too large" in out
    recorded = Recorded.read(run / "journal.jsonl")
    assert recorded.header is not None
    assert 0 < len(recorded) < len(promised["step_log.jsonl"])
    known = set(recorded.cassette())
    assert gdg("show", run).code == 0
    assert gdg("resume", run, "--quiet").code == 0
    assert {name: (run / name).read_bytes() for name in REPRODUCIBLE} == promised
    assert known < set(Recorded.read(run / "journal.jsonl").cassette())


def test_logs_that_cannot_grow_end_the_run_with_the_same_words(gdg, gdg_process) -> None:
    process = gdg_process(
        "start", "baseline", "--epochs", 60, preexec_fn=limited(400_000)
    )  # fmt: skip
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert f"The run failed: cannot write to {the_run()}: File too large" in err
    assert "make room and resume the run" in err
    assert out.startswith("failed: ")
    assert gdg("runs", "--status", "failed", "--json").json
    assert gdg("resume", "latest", "--quiet").code == 0
    assert gdg("replay", "latest").code == 0


def test_a_folder_of_runs_that_cannot_be_made_is_told(gdg) -> None:
    Path("a-file").touch()
    ran = gdg("start", "baseline", "--out", "a-file/runs", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "cannot write to a-file/runs/baseline/default: Not a directory" in ran.err
