"""kill -9 while language models are being asked, then resume: nothing is paid for twice that was
journalled, and the bytes are the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MATRIX = Path(__file__).with_name("llm_crash_matrix.py")


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.nightly)])
def test_killed_runs_with_models_resume_to_the_same_bytes_and_ask_no_journalled_reply_again(
    kills: int,
) -> None:
    done = subprocess.run(
        [sys.executable, str(MATRIX), "--kills", str(kills), "--agents", "20", "--steps", "5"],
        capture_output=True, text=True, timeout=1_000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    counts = json.loads(done.stdout)
    assert counts["kills"] == kills
    assert counts["journalled_asked_again"] == 0
    resumed = counts["runs"] - counts["before_config"]
    assert (counts["identical"], counts["verified"]) == (resumed, resumed)
    # The kills really fall into the runs: there was something to lose.
    assert counts["journalled_at_kills"] > kills * counts["requests_of_a_run"] * 0.3
