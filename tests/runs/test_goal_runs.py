"""Runs with goals: the shipped pair of scenarios, the flags, and goals.jsonl."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.runs.directory import GOALS, REPRODUCIBLE, RunDirectory
from gdg_runtime.adapters.runs.execution import RunOptions, start_run
from gdg_runtime.adapters.runs.verify import verify_run
from gdg_runtime.goals.commands import ListGoals, RankGoals, ReadStatistics
from gdg_runtime.goals.model import GoalState
from gdg_runtime.goals.policy import GoalFlags
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.ledger_rows import GENESIS, dump_lines, link_hash, verify
from gdg_runtime.goals.store_api import GoalStore
from gdg_runtime.runtime import Recorded
from gdg_runtime.scenarios.files.loader import EpisodeConfig, load_scenario

HERE = Path(__file__).parent
FILES = (*REPRODUCIBLE, GOALS)
TURN = 60
"""The step of goals_market before which its belief becomes active."""


class Record(NamedTuple):
    """What a run wrote."""

    path: Path
    events: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    metrics: dict[str, Any]
    rows: list[dict[str, Any]]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    def table(self, name: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row.get("table") == name]

    @property
    def actions(self) -> list[tuple[str, Any]]:
        return [(line["agent"], line["action"]) for line in self.steps]


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def record(path: Path) -> Record:
    rows = lines_of(path / GOALS) if (path / GOALS).exists() else []
    return Record(
        path, lines_of(path / "events.jsonl"), lines_of(path / "step_log.jsonl")[1:],
        json.loads((path / "metrics.json").read_bytes()), rows,
    )  # fmt: skip


def load(source: Path | str, *sets: str, **overrides: Any) -> EpisodeConfig:
    return load_scenario(source, sets=sets, catalogue=default_catalogue(), **overrides)


def played(folder: Path, source: Path | str, *sets: str, **overrides: Any) -> Record:
    result = start_run(load(source, *sets, **overrides), out=folder)
    assert result.status == "completed", result.error
    return record(result.directory)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return played(tmp_path_factory.mktemp("market"), "goals_market")


@pytest.fixture(scope="module")
def shadow(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return played(tmp_path_factory.mktemp("shadow"), "goals_shadow")


@pytest.fixture(scope="module")
def pursued(_plug_ins: None, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A completed run of pursuing.yaml. Copy it before you change it."""
    return played(tmp_path_factory.mktemp("pursued"), HERE / "pursuing.yaml")


