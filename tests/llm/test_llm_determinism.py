"""The promise with language models: the same bytes, whenever the model's answers come."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MATRIX = Path(__file__).with_name("llm_determinism_matrix.py")


def _matrix(*arguments: object) -> dict[str, Any]:
    """A part of the matrix, in processes of its own: pytest has imported Hypothesis."""
    done = subprocess.run(
        [sys.executable, str(MATRIX), *map(str, arguments)],
        capture_output=True, text=True, timeout=1_000,
    )  # fmt: skip
    assert done.stdout, done.stderr
    print(done.stdout)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("agents", "steps", "limits"),
    [
        (24, 3, (1, 24)),
        (8, 8, (8,)),
        pytest.param(100, 3, (1, 100), marks=pytest.mark.nightly),
        pytest.param(20, 10, (10,), marks=pytest.mark.nightly),
    ],
)
def test_runs_with_models_are_the_same_for_latency_backend_hash_seed_and_concurrency(
    agents: int, steps: int, limits: tuple[int, ...]
) -> None:
    found = _matrix("--agents", agents, "--steps", steps, "--rounds", 1, "--limits", *limits)
    assert found["runs"] == 2 * len(limits)
    assert (found["distinct"], found["differing"]) == (1, [])
    assert len(found["requests_per_run"]) == 1
    assert found["verified"] == found["runs"], found["unverified"]
    # The runs hold what might go wrong: repairs, offers to models, memories that were cut.
    for kind in ("action_repaired", "interaction_accepted", "interaction_rejected",
                 "memory_summarised", "memory_truncated", "post_created"):  # fmt: skip
        assert found["happened"][kind] > 0, kind
    # The limits are kept, and the highest really lets answers overtake each other.
    in_flight = {int(limit): most for limit, most in found["in_flight_at_most"].items()}
    assert all(most <= limit for limit, most in in_flight.items())
    assert in_flight[max(limits)] > max(limits) / 2
