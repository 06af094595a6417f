"""benchmarks/standing.py counts what it says it counts, and its changes fit the code."""

import runpy
import shutil
import sqlite3
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
CHANGES = sorted((BENCHMARKS / "changes").glob("*.toml"))
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
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)  # as when it is run as a script
        return runpy.run_path(str(BENCHMARKS / "standing.py"))


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


@pytest.mark.parametrize("file", CHANGES, ids=lambda file: file.stem)
def test_a_change_fits_the_code_as_it_is_now(file: Path, tmp_path: Path) -> None:
    changes = runpy.run_path(str(BENCHMARKS / "changes.py"))
    edits = tomllib.loads(file.read_text())["edit"]
    for name in {edit["file"] for edit in edits if "after" in edit}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for edit in edits:
        (tmp_path / edit["file"]).parent.mkdir(parents=True, exist_ok=True)
    changes["make"](edits, tmp_path)
    for edit in edits:
        written = (tmp_path / edit["file"]).read_text()
        assert edit["write"] in written
        if edit["file"].endswith(".sql"):
            assert sqlite3.complete_statement(written)
        else:
            compile(written, edit["file"], "exec")