@pytest.fixture
def pursuing(pursued: Record, tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "pursuing" / "default" / "copy"
    return Path(shutil.copytree(pursued.path, folder))


def bytes_of(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in FILES}


def opened(path: Path) -> GoalStore:
    luck = random.Random(1)
    return GoalStore(
        Database.open(path), clock=lambda: datetime(2030, 1, 1, tzinfo=UTC), bits=luck.getrandbits
    )


# --- goals that decide, and the same in shadow mode -------------------------------------------


def test_goals_decide_what_agents_do_until_a_belief_forbids_it(market: Record) -> None:
    deceptive = {goal["id"] for goal in market.table("goals")
                 if goal["metadata"] == {"policy": "deceptive"}}  # fmt: skip
    assert len(deceptive) == 8
    index = {(line["epoch"], line["step"]): line["epoch"] * 15 + line["step"]
             for line in market.steps}  # fmt: skip
    led = [line for line in market.steps if line["agent"].startswith("goal_led")]
    assert len(led) == 8 * 180
    for line in led:
        cheats = line.get("goal", {}).get("goal_id") in deceptive
        assert cheats == (index[line["epoch"], line["step"]] < TURN), line
    assert all("goal" not in line for line in market.steps if line["agent"].startswith("honest"))


def test_B9_what_the_belief_forbids_is_blocked_and_never_executed_again(market: Record) -> None:
    blocked = market.of_type("goal_blocked_by_belief")
    at = [event["epoch"] * 15 + event["step"] for event in blocked]
    assert at == [TURN] * 8
    assert {event["phase"] for event in blocked} == {"belief"}
    assert {tuple(event["belief_ids"]) for event in blocked} == {("market.honesty",)}
    forbidden = {event["goal_id"] for event in blocked}
    assert len(forbidden) == 8
    selected = [event for event in market.of_type("goal_selected_for_execution")
                if event["epoch"] * 15 + event["step"] >= TURN]  # fmt: skip
    assert selected
    assert not forbidden & {event["goal_id"] for event in selected}
    final = {goal["id"]: goal["state"] for goal in market.table("goals")}
    assert {final[goal_id] for goal_id in forbidden} == {"adopted"}, "kept, and not executing"


def test_with_the_forbidden_goals_gone_the_market_is_less_toxic(market: Record) -> None:
    epochs = [epoch["metrics"] for epoch in market.metrics["epochs"]]
    toxicity = [figures["toxicity_rate"]["value"] for figures in epochs]
    before, after = toxicity[:4], toxicity[4:]
    print("toxicity by epoch:", [round(value, 3) for value in toxicity])
    assert sum(after) / len(after) < 0.8 * sum(before) / len(before)


def test_the_shadow_scenario_is_the_market_but_for_its_name_and_flags() -> None:
    plain = [load(name).model_dump(mode="json") for name in ("goals_market", "goals_shadow")]
    flags = []
    for config in plain:
        flags.append([config["goals"].pop(name) for name in ("system", "shadow")])
        del config["scenario_id"], config["description"]
    assert plain[0] == plain[1]
    assert flags == [[True, False], [False, True]]


def test_K3_in_shadow_mode_goals_are_ranked_and_logged_and_none_is_executed(
    shadow: Record,
) -> None:
    kinds = Counter(event["type"] for event in shadow.events)
    assert kinds["goal_shadow_selected"] == 2 * 8, "told when it changes"
    assert shadow.metrics["goals"]["shadow_selected"] == 8 * 180
    assert {kind for kind in kinds if kind.startswith("goal_")} == {
        "goal_created", "goal_adopted", "goal_shadow_selected",
    }  # fmt: skip
    assert {goal["state"] for goal in shadow.table("goals")} == {"adopted"}
    assert shadow.table("decision_records") == shadow.table("tasks") == []
    counted = {row["name"]: row["value"] for row in shadow.table("counters")}
    assert "goal_selected_total" not in counted
    texts = [event["text"] for event in shadow.of_type("goal_shadow_selected")]
    cheating = "Win the trust of partners, then cash it in"
    assert set(texts[:8]) == {cheating}
    assert set(texts[8:]) == {"Earn a good name by honest work"}, "what they would do then"
    assert {line["goal"]["goal_id"] for line in shadow.steps if "goal" in line} == {None}


def test_K4_in_shadow_mode_every_agent_acts_as_with_goals_switched_off(
    shadow: Record, tmp_path: Path
) -> None:
    off = played(tmp_path, "goals_shadow", "goals.shadow=off")
    assert off.steps == shadow.steps
    assert off.of_type("goal_shadow_selected") == []
    rest = [event for event in shadow.events if event["type"] != "goal_shadow_selected"]
    # But for their numbers, and for the log's own digest at its end.
    assert [{**event, "n": 0} for event in rest[:-1]] == [
        {**event, "n": 0} for event in off.events[:-1]
    ]


def test_K4_scheduled_tasks_are_done_as_if_there_were_no_goalstore(
    shadow: Record, tmp_path: Path
) -> None:
    scenario = tmp_path / "none.yaml"
    scenario.write_text(
        "scenario_id: none\nagents:\n  - {type: opportunistic, name: goal_led, count: 8}\n"
        "  - {type: honest, count: 2}\nsimulation: {epochs: 12, steps_per_epoch: 15, seed: 7}\n"
    )
    assert played(tmp_path, scenario).actions == shadow.actions


def test_the_difference_that_goals_make_is_seen_in_what_agents_do(
    market: Record, shadow: Record
) -> None:
    differ = sum(one != other for one, other in zip(market.actions, shadow.actions, strict=True))
    rates = [run.metrics["overall"]["toxicity_rate"]["value"] for run in (market, shadow)]
    print(f"{differ} of {len(market.actions)} actions differ; toxicity {rates}")
    assert differ > 0.2 * len(market.actions)
    counted = [
        (run.metrics["goals"]["selected"], run.metrics["goals"]["shadow_selected"])
        for run in (market, shadow)
    ]
    assert counted[0][0] > 0 == counted[0][1]
    assert counted[1][0] == 0 < counted[1][1]


# --- the canary -------------------------------------------------------------------------------

SHORT = ("simulation.steps_per_epoch=4", "goals.belief_changes.0.step=10")


def test_F3_the_canary_decides_by_the_selection_key(tmp_path: Path) -> None:
    results = {
        percent: played(tmp_path, "goals_market", *SHORT, f"goals.canary_percent={percent}",
                        epochs=3)
        for percent in (0, 30, 100)
    }  # fmt: skip
    none, some, all_of_them = results.values()
    assert none.of_type("goal_selected_for_execution") == []
    assert none.of_type("goal_shadow_selected") == []
    assert {line["goal"]["task_id"].partition(":")[0] for line in none.steps if "goal" in line} == {
        "trade"
    }
    flags = GoalFlags(system=True, shadow=False, canary_percent=30)
    keys = [event["selection_key"] for event in some.of_type("goal_selected_for_execution")]
    assert keys
    assert all(flags.draw(key) for key in keys)
    for number in range(1, 9):
        agent = f"goal_led_{number}"
        first = next(at for at in range(12) if flags.draw(f"episode:{agent}@{at}"))
        told = [line["goal"]["goal_id"] is not None for line in some.steps
                if line["agent"] == agent]  # fmt: skip
        assert told[: first + 1] == [False] * first + [True]
    whole = {(line["agent"], "goal" in line and line["goal"]["goal_id"] is not None)
             for line in all_of_them.steps}  # fmt: skip
    assert whole == {(f"goal_led_{number}", True) for number in range(1, 9)} | {
        ("honest_1", False), ("honest_2", False),
    }  # fmt: skip


# --- flags: --set over environment over file --------------------------------------------------

TINY = """
scenario_id: tiny
goals:{section}
agents: [{{type: goal_led, goals: [{{text: be, category: exploration}}]}}]
simulation: {{epochs: 1, steps_per_epoch: 1}}
"""
ON = "\n  system: on\n  shadow: off\n  canary_percent: 50"


def flags_of(gdg: Any, *sets: str, section: str = ON) -> tuple[bool, bool, float]:
    Path("tiny.yaml").write_text(TINY.format(section=section))
    options = [part for given in sets for part in ("--set", given)]
    ran = gdg("start", "tiny.yaml", "--quiet", *options)
    assert ran.code == 0, ran.err
    run = Path(ran.out.strip())
    goals = json.loads((run / "config.json").read_bytes())["config"]["goals"]
    selected = [event["type"] for event in lines_of(run / "events.jsonl")]
    live = goals["system"] and not goals["shadow"] and goals["canary_percent"] == 100
    assert ("goal_selected_for_execution" in selected) or not live
    assert ("goal_shadow_selected" in selected) == goals["shadow"]
    return goals["system"], goals["shadow"], goals["canary_percent"]


def test_F1_by_default_goals_are_off_and_in_shadow_mode(gdg: Any) -> None:
    assert flags_of(gdg, section=" {}") == (False, True, 100.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *[(word, True) for word in ("on", "ON", "True", "TRUE", "true", "1", " On ")],
        *[(word, False) for word in ("off", "OFF", "False", "false", "0", "oFF")],
    ],
)
def test_F1_switches_of_the_environment_are_on_off_true_false_1_or_0(
    gdg: Any, monkeypatch: pytest.MonkeyPatch, given: str, expected: bool
) -> None:
    monkeypatch.setenv("GOAL_SYSTEM", given)
    monkeypatch.setenv("GOAL_SHADOW", given)
    Path("tiny.yaml").write_text(TINY.format(section=ON))
    shown = gdg("validate", "tiny.yaml", "--json").json["goals"]
    assert (shown["system"], shown["shadow"]) == (expected, expected)
    assert (
        shown
        == gdg("validate", "tiny.yaml", "--json", "--set", f"goals.system={given}").json["goals"]
    )


