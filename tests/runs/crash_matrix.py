"""Kill runs with SIGKILL at random lengths of their journals and resume them:
`crash_matrix.py KILLS SEED`.

Each run is a real process, forked from this one (which has imported everything and runs no
thread), and a provider in a process of its own counts what it is asked. Prints a JSON summary;
raises AssertionError on the first broken promise.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE, RunDirectory
from gdg_runtime.adapters.runs.execution import resume_run, start_run
from gdg_runtime.runtime import Recorded
from gdg_runtime.scenarios.files.loader import load_scenario

HERE = Path(__file__).parent


def in_a_process(work: Callable[[], object]) -> int:
    """Fork; the child does the work and exits. Returns its process id."""
    child = os.fork()
    if child:
        return child
    code = 0
    try:
        work()
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


def start(out: Path) -> None:
    config = load_scenario(HERE / "consulting.yaml", catalogue=default_catalogue())
    result = start_run(config, out=out)
    assert result.status == "completed", result.error


def resume(run: Path) -> None:
    result = resume_run(RunDirectory.find(run))
    assert result.status == "completed", result.error


def wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed(work: Callable[[], object], out: Path, length: int) -> bool:
    """Do the work in a process and kill it as soon as the journal of the run below `out` has
    this many bytes; 0: at once. Return False if the process had ended before.

    A length, and no time: on a busy machine the kills come as deep into the run as on a quiet one.
    """
    child = in_a_process(work)
    journal: Path | None = None
    while length and not os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG):
        if journal is None:
            journal = next(out.glob("*/*/*/journal.jsonl"), None)
        if journal is not None and journal.stat().st_size >= length:
            break
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    return wait(child) == -signal.SIGKILL


def lengths(kills: int, whole: int, draws: random.Random) -> list[int]:
    """Return the lengths of a journal, in bytes, at which to kill: the first is 0 (before there is
    a journal), the others are drawn one from each of equal parts of the `whole` length."""
    return [0, *[int(whole * (part + draws.random()) / (kills - 1)) for part in range(kills - 1)]]


def the_run(out: Path) -> Path | None:
    found = list(out.glob("consulting/default/*/config.json"))
    return found[0].parent if found else None


def questions(recorded: Recorded | None) -> set[str]:
    """What was answered according to the journal."""
    if recorded is None:
        return set()
    return {json.loads(json.loads(line)["asked"])["args"][0] for line in recorded.cassette()}


def main(kills: int, seed: int) -> None:
    root = Path(tempfile.mkdtemp(prefix="gdg-crash-"))
    log = root / "asked.log"
    log.touch()
    provider = subprocess.Popen(
        [sys.executable, str(HERE / "provider.py"), str(log), "0.012"],
        stdout=subprocess.PIPE, text=True, cwd=HERE,
    )  # fmt: skip
    assert provider.stdout is not None
    os.environ["GDG_TEST_PROVIDER"] = f"127.0.0.1:{provider.stdout.readline().strip()}"
    try:
        assert wait(in_a_process(lambda: start(root / "whole"))) == 0
        whole = the_run(root / "whole")
        assert whole is not None
        size = (whole / "journal.jsonl").stat().st_size
        asked_by_whole = len(log.read_text().splitlines())
        summary = {"kills": 0, "before_config": 0, "after_the_end": 0, "repeated_in_flight": 0,
                   "recorded_at_kill": 0, "questions": asked_by_whole}  # fmt: skip
        for number, length in enumerate(lengths(kills, size, random.Random(seed))):
            out = root / f"crash{number}"
            before = len(log.read_text().splitlines())
            ended = not killed(lambda out=out: start(out), out, length)
            summary["after_the_end"] += ended
            summary["kills"] += 1
            run = the_run(out)
            if run is None:
                summary["before_config"] += 1
                continue
            at_kill = len(log.read_text().splitlines())
            journal = run / "journal.jsonl"
            known = questions(Recorded.read(journal) if journal.exists() else None)
            summary["recorded_at_kill"] += len(known)
            assert wait(in_a_process(lambda run=run: resume(run))) == 0, f"resume of {run}"
            lines = log.read_text().splitlines()
            again = set(lines[at_kill:])
            assert not known & again, f"asked again although journalled: {known & again}"
            summary["repeated_in_flight"] += len(set(lines[before:at_kill]) & again)
            for name in REPRODUCIBLE:
                same = (run / name).read_bytes() == (whole / name).read_bytes()
                assert same, f"{name} of {run} differs from the uninterrupted run"
            assert (
                Recorded.read(journal).cassette()
                == Recorded.read(whole / "journal.jsonl").cassette()
            )
        print(json.dumps(summary))
    finally:
        provider.kill()
        provider.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
