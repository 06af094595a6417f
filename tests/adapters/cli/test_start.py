"""`gdg-runtime start`: every option reaches the run, and what is printed can be relied on."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE
from gdg_runtime.adapters.runs.execution import start_run
from gdg_runtime.scenarios.files.loader import load_scenario

SHORT = ("--epochs", "2", "--set", "simulation.steps_per_epoch=3")


def config_of(run: str | Path) -> dict:
    return json.loads((Path(run) / "config.json").read_bytes())


def test_json_prints_one_object_with_the_promised_keys_and_nothing_else(gdg) -> None:
    ran = gdg("start", "baseline", *SHORT, "--json")
    assert ran.code == 0
    assert ran.err == ""
    assert ran.out.count("\n") == 1
    told = ran.json
    assert {
        "run_dir", "status", "scenario", "seed", "epochs", "agent_steps", "cpu_s", "metrics"
    } <= told.keys()  # fmt: skip
    assert told["status"] == "completed"
    assert (told["scenario"], told["seed"], told["epochs"]) == ("baseline", 42, 2)
    assert told["agent_steps"] == 2 * 3 * 5
    assert told["cpu_s"] > 0
    assert 0 <= told["metrics"]["mean_alignment"] <= 1
    assert told["error"] is None


def test_the_terminal_gets_a_table_and_the_path(gdg) -> None:
    ran = gdg("start", "baseline", *SHORT)
    assert ran.code == 0
    assert "baseline, seed 42" in ran.out
    assert "mean_alignment" in ran.out
    assert "completed: 2 epochs, 30 agent-steps" in ran.out
    path = ran.out.rstrip().rpartition("run: ")[2]
    assert "\n" not in path, "a path is never wrapped"
    assert (Path(path) / "metrics.json").is_file()
    assert "epoch 2/2 · " in ran.err
    assert "agent-steps/s" in ran.err


def test_quiet_prints_the_path_alone(gdg) -> None:
    ran = gdg("start", "baseline", *SHORT, "--quiet")
    assert (ran.code, ran.err) == (0, "")
    assert (Path(ran.out.strip()) / "journal.jsonl").is_file()


def test_every_option_reaches_the_config(gdg, tmp_path: Path) -> None:
    ran = gdg(
        "start", "release_manager", "--seed", 7, "--epochs", 3, "--label", "2024", "--out", "here",
        "--set", "simulation.steps_per_epoch=4", "--scenario-param", "deadline=9",
        "--schedule", "shuffle:5", "--backend", "asyncio", "--max-concurrency", 3, "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    run = Path(ran.json["run_dir"])
    assert run.parent == Path("here/release_manager/2024")
    document = config_of(run)
    config = document["config"]
    assert document["schedule"] == "shuffle:5"
    assert config["label"] == "2024"
    assert config["simulation"]["seed"] == 7
    assert (config["simulation"]["epochs"], config["simulation"]["steps_per_epoch"]) == (3, 4)
    assert config["world"]["params"]["deadline"] == 9
    meta = json.loads((run / "meta.json").read_bytes())
    assert (meta["backend"], meta["max_concurrency"]) == ("asyncio", 3)
    assert (meta["label"], meta["seed"], meta["status"]) == ("2024", 7, "completed")


def test_an_environment_variable_stands_for_an_option(gdg, monkeypatch) -> None:
    monkeypatch.setenv("GDG_START_SEED", "99")
    assert gdg("start", "baseline", *SHORT, "--json").json["seed"] == 99
    assert gdg("start", "baseline", *SHORT, "--json", "--seed", 5).json["seed"] == 5


@pytest.mark.parametrize("label", ["null", "true", "1e3", "2024-01-01"])
def test_a_label_is_a_text_whatever_it_looks_like(gdg, label: str) -> None:
    ran = gdg("start", "baseline", *SHORT, "--json", "--label", label)
    assert Path(ran.json["run_dir"]).parent.name == label


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(gdg) -> None:
    runs = [
        Path(gdg("start", "baseline", *SHORT, "--quiet", "--seed", seed).out.strip())
        for seed in (1, 1, 2)
    ]
    assert len(set(runs)) == 3
    for name in REPRODUCIBLE:
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes()
    assert (runs[0] / "events.jsonl").read_bytes() != (runs[2] / "events.jsonl").read_bytes()


def test_runs_of_one_second_never_share_a_directory_even_from_threads(tmp_path: Path) -> None:
    config = load_scenario(
        "baseline", sets=["simulation.steps_per_epoch=1"], epochs=1, catalogue=default_catalogue()
    )
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: start_run(config, out=tmp_path), range(8)))
    assert {result.status for result in results} == {"completed"}
    assert len({result.directory for result in results}) == 8
    first = (results[0].directory / "events.jsonl").read_bytes()
    assert all((r.directory / "events.jsonl").read_bytes() == first for r in results)


def test_processes_that_begin_at_once_are_all_in_the_catalogue(gdg, gdg_process) -> None:
    started = [gdg_process("start", "baseline", *SHORT, "--quiet") for _ in range(4)]
    paths = set()
    for process in started:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        paths.add(out.strip())
    assert len(paths) == 4
    assert len(gdg("runs", "--json").json) == 4


def test_a_catalogue_that_cannot_be_written_does_not_stop_a_run(gdg, tmp_path: Path) -> None:
    (tmp_path / "runs" / "catalogue.db").mkdir(parents=True)
    ran = gdg("start", "baseline", *SHORT)
    assert ran.code == 0
    assert "The run is not listed in runs/catalogue.db" in ran.err
