"""The promise: the same run gives the same bytes, whatever happens around it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent


def _matrix(hash_seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(HERE / "determinism_matrix.py")],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=HERE, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_promised_file_is_the_same_for_backend_hash_seed_latency_and_concurrency() -> None:
    with ThreadPoolExecutor(2) as pool:
        lines = [line for part in pool.map(_matrix, ("0", "1", "31337")) for line in part]
    assert len(lines) == 60
    digests = {line.partition(": ")[2] for line in lines}
    print(f"{len(lines)} runs, {len(digests)} different results")
    assert len(digests) == 1, "\n".join(lines)
