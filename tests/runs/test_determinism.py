"""The promise: the same run gives the same bytes, whatever happens around it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _matrix(hash_seed: str, patterns: int) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(HERE / "determinism_matrix.py"), str(patterns)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=HERE, capture_output=True, text=True, timeout=1_000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("patterns", [1, pytest.param(5, marks=pytest.mark.nightly)])
def test_every_promised_file_is_the_same_for_backend_hash_seed_latency_and_concurrency(
    patterns: int,
) -> None:
    with ThreadPoolExecutor(2) as pool:
        parts = pool.map(_matrix, ("0", "1", "31337"), [patterns] * 3)
        lines = [line for part in parts for line in part]
    assert len(lines) == 12 * patterns
    digests = {line.partition(": ")[2] for line in lines}
    print(f"{len(lines)} runs, {len(digests)} different results")
    assert len(digests) == 1, "\n".join(lines)
