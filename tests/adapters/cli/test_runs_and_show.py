"""`gdg-runtime runs` and `show`: what is kept of runs can be found and read again."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from gdg_runtime.adapters.cli import main
from gdg_runtime.adapters.runs.directory import RunDirectory

SHORT = ("--epochs", "2", "--set", "simulation.steps_per_epoch=3", "--quiet")


RUNS = {
    "a": ("baseline", "--label", "one"),
    "b": ("baseline", "--label", "two", "--seed", "7"),
    "c": ("status_game",),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("runs")
    for options in RUNS.values():
        with pytest.raises(SystemExit):
            main(["start", *options, *SHORT, "--out", str(out)])
    return {
        name: next(out.glob(f"*/{label}/*"))
        for name, label in {"a": "one", "b": "two", "c": "default"}.items()
    }


@pytest.fixture
def three(gdg, made: dict[str, Path]) -> dict[str, Path]:
    """Three completed runs by name, the oldest first; their catalogue is not made yet."""
    root = made["a"].parents[2]
    shutil.copytree(root, "runs", ignore=shutil.ignore_patterns("catalogue.db"))
    return {name: Path("runs") / path.relative_to(root) for name, path in made.items()}


def names(ran) -> list[str]:
    assert ran.code == 0
    return [row["run_id"] for row in ran.json]


def test_runs_lists_the_newest_first_and_filters(gdg, three: dict[str, Path]) -> None:
    a, b, c = (path.name for path in three.values())
    assert names(gdg("runs", "--json")) == [c, b, a]
    assert names(gdg("runs", "--json", "--scenario", "baseline")) == [b, a]
    assert names(gdg("runs", "--json", "--label", "one")) == [a]
    assert names(gdg("runs", "--json", "--label", "one", "--scenario", "status_game")) == []
    assert names(gdg("runs", "--json", "--status", "failed")) == []
    assert names(gdg("runs", "--json", "--status", "completed", "--limit", 2)) == [c, b]
    table = gdg("runs", "--limit", 2).out
    assert c in table
    assert a not in table
    assert "The newest 2; --limit shows more." in table
    assert gdg("runs", "--label", "none").out == "No such runs in runs.\n"
    assert "Begin with: gdg-runtime start baseline" in gdg("runs", "--out", "elsewhere").out
    assert not Path("elsewhere").exists()


def test_a_run_that_was_deleted_is_not_listed(gdg, three: dict[str, Path]) -> None:
    shutil.rmtree(three["a"])
    assert len(names(gdg("runs", "--json"))) == 2


@pytest.mark.parametrize("damage", ["missing", "no database"])
def test_the_catalogue_is_made_anew_from_the_runs(gdg, three, damage: str) -> None:
    before = gdg("runs", "--json").json
    catalogue = Path("runs/catalogue.db")
    catalogue.unlink()
    if damage == "no database":
        catalogue.write_text("This is no database, but it is long enough to look like a file." * 9)
    assert gdg("runs", "--json").json == before


@pytest.mark.parametrize("anew", [False, True])
def test_the_catalogue_has_the_figures_of_every_run(gdg, made, three, anew: bool) -> None:
    run = three["a"] if anew else made["a"]
    gdg("runs")
    database = sqlite3.connect(run.parents[2] / "catalogue.db")
    try:
        rows = dict(
            database.execute(
                "select metric, value from metrics where path = ?", [str(run.resolve())]
            ).fetchall()
        )
    finally:
        database.close()
    overall = json.loads((run / "metrics.json").read_bytes())["overall"]
    assert rows == {name: figure["value"] for name, figure in overall.items()}


def test_a_run_is_found_by_path_name_end_of_path_and_latest(gdg, three: dict[str, Path]) -> None:
    for text in (three["b"], three["b"].name, f"two/{three['b'].name}", three["b"].resolve()):
        assert gdg("show", text, "--json").json["meta"]["label"] == "two"
    assert gdg("show", "latest", "--json").json["meta"]["scenario"] == "status_game"


def test_a_name_that_several_runs_bear_is_refused_with_their_paths(gdg, three) -> None:
    twin = three["a"].parent.parent / "twin" / three["a"].name
    shutil.copytree(three["a"], twin)
    meta = twin / "meta.json"
    meta.write_text(meta.read_text().replace('"label": "one"', '"label": "twin"'))
    assert not Path("runs/catalogue.db").exists()
    ran = gdg("show", three["a"].name)
    assert ran.code == 2
    assert "is the name of 2 runs" in ran.err
    assert str(twin.resolve()) in ran.err


def test_a_misspelt_latest_is_suggested_where_there_is_one(gdg, three: dict[str, Path]) -> None:
    ran = gdg("show", "latst")
    assert ran.code == 2
    assert "no run at latst; did you mean latest? Expected a run's directory" in ran.err
    assert "did you mean" not in gdg("show", "nothing").err
    assert "did you mean" not in gdg("show", "latst", "--out", "elsewhere").err


def test_a_narrow_terminal_gets_whole_names_and_headings(gdg, three, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table = gdg("runs").out
    assert all(path.name in table for path in three.values())
    assert max(map(len, table.splitlines())) <= 80
    shown = gdg("show", three["a"], "--events", 2).out.splitlines()
    assert any("toxicity" in line and "aligned" in line for line in shown)
    assert max(len(line) for line in shown if not line.startswith("run: ")) <= 80


def test_show_tells_summary_metrics_agents_and_last_events(gdg, three: dict[str, Path]) -> None:
    out = gdg("show", three["a"], "--events", 3).out
    assert "baseline  completed" in out
    assert "2 epochs of 3 steps, seed 42, simultaneous turns, schedule fifo" in out
    for heading in ("The whole run", "Metrics per epoch", "Agents", "Last events"):
        assert heading in out
    assert "honest_1" in out
    assert "episode_ended" in out
    assert out.rstrip().endswith(f"run: {three['a']}")
    document = gdg("show", three["a"], "--json", "--events", 3).json
    assert [entry["epoch"] for entry in document["epochs"]] == [0, 1]
    assert len(document["last_events"]) == 3
    assert gdg("show", three["a"], "--json", "--events", 0).json["last_events"] == []
    assert "the last 1 of 2" in gdg("show", three["a"], "--epochs", 1).out


def test_show_reads_an_interrupted_run_whose_log_ends_in_the_middle(gdg, three) -> None:
    run = three["a"]
    events = (run / "events.jsonl").read_bytes()
    middle = events.rindex(b'"epoch_completed"') + 100
    (run / "events.jsonl").write_bytes(events[:middle])
    (run / "metrics.json").write_bytes(b"")
    meta = (run / "meta.json").read_text().replace('"completed"', '"running"')
    (run / "meta.json").write_text(meta)
    document = gdg("show", run, "--json").json
    assert document["status"] == "interrupted"
    assert [entry["epoch"] for entry in document["epochs"]] == [0]
    out = gdg("show", run).out
    assert "baseline  interrupted" in out
    assert f"go on with: gdg-runtime resume {run}" in out


def test_a_run_that_a_process_works_on_shows_as_running(gdg, three: dict[str, Path]) -> None:
    run = three["c"]
    meta = (run / "meta.json").read_text().replace('"completed"', '"running"')
    (run / "meta.json").write_text(meta)
    assert gdg("show", run, "--json").json["status"] == "interrupted"
    with RunDirectory(run).locked():
        assert gdg("show", run, "--json").json["status"] == "running"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", "{"),
        ("config.json", "[]"),
        ("config.json", '{"schema_version": 99}'),
        ("config.json", '{"schema_version": 1, "config": {}}'),
        ("metrics.json", "nonsense"),
        ("metrics.json", "7"),
    ],
)
def test_a_broken_file_is_named(gdg, three: dict[str, Path], name: str, text: str) -> None:
    (three["a"] / name).write_text(text)
    ran = gdg("show", three["a"])
    assert ran.code == 1
    assert f"{three['a'] / name} can't be read" in ran.err


def test_hostile_text_is_shown_and_never_acts(gdg, three: dict[str, Path]) -> None:
    run = three["a"]
    evil = "[bold red]x[/] \x1b[31m\x07‮"
    document = json.loads((run / "metrics.json").read_bytes())
    agent = document["agents"].pop("honest_1")
    agent["gdg_compat"]["tool_usage"] = {evil: 3}
    document["agents"] = {evil: agent, **document["agents"]}
    document["overall"][evil] = {"value": None, "n": 0, "version": 1, "reason": evil}
    (run / "metrics.json").write_text(json.dumps(document))
    with (run / "events.jsonl").open("a") as events:
        event = {"n": 1, "epoch": 0, "step": 0, "at": "", "type": evil, "text": evil}
        events.write(json.dumps(event) + "\n")
    out = gdg("show", run).out
    assert "[bold red]x[/]" in out
    assert r"\x1b[31m\x07\u202e" in out
    assert not set("\x1b\x07‮") & set(out)
