"""Agents whose code is wrong: the episode goes on without them, or the run says what to mend."""

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCENARIO = HERE / "failing.yaml"


def start(gdg, how: str, *options: object):
    return gdg("start", SCENARIO, "--set", f"agents.0.params.how={how}", *options)


def events(run: str | Path, kind: str) -> list[dict]:
    lines = (Path(run) / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == kind]


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("raises", "KeyError: 'no such thought"),
        ("no action", "ValidationError: 1 validation error for ActionProposed"),
        ("decide", "ValueError: can't make up its mind"),
        ("no decision", "ValidationError: 1 validation error for Answer"),
    ],
)
def test_an_agent_that_fails_is_recorded_isolated_and_done_without(gdg, how, error) -> None:
    ran = start(gdg, how, "--json")
    assert (ran.code, ran.json["status"], ran.json["agent_steps"]) == (0, "completed", 36)
    run = ran.json["run_dir"]
    failures = events(run, "agent_failed")
    assert {failure["agent"] for failure in failures} == {"wrong_1"}
    assert all(failure["error"].startswith(error) for failure in failures)
    assert [failure["directive"] for failure in failures] == ["resume", "isolate"]
    letters = events(run, "dead_letter")
    assert letters
    assert {letter["reason"] for letter in letters} == {"isolated"}
    others = [
        line for line in map(json.loads, (Path(run) / "step_log.jsonl").read_text().splitlines())
        if line.get("agent", "").startswith("honest")
    ]  # fmt: skip
    assert len(others) == 24
    assert any(line["action"]["tool"] for line in others[-2:])
    assert gdg("replay", run, "--verify").code == 0


def test_the_user_reads_which_agents_failed_and_where_the_reason_is(gdg) -> None:
    ran = start(gdg, "raises")
    run = ran.out.rstrip().rpartition("run: ")[2]
    notice = f"1 agent was isolated: wrong_1; `gdg-runtime show {run}` says why"
    assert notice in ran.err.splitlines()
    assert notice in gdg("resume", run).err.splitlines()
    shown = gdg("show", run, "--events", 0)
    assert "wrong_1 was isolated after 2 failures: KeyError: 'no such thought" in shown.out
    assert set(gdg("show", run, "--json").json["failed_agents"]) == {"wrong_1"}
    for option in ("--quiet", "--json"):
        assert start(gdg, "raises", option).err == ""


def test_agents_that_failed_and_went_on_are_told_apart_from_isolated_ones(gdg) -> None:
    ran = start(
        gdg, "raises", "--set", "supervision.max_failures=1000", "--set", "agents.0.count=9"
    )
    names = "wrong_1, wrong_2, wrong_3, wrong_4, wrong_5 and 4 more"
    assert f"\n9 agents failed: {names}; `gdg-runtime show " in ran.err
    run = ran.out.rstrip().rpartition("run: ")[2]
    assert "wrong_9 failed 12 times: KeyError" in gdg("show", run).out


def test_a_run_without_failures_says_nothing_of_them(gdg) -> None:
    ran = gdg("start", "baseline", "--epochs", 1)
    assert "says why" not in ran.err
    run = ran.out.rstrip().rpartition("run: ")[2]
    assert "failed_agents" not in gdg("show", run, "--json").json


def test_an_agent_that_cannot_learn_goes_on(gdg) -> None:
    ran = start(gdg, "update", "--json", "--set", "supervision.max_failures=1000")
    assert (ran.code, ran.json["status"]) == (0, "completed")
    failures = events(ran.json["run_dir"], "agent_failed")
    assert {failure["error"] for failure in failures} == {"ValueError: learns nothing"}
    assert {failure["directive"] for failure in failures} == {"resume"}


def test_hostile_text_in_an_error_does_not_reach_the_terminal(gdg) -> None:
    run = start(gdg, "raises", "--json").json["run_dir"]
    assert events(run, "agent_failed")[0]["error"] == "KeyError: 'no such thought \\x1b[31m'"
    assert "\x1b" not in gdg("show", run, "--events", 100).out


@pytest.mark.parametrize(
    ("how", "awaited"),
    [
        ("trio", "trio's sleep()"),
        ("anyio", "anyio's sleep()"),
        ("asyncio", "a bare yield"),
        ("future", "asyncio's get_event_loop()"),
    ],
)
def test_a_foreign_await_ends_the_run_naming_actor_and_what_was_awaited(gdg, how, awaited) -> None:
    ran = start(gdg, how)
    assert ran.code == 1
    assert "The run failed: actor 'agents/wrong_1' in Agent." in ran.err
    assert f"awaited {awaited}" in ran.err
    assert "ctx.effect" in ran.err
    assert ran.out.startswith("failed: 0 epochs")
    row = gdg("runs", "--status", "failed", "--json").json[0]
    run = Path(row["path"])
    for name in ("config.json", "meta.json", "journal.jsonl", "events.jsonl", "step_log.jsonl"):
        assert (run / name).stat().st_size > 0
    shown = gdg("show", run)
    assert "failing  failed" in shown.out
    assert awaited in shown.out
    if how != "future":  # which would leave an event loop behind in this thread
        assert gdg("replay", run, "--verify").code == 0, "as far as it got"


def test_an_agent_cannot_end_the_program(gdg) -> None:
    ran = start(gdg, "exits", "--json")
    assert (ran.code, ran.json["status"]) == (1, "failed")
    assert ran.json["error"] == "SystemExit: 7"


def test_the_author_of_failing_code_can_have_the_traceback(gdg_process, environment) -> None:
    environment["GDG_TRACEBACK"] = "1"
    process = gdg_process(
        "start", SCENARIO, "--set", "agents.0.params.how=trio", env=environment
    )  # fmt: skip
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "failing.py" in err
    assert "await trio.sleep(0.01)" in err


def test_an_effect_that_fails_makes_a_noop_and_nobody_is_isolated_for_it(gdg) -> None:
    ran = start(gdg, "set", "--json")
    assert ran.code == 0, ran.err
    run = Path(ran.json["run_dir"])
    failed = events(run, "effect_failed")
    assert "failing:a_set failed with NotSerialisable" in failed[0]["error"]
    assert {event["agent"] for event in failed} == {"wrong_1"}
    assert len(failed) > 3
    assert events(run, "agent_failed") == []


def test_a_world_that_cannot_be_made_is_named_when_its_run_is_replayed(gdg) -> None:
    ran = gdg("start", SCENARIO, "--set", "world.name=failing:Unmade", "--json")
    assert ran.code == 1
    assert ran.json["error"] == "LookupError: no such place"
    run = ran.json["run_dir"]
    for options in ((), ("--to", "again")):
        replayed = gdg("replay", run, *options)
        assert replayed.code == 1
        assert "failing:Unmade" in replayed.err
        assert "LookupError: no such place" in replayed.err
        assert "inside gdg-runtime" not in replayed.err
    exported = gdg("cassette", "export", run)
    assert exported.code == 1
    assert "failing:Unmade" in exported.err
