"""The reference cases hold, and the script that checks them can fail."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
SCRIPT = HERE / "check.py"
CASES = HERE / "sandbox.json"


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_check", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def a_file(folder: Path, *cases: dict[str, Any]) -> str:
    path = folder / "cases.json"
    path.write_text(json.dumps({"tolerance": 1e-12, "batches": {}, "cases": list(cases)}))
    return str(path)


def a_case(**changes: Any) -> dict[str, Any]:
    case = {
        "id": "sigmoid-900",
        "group": "sigmoid",
        "quantity": "sigmoid",
        "input": {"v_hat": 0.0, "k": 2.0},
        "expected": 0.5,
    }
    return {**case, **changes}


def test_every_reference_case_holds(check: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    code = check.main([str(CASES)])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0, "\n".join(lines)
    total = len(json.loads(CASES.read_text())["cases"])
    assert lines == [f"{total} cases: {total} hold, 0 miss, 0 unknown"]


def test_the_script_reports_a_wrong_case_and_exits_with_1(tmp_path: Path) -> None:
    path = a_file(tmp_path, a_case(expected=0.25), a_case(id="sigmoid-901"))
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), path], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "MISS sigmoid-900" in ran.stdout
    assert "expected 0.25" in ran.stdout
    assert "got      0.5" in ran.stdout
    assert "sigmoid-901" not in ran.stdout
    assert ran.stdout.endswith("2 cases: 1 hold, 1 miss, 0 unknown\n")


@pytest.mark.parametrize(
    "case", [a_case(quantity="entropy"), a_case(group="weather"), a_case(quantity="sig moid")]
)
def test_an_unknown_case_is_listed_and_fails(
    check: ModuleType, case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main([a_file(tmp_path, case)]) == 1
    out = capsys.readouterr().out
    assert "UNKNOWN sigmoid-900" in out
    assert "1 cases: 0 hold, 0 miss, 1 unknown" in out


def test_a_case_whose_computation_breaks_is_a_miss(
    check: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main([a_file(tmp_path, a_case(input={"p": 1.0, "k": 2.0}))]) == 1
    assert "ValueError" in capsys.readouterr().out


def test_a_case_may_carry_options_in_its_quantity(check: ModuleType, tmp_path: Path) -> None:
    batches = {"two": [{"p": 0.2, "accepted": True}, {"p": 0.6, "accepted": False}]}
    case = a_case(
        group="metrics",
        quantity="average_quality(accepted_only=True)",
        input={"batch": "two"},
        expected=0.2,
    )
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"batches": batches, "cases": [case]}))
    assert check.main([str(path)]) == 0


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (0.5, 0.5 + 1e-13, True),
        (0.5, 0.5 + 1e-11, False),
        (None, None, True),
        (None, 0.0, False),
        (0.0, None, False),
        (True, 1, False),
        (True, True, True),
        ([1.0], [1.0, 2.0], False),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}, False),
        ({"a": 1.0}, {"a": 1}, True),
        (0.5, float("nan"), False),
    ],
)
def test_agreement_is_to_the_tolerance_and_else_exact(
    check: ModuleType, expected: Any, got: Any, same: bool
) -> None:
    assert check.agree(expected, got, 1e-12) is same


def test_a_file_that_is_none_exits_with_2(check: ModuleType, tmp_path: Path) -> None:
    assert check.main([str(tmp_path / "absent.json")]) == 2
    assert check.main([]) == 2
    (tmp_path / "list.json").write_text("[]")
    assert check.main([str(tmp_path / "list.json")]) == 2
