"""kill -9 at any length of the journal, then resume: nothing is asked for twice, and the bytes are
the same."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _kills(number: int, seed: int) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, str(HERE / "crash_matrix.py"), str(number), str(seed)],
        cwd=HERE, capture_output=True, text=True, timeout=1_000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    summary: dict[str, int] = json.loads(done.stdout)
    return summary


@pytest.mark.parametrize(
    ("kills", "seeds"), [(8, (1,)), pytest.param(50, (1, 2), marks=pytest.mark.nightly)]
)
def test_killed_runs_resume_to_the_same_bytes_and_ask_nothing_twice(
    kills: int, seeds: tuple[int, ...]
) -> None:
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(_kills, [kills] * len(seeds), seeds))
    for part in parts:
        print(json.dumps(part))
        assert part["kills"] == kills
        # The kills must really fall into the runs, which hold more and more outcomes by then.
        assert part["recorded_at_kill"] > kills * part["questions"] * 0.35
        assert part["after_the_end"] <= kills / 5
