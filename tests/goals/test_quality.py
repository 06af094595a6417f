"""What is asked of the tests and benchmarks themselves."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KINDS = ("unit", "property", "integration", "performance")
COUNT = """
import json, pytest, sys
from collections import Counter
class Kinds:
    def pytest_collection_finish(self, session):
        self.found = Counter(mark.name for item in session.items for mark in item.iter_markers())
kinds = Kinds()
code = pytest.main(["--collect-only", "-qq", sys.argv[1]], plugins=[kinds])
print()
print(json.dumps(kinds.found))
sys.exit(code)
"""


def lines(command: list[str]) -> list[dict[str, Any]]:
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=250)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]


def test_Q2_there_are_tests_of_all_four_kinds() -> None:
    found = Counter(lines([sys.executable, "-c", COUNT, "tests/goals"])[-1])
    assert [kind for kind in KINDS if not found[kind]] == []


@pytest.mark.performance
def test_R6_R7_P1_P2_the_benchmark_measures_every_way_and_finds_one_order() -> None:
    """Whether its bounds hold is for a quiet machine to say."""
    command = [sys.executable, "benchmarks/goal_ranking.py", "--sizes", "50", "--calls", "2"]
    *ways, ended = lines(command)
    assert [way["way"] for way in ways] == ["memory", "database"]
    assert all(way["cpu_ms_p95"] > 0 < way["wall_ms_p95"] for way in ways)
    assert ended["identical_order"] is True
