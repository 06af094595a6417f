"""`goals import` and `goals export`: JSON lines that come back as they were."""

import io
import json
import os
import sys
import threading
from pathlib import Path

import pytest

LINE = {
    "id": "g1", "text": "One", "category": "exploration", "value": 0.5, "effort": 0.5, "risk": 0.5,
    "created_at": "2025-11-08T12:00:00Z", "updated_at": "2025-11-08T12:00:00Z",
}  # fmt: skip


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """What the standard input holds."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_M2_the_example_of_the_specification_is_imported_with_its_id(goals, seed_file) -> None:
    ran = goals("import", seed_file)
    assert (ran.code, ran.err) == (0, "")
    assert "Imported 1 goal into" in ran.out
    goal = goals("show", "goal_001", "--json").json["goal"]
    wanted = json.loads(seed_file.read_text())
    assert goal["created_at"] == "2025-11-08T12:00:00.000000Z"
    del wanted["created_at"], wanted["updated_at"]
    assert {name: goal[name] for name in wanted} == wanted
    assert "known already: 1" in goals("import", seed_file).out


def test_what_is_exported_is_imported_as_it_was(goals, gdg, seed_file) -> None:
    goals("import", seed_file)
    first = goals("add", "One", "--metric", "a=1", "--meta", "k={}", "--json").json["goal"]["id"]
    goals("add", "Two", "--depends-on", first, "--adopt", "--repeat-every", "1d")
    ran = goals("export", "out.jsonl")
    assert ran.out == "Wrote 3 goals: out.jsonl\n"
    text = Path("out.jsonl").read_text()
    ran = gdg("goals", "import", "out.jsonl", "--db", "other.db", "--json")
    assert ran.json == {"created": 3, "known": 0, "blocked": []}
    gdg("goals", "export", "again.jsonl", "--db", "other.db")
    assert Path("again.jsonl").read_text() == text
    assert goals("export").out == text
    document = goals("export", "-", "--json").json
    assert [json.dumps(goal) for goal in document["goals"]] == text.splitlines()
    chosen = goals("export", "--state", "adopted").out
    assert [json.loads(line)["text"] for line in chosen.splitlines()] == ["Two"]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(LINE),
        f"\ufeff\n{json.dumps(LINE)}\n\n",
        json.dumps([LINE]),
        json.dumps({"goals": [LINE]}, indent=1),
    ],
    ids=["a line", "blank lines and a mark", "a list", "an indented document"],
)
def test_one_goal_is_understood_in_every_usual_shape(
    gdg, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    feed(monkeypatch, content.lstrip("\ufeff").encode())
    assert gdg("goals", "import", "-", "--json").json["created"] == 1


def test_nothing_is_imported_if_a_line_is_wrong_and_every_wrong_line_is_told(
    gdg, tmp_path: Path
) -> None:
    wrong = [
        json.dumps(LINE),
        "{",
        json.dumps({**LINE, "id": "g2", "value": 3}),
        json.dumps({**LINE, "id": "g3", "horizon_min_min": 9, "horizon_max_min": 5}),
        json.dumps({**LINE, "id": "a b", "nonsense": 1}),
        "7",
    ]
    Path("bad.jsonl").write_text("\n".join(wrong))
    ran = gdg("goals", "import", "bad.jsonl")
    assert ran.code == 2
    expected = [
        "nothing was imported",
        "line 2: this is no JSON",
        "line 3: value: expected at most 1, got 3",
        "line 4: horizon_max_min (5) is before",
        "line 5: id: ",
        "line 5: nonsense: there is no such field",
        "line 6: ",
    ]
    for told in expected:
        assert told in ran.err
    assert "line 1:" not in ran.err
    assert not Path("goals.db").exists()


def test_a_blocked_goal_comes_in_as_proposed(gdg) -> None:
    gdg("goals", "belief", "add", "core.honesty", "Always tell users the truth")
    goal = {**LINE, "state": "adopted", "contradicts": ["core.honesty"]}
    Path("one.jsonl").write_text(json.dumps(goal))
    ran = gdg("goals", "import", "one.jsonl")
    assert ran.code == 0
    assert "a belief stands against g1" in ran.err
    assert gdg("goals", "show", "g1", "--json").json["goal"]["state"] == "proposed"


def test_more_goals_than_one_command_takes_come_in_batches(goals, gdg) -> None:
    lines = [json.dumps({**LINE, "id": f"g{number:04}"}) for number in range(450)]
    Path("many.jsonl").write_text("\n".join(lines))
    assert "Imported 450 goals" in goals("import", "many.jsonl").out
    exported = goals("export").out.splitlines()
    assert sorted(json.loads(line)["id"] for line in exported) == [
        f"g{number:04}" for number in range(450)
    ]


def test_a_long_import_tells_how_far_it_is(gdg, monkeypatch: pytest.MonkeyPatch) -> None:
    from gdg_runtime.adapters.cli.goals import output

    monkeypatch.setattr(output, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(output, "_LINE_S", 0.0)
    lines = [json.dumps({**LINE, "id": f"g{number:04}"}) for number in range(250)]
    Path("many.jsonl").write_text("\n".join(lines))
    ran = gdg("goals", "import", "many.jsonl")
    assert ran.err == "200 of 250 goals imported\n250 of 250 goals imported\n"


def test_an_export_that_fails_leaves_the_file_as_it_was(gdg, tmp_path: Path) -> None:
    (tmp_path / "goals.db").write_bytes(b"rubbish")
    (tmp_path / "out.jsonl").write_text("precious")
    assert gdg("goals", "export", "out.jsonl").code == 2
    assert (tmp_path / "out.jsonl").read_text() == "precious"
    assert list(tmp_path.glob("*.part")) == []


def test_an_export_writes_into_a_pipe_or_through_a_link_and_replaces_neither(
    gdg, seed_file, tmp_path: Path
) -> None:
    gdg("goals", "import", seed_file)
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    assert gdg("goals", "export", "pipe").code == 0
    reader.join(timeout=30)
    assert json.loads(read[0])["id"] == "goal_001"
    assert (tmp_path / "pipe").is_fifo()

    (tmp_path / "target.jsonl").touch()
    (tmp_path / "link.jsonl").symlink_to("target.jsonl")
    assert gdg("goals", "export", "link.jsonl").code == 0
    assert (tmp_path / "link.jsonl").is_symlink()
    assert "goal_001" in (tmp_path / "target.jsonl").read_text()