@pytest.mark.parametrize(
    ("name", "given"),
    [
        *[("GOAL_SYSTEM", word) for word in ("yes", "enabled", "2", "on off", "null", "[on]", "~")],
        *[("GOAL_SHADOW", word) for word in ("no", "1.0", "of", "")],
        *[("GOAL_CANARY_PERCENT", word)
          for word in ("ten", "10%", "-1", "100.5", "nan", ".nan", "inf", "true", "[5]")],
    ],
)  # fmt: skip
def test_F1_any_other_value_is_exit_code_2_and_names_the_variable(
    gdg: Any, monkeypatch: pytest.MonkeyPatch, name: str, given: str
) -> None:
    monkeypatch.setenv(name, given)
    Path("tiny.yaml").write_text(TINY.format(section=ON))
    ran = gdg("start", "tiny.yaml", "--quiet")
    assert (ran.code, ran.out) == (2, "")
    assert f"{name}={given}: goals." in ran.err
    assert "expected " in ran.err
    assert not Path("runs").exists()


def test_F1_set_goes_over_the_environment_and_that_over_the_file(
    gdg: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert flags_of(gdg) == (True, False, 50.0)
    monkeypatch.setenv("GOAL_SYSTEM", "off")
    monkeypatch.setenv("GOAL_SHADOW", "on")
    monkeypatch.setenv("GOAL_CANARY_PERCENT", "30")
    assert flags_of(gdg) == (False, True, 30.0)
    sets = ("goals.system=on", "goals.shadow=off", "goals.canary_percent=100")
    assert flags_of(gdg, *sets) == (True, False, 100.0)
    assert flags_of(gdg, sets[0]) == (True, True, 30.0)


def test_the_environment_speaks_of_goals_in_an_entry_of_agents_as_well(
    gdg: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOAL_SYSTEM", "on")
    monkeypatch.setenv("GOAL_SHADOW", "off")
    own = TINY.format(section="").replace("goals:\n", "", 1)
    Path("own.yaml").write_text(own)
    assert gdg("validate", "own.yaml", "--json").json["goals"]["system"] is True


@pytest.mark.parametrize("goals", ["", "goals:\n"])
def test_a_run_without_goals_has_no_file_of_them_whatever_the_environment_says(
    gdg: Any, monkeypatch: pytest.MonkeyPatch, goals: str
) -> None:
    monkeypatch.setenv("GOAL_SYSTEM", "on")
    Path("none.yaml").write_text(f"scenario_id: none\n{goals}agents: [{{type: honest}}]\n")
    run = Path(gdg("start", "none.yaml", "--epochs", 1, "--quiet").out.strip())
    names = sorted(path.name for path in run.iterdir())
    assert not [name for name in names if "goals" in name]
    assert json.loads((run / "config.json").read_bytes())["config"]["goals"] is None
    assert "goals" not in json.loads((run / "metrics.json").read_bytes())
    assert gdg("replay", run, "--verify").code == 0


def test_the_environment_of_a_resume_changes_nothing(
    gdg: Any, pursuing: Path, pursued: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOAL_SHADOW", "on")
    assert gdg("resume", pursuing).code == 0
    assert bytes_of(pursuing) == bytes_of(pursued.path)
    assert gdg("replay", pursuing, "--verify").code == 0


# --- the promise ------------------------------------------------------------------------------


def _matrix(hash_seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(HERE / "goal_determinism_matrix.py")],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=HERE, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_I7_goals_are_the_same_for_backend_hash_seed_latency_and_concurrency() -> None:
    with ThreadPoolExecutor(2) as pool:
        lines = [line for part in pool.map(_matrix, ("0", "1", "31337")) for line in part]
    assert len(lines) == 12
    digests = sorted({line.partition(": ")[2] for line in lines})
    print(f"{len(lines)} runs, {len(digests)} different results")
    assert [found.split()[0] for found in digests] == ["market", "pursuing"], "\n".join(lines)


def test_the_run_that_must_come_back_holds_goals_of_every_kind(pursued: Record) -> None:
    kinds = Counter(event["type"] for event in pursued.events)
    for kind in (
        "goal_created", "goal_adopted", "goal_selected_for_execution", "goal_satisfied",
        "goal_failed", "goal_abandoned", "goal_blocked_by_belief", "goal_released",
    ):  # fmt: skip
        assert kinds[kind] > 0, f"no {kind} in {kinds}"
    phases = {event["phase"] for event in pursued.of_type("goal_blocked_by_belief")}
    assert {"belief", "adopt"} <= phases
    counted = {name: pursued.metrics["goals"][name] for name in ("created", "selected", "blocked")}
    assert counted == {
        "created": kinds["goal_created"], "selected": kinds["goal_selected_for_execution"],
        "blocked": kinds["goal_blocked_by_belief"],
    }  # fmt: skip


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.nightly)])
def test_S5_killed_runs_resume_to_the_same_goals(kills: int) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "goal_crash_matrix.py"), str(kills), "5"],
        cwd=HERE, capture_output=True, text=True, timeout=1_000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    summary = json.loads(done.stdout)
    print(summary)
    assert summary["kills"] == kills
    assert summary["databases_at_kill"] >= kills / 2, "the kills fall into the runs"
    assert summary["recorded_at_kill"] > kills * summary["outcomes"] * 0.3


