"""The measured quality of the default checker, as a floor. Failures show figures, never pairs."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gdg_runtime.goals.checkers.checker import LexicalChecker

BENCHMARK = Path(__file__).resolve().parents[3] / "benchmarks" / "belief_checker.py"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("belief_checker_benchmark", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


benchmark = load(BENCHMARK)


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    pairs = {half: benchmark.read_pairs(half) for half in benchmark.HALVES}
    found = {half: benchmark.severities(LexicalChecker(), pairs[half]) for half in pairs}
    pairs["both"] = [pair for half in benchmark.HALVES for pair in pairs[half]]
    found["both"] = [severity for half in benchmark.HALVES for severity in found[half]]
    return {half: benchmark.figures(pairs[half], found[half], 0.6) for half in pairs}


# Measured: 1.00 and 0.82, 0.81 and 0.38, 0.93 and 0.60. The floors lie one or two pairs below.
FLOORS = {"development": (0.95, 0.77), "held_out": (0.76, 0.35), "both": (0.85, 0.57)}


@pytest.mark.parametrize("half", sorted(FLOORS))
def test_precision_and_recall_on_the_pairs_stay_above_their_floors(
    half: str, measured: dict[str, dict[str, Any]]
) -> None:
    precision, recall = measured[half]["precision"], measured[half]["recall"]
    floor = FLOORS[half]
    assert precision >= floor[0]
    assert recall >= floor[1]


def test_the_set_has_at_least_150_pairs_and_no_goal_belief_pair_twice() -> None:
    pairs = [pair for half in benchmark.HALVES for pair in benchmark.read_pairs(half)]
    total, different = len(pairs), len({(pair["goal"], pair["belief"]) for pair in pairs})
    assert total >= 150  # counts, since a failed assertion would show the lists
    assert different == total


def test_an_undefined_figure_is_null() -> None:
    none = benchmark.figures([], [], 0.6)
    assert none["precision"] is None and none["recall"] is None and none["f1"] is None


def test_the_benchmark_prints_figures_and_no_pair(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--half", "development"]) == 0
    printed = capsys.readouterr().out
    assert '"precision"' in printed and '"us_per_pair"' in printed
    shown = [
        pair["id"] for pair in benchmark.read_pairs("development") if pair["belief"] in printed
    ]
    assert shown == []
