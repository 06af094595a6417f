"""`gdg-runtime cassette`."""

from pathlib import Path

import pytest

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.execution import start_run
from gdg_runtime.scenarios.files.loader import load_scenario

HERE = Path(__file__).parents[1] / "cassette"


@pytest.fixture
def recorded(gdg, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(HERE)
    for name in ("GDG_TEST_SAYS", "GDG_TEST_ADDS"):
        monkeypatch.delenv(name, raising=False)
    config = load_scenario(HERE / "chatter.yaml", catalogue=default_catalogue())
    return start_run(config).directory


def test_export_writes_a_file_beside_the_run_that_show_explains(gdg, recorded: Path) -> None:
    ran = gdg("cassette", "export", recorded)
    path = recorded / "cassette.jsonl"
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        f"Wrote 24 entries, {path.stat().st_size:,} bytes: {path}",
        f"Play it with: gdg-runtime start SCENARIO --cassette {path}",
    ]
    shown = gdg("cassette", "show", path)
    assert shown.code == 0
    assert "Cassette of chatter, seed 5" in shown.out
    assert "│ agents/chatty_1 │       8 │  8 │" in shown.out
    assert "given up" not in shown.out
    assert "models: none" in shown.out
    assert "3 long texts stand there once" in shown.out
    assert gdg("replay", recorded, "--verify").code == 0


def test_export_and_show_speak_json(gdg, recorded: Path) -> None:
    ran = gdg("cassette", "export", recorded, "-o", "mine.jsonl", "--json")
    assert ran.json["cassette"] == "mine.jsonl"
    assert ran.json["bytes"] == Path("mine.jsonl").stat().st_size
    shown = gdg("cassette", "show", "mine.jsonl", "--json").json
    assert shown["entries"] == ran.json["entries"] == 24
    assert shown["scenario"] == "chatter"
    assert shown["actors"]["agents/chatty_2"]["ok"] == 8
    assert shown["requests"]["chars_stored"] < shown["requests"]["chars_asked"] / 2


def test_export_refuses_secrets_unless_they_are_redacted(
    gdg, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATTY_SECRET", "You are chatty_1")
    ran = gdg("cassette", "export", recorded)
    assert ran.code == 2
    assert "what agents/chatty_1 asked holds the value of CHATTY_SECRET" in ran.err
    assert "You are chatty_1" not in ran.err
    assert not (recorded / "cassette.jsonl").exists()
    ran = gdg("cassette", "export", recorded, "--redact")
    assert ran.code == 0
    assert "the requests of 4 were redacted" in ran.out
    assert "You are chatty_1" not in (recorded / "cassette.jsonl").read_text()
    assert gdg("cassette", "show", recorded / "cassette.jsonl").code == 0


def test_trouble_is_told_in_plain_words(gdg, recorded: Path) -> None:
    ran = gdg("cassette", "show", recorded / "journal.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert "is a run's journal: `gdg-runtime cassette export RUN` makes a cassette" in ran.err
    ran = gdg("cassette", "show", "nothing.jsonl")
    assert ran.code == 2
    assert "there is no such file" in ran.err
    ran = gdg("cassette", "export", "nothing")
    assert ran.code == 2
    assert "no run at nothing" in ran.err
    ran = gdg("cassette", "export", recorded, "-o", "no/such/folder.jsonl")
    assert ran.code == 1
    assert "cannot read or write at no/such/folder.jsonl" in ran.err


def test_a_cassette_cannot_act_on_the_terminal(gdg, recorded: Path) -> None:
    gdg("cassette", "export", recorded, "-o", "mine.jsonl")
    path = Path("mine.jsonl")
    path.write_text(path.read_text().replace('"agents/chatty_1"', '"[red]\\u001b[31mchatty"'))
    shown = gdg("cassette", "show", path)
    assert shown.code == 0
    assert "\x1b" not in shown.out
    assert "[red]" in shown.out