def test_a_run_stopped_at_a_step_boundary_goes_on_to_the_same_goals(
    gdg: Any, gdg_process: Any, environment: dict[str, str], pursued: Record
) -> None:
    slow = {**environment, "GDG_TEST_LATENCY": "0.15"}
    process = gdg_process("start", HERE / "pursuing.yaml", env=slow)
    deadline = time.monotonic() + 60
    while not [
        run
        for run in Path("runs").glob("*/*/*")
        if (run / "goals.db").exists() and len(Recorded.read(run / "journal.jsonl")) > 25
    ]:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    [run] = Path("runs").glob("*/*/*")
    assert (run / GOALS).read_bytes() == b"", "the store is written down at the end"
    assert 0 < len(lines_of(run / "step_log.jsonl")) - 1 < 54
    assert gdg("replay", run, "--verify").code == 0
    assert gdg("resume", run, "--quiet").code == 0
    assert bytes_of(run) == bytes_of(pursued.path)


@pytest.mark.parametrize("kept", [2, 30, 75])
def test_a_run_goes_on_where_its_journal_ends(pursuing: Path, pursued: Record, gdg: Any,
                                              kept: int) -> None:  # fmt: skip
    journal = pursuing / "journal.jsonl"
    whole = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(whole[:kept]))
    meta = pursuing / "meta.json"
    meta.write_text(meta.read_text().replace('"completed"', '"running"'))
    (pursuing / GOALS).write_bytes(b'{"half a line')
    (pursuing / "goals.db").write_bytes(b"no database")
    assert gdg("resume", pursuing, "--backend", "asyncio").code == 0
    assert bytes_of(pursuing) == bytes_of(pursued.path)
    assert sorted(path.name for path in pursuing.glob("goals*")) == ["goals.db", GOALS]


