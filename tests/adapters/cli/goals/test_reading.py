"""Commands that only read, and files that may only be read."""

import os
from pathlib import Path

import pytest

from gdg_runtime.adapters.goals.file import open_goals
from gdg_runtime.adapters.runs.directory import RunDirectory
from gdg_runtime.goals.errors import StoreUnusable
from gdg_runtime.goals.policy import GoalPolicy

READING = (
    ("list",), ("list", "--by-date"), ("show", "g"), ("explain", "g"), ("history",), ("export",),
    ("rollout",), ("belief", "list"), ("weights",), ("next",),
)  # fmt: skip


@pytest.fixture
def file(gdg, tmp_path: Path) -> Path:
    path = tmp_path / "goals.db"
    open_goals(path, policy=GoalPolicy(belief_min_confidence=0.9)).close()
    assert gdg("goals", "add", "Tidy").code == 0
    return path


@pytest.mark.parametrize("line", READING, ids=" ".join)
def test_reading_commands_write_nothing_and_need_no_right_to_write(
    gdg, file: Path, monkeypatch: pytest.MonkeyPatch, line: tuple[str, ...]
) -> None:
    before = file.read_bytes()
    assert gdg("goals", *line).code == 0
    may = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: mode != os.W_OK and may(name, mode))
    assert gdg("goals", *line).code == 0
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["goals.db"]


def test_serve_and_changes_tell_of_a_file_that_can_only_be_read(
    gdg, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: mode != os.W_OK and may(name, mode))
    for ran in (gdg("serve"), gdg("goals", "add", "More")):
        assert ran.code == 2
        assert "goals.db: it can't be written" in ran.err


def test_an_empty_file_is_left_empty_by_all_that_make_no_file(gdg, tmp_path: Path) -> None:
    (tmp_path / "goals.db").touch()
    for line in (("list",), ("adopt", "g"), ("weights", "value", "0.5")):
        ran = gdg("goals", *line)
        assert ran.code == 2
        assert "there are no goals at goals.db" in ran.err
    assert (tmp_path / "goals.db").read_bytes() == b""


def test_a_runs_goals_can_be_read_and_not_changed_by_others(gdg, file: Path) -> None:
    (file.parent / "journal.jsonl").touch()
    before = file.read_bytes()
    lines = (("goals", "add", "More"), ("goals", "abandon", "g"), ("serve",))
    with RunDirectory(file.parent).locked():
        for line in lines:
            ran = gdg(*line)
            assert ran.code == 2
            assert "start --serve" in ran.err
        assert gdg("goals", "list").code == 0
    for line in lines:
        ran = gdg(*line)
        assert ran.code == 2
        assert "copy it" in ran.err
    with pytest.raises(StoreUnusable, match="copy it"):
        open_goals(file)
    assert gdg("goals", "list").code == 0
    assert file.read_bytes() == before
