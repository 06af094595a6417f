"""benchmarks/standing.py counts what it says it counts."""

import runpy
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "standing.py"
MODULE = '''"""What it is.

More of it.
"""

# A reason.
import os
from sys import (
    path,
)

LIMIT = 3
"""A limit."""


def size(of):
    """Return it."""
    first = len(of)
    second = first + 1
    third = second + 1
    fourth = third + 1
    fifth = fourth + 1
    return fifth
'''


@pytest.fixture(scope="module")
def standing() -> dict:
    return runpy.run_path(str(BENCHMARK))


def test_lines_are_counted_by_kind(standing: dict, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(MODULE)
    lines = standing["Lines"]()
    lines.add(standing["SourceFile"](tmp_path / "module.py"))
    found = lines.metrics()
    kinds = {name: found[name] for name in ("code", "blank", "docstring", "comment", "imports")}
    assert kinds == {"code": 12, "blank": 4, "docstring": 6, "comment": 1, "imports": 4}
    assert found["lines"] == sum(kinds.values()) - kinds["imports"]
    assert (found["docstrings"], found["question_docstrings"]) == (3, 1)


def test_a_run_of_equal_lines_is_one_pair_however_long(standing: dict, tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).write_text(MODULE.replace("first", "initial") + f"{name} = 1\n")
        files.append(standing["SourceFile"](tmp_path / name))
    assert standing["duplicates"](files) == 1
    (tmp_path / "two").write_text(MODULE.replace("third", "another"))
    files[1] = standing["SourceFile"](tmp_path / "two")
    assert standing["duplicates"](files) == 0


def test_every_bound_is_held_on_a_side(standing: dict) -> None:
    for bound in standing["BOUNDS"]:
        limit = bound.most if bound.most is not None else bound.least
        assert bound.holds(limit)
        beyond = limit + 1 if bound.most is not None else limit - 1
        assert not bound.holds(beyond)