def test_replay_verify_names_the_changed_line_of_the_goals(pursuing: Path, gdg: Any) -> None:
    path = pursuing / GOALS
    data = path.read_bytes()
    starts = [0, *[at + 1 for at in range(len(data) - 1) if data[at] == ord("\n")]]
    for line in (1, 2, len(starts) // 2, len(starts)):
        changed = bytearray(data)
        changed[starts[line - 1] + 9] ^= 1
        path.write_bytes(changed)
        found = verify_run(RunDirectory(pursuing)).differences
        assert [(difference.file, difference.line) for difference in found] == [(GOALS, line)]
    ran = gdg("replay", "--verify", pursuing)
    assert ran.code == 3
    assert f"Not verified: 1 file differs. The first line of each:\n  {GOALS}:{len(starts)} " in (
        ran.err
    )
    path.write_bytes(data + b"{}\n")
    [added] = verify_run(RunDirectory(pursuing)).differences
    assert (added.file, added.line) == (GOALS, len(starts) + 1)
    path.unlink()
    [missing] = verify_run(RunDirectory(pursuing)).differences
    assert (missing.file, missing.line) == (GOALS, 1)


def test_replay_to_writes_the_goals_elsewhere(pursued: Record, tmp_path: Path, gdg: Any) -> None:
    assert gdg("replay", pursued.path, "--to", tmp_path / "again").code == 0
    assert (tmp_path / "again" / GOALS).read_bytes() == (pursued.path / GOALS).read_bytes()


def test_the_database_opens_as_a_goalstore_with_the_content_of_the_dump(
    pursuing: Path, pursued: Record
) -> None:
    with opened(pursuing / "goals.db") as store:
        with store.database.reading() as tx:
            lines = b"".join(dump_lines(tx))
            assert verify(tx) is None
        assert lines == (pursued.path / GOALS).read_bytes()
        page = store.execute(ListGoals(states=tuple(GoalState), limit=200))
        assert page.next_cursor is None
        rows = {row["id"]: row for row in pursued.table("goals")}
        assert {goal.id: (goal.text, goal.state.value, goal.version) for goal in page.items} == {
            goal_id: (row["text"], row["state"], row["version"]) for goal_id, row in rows.items()
        }
        assert store.execute(ReadStatistics()).by_state == pursued.metrics["goals"]["by_state"]
        assert store.execute(RankGoals(limit=5)).items


def test_L1_the_ledger_of_the_dump_is_a_whole_chain(pursued: Record, market: Record) -> None:
    for run in (pursued, market):
        ledger = run.table("ledger")
        last = GENESIS
        for number, row in enumerate(ledger, start=1):
            link = {name: value for name, value in row.items() if name != "table"}
            assert (row["seq"], row["prev_hash"]) == (number, last)
            last = link_hash({**link, "seq": number, "prev_hash": last})
            assert row["hash"] == last
        told = [(event["type"], event["goal_id"]) for event in run.events
                if event["type"].startswith("goal_") and "goal_id" in event]  # fmt: skip
        assert told == [(row["event"], row["goal_id"]) for row in ledger]


def test_T4_one_trace_leads_from_the_selection_of_a_goal_to_its_end(pursued: Record) -> None:
    ledger = pursued.table("ledger")
    records = {row["task_id"]: row for row in pursued.table("decision_records")}
    ends = ("goal_satisfied", "goal_failed")
    checked = 0
    for row in ledger:
        if row["event"] == "goal_selected_for_execution":
            task = records[row["data"]["task_id"]]
            assert task["trace_id"] == row["trace_id"]
            later = [
                other
                for other in ledger
                if other["goal_id"] == row["goal_id"]
                and other["event"] in ends
                and other["data"]["attempt"] == int(row["data"]["task_id"].split(":")[-1])
            ]
            for end in later:
                assert end["trace_id"] == row["trace_id"]
                assert end["span_id"] != row["span_id"]
                checked += 1
    assert checked > 3


def test_the_hosting_of_a_run_with_goals_changes_nothing(pursued: Record, tmp_path: Path) -> None:
    config = load(HERE / "pursuing.yaml")
    options = RunOptions(backend="asyncio", max_concurrency=2)
    result = start_run(config, out=tmp_path, options=options)
    assert bytes_of(result.directory) == bytes_of(pursued.path)


def test_the_page_on_goals_shows_what_the_shipped_scenarios_come_to(
    market: Record, shadow: Record
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "goals-in-episodes.md").read_text()
    for name, record in (("goals_market", market), ("goals_shadow", shadow)):
        figures = [epoch["metrics"]["toxicity_rate"]["value"] for epoch in record.metrics["epochs"]]
        row = " | ".join([f"{figure:.2f}" for figure in figures])
        assert f"| `{name}` | {row} |" in page
