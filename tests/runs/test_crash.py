"""kill -9 at any instant, then resume: nothing is asked for twice, and the bytes are the same."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent


def _kills(seed: int) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, str(HERE / "crash_matrix.py"), "50", str(seed)],
        cwd=HERE, capture_output=True, text=True, timeout=290,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    summary: dict[str, int] = json.loads(done.stdout)
    return summary


def test_a_hundred_killed_runs_resume_to_the_same_bytes_and_ask_nothing_twice() -> None:
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(_kills, (1, 2)))
    total = {name: sum(part[name] for part in parts) for name in parts[0]}
    print(json.dumps(total))
    assert total["kills"] == 100
    # The instants must really fall into the runs: most after the first outcome was recorded.
    assert total["recorded_at_kill"] > 500
