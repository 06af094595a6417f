"""What a release manager is told that it may do, and what a language model reads."""

import json

EVERYTHING = {"panel_hide_threshold": 0.0, "pressure_growth": 1.0, "pressure_start": 0}


def test_with_a_candidate_every_tool_may_do(desk):
    stage = desk()
    assert stage.seen.options() is None
    stage.do("deploy")
    assert stage.seen.options() is None


def test_nothing_can_be_done_in_a_cooldown_or_without_a_candidate(desk):
    stage = desk(safety_action_cooldown=2)
    stage.do("run_tests")
    assert stage.seen.options() == ()
    stage.do()
    stage.do()
    assert stage.seen.options() is None
    stage = desk(candidate_interval=3)
    stage.do("rollback")
    assert stage.seen.deployment == "waiting" and stage.seen.options() == ()


def test_only_what_is_live_is_taken_back_as_a_precaution(desk):
    stage = desk()
    assert stage.seen.choices() == {"rollback.reason": ("fault",)}
    assert not stage.do("rollback", reason="precaution").ok
    stage.do("deploy")
    assert stage.seen.choices() == {"rollback.reason": ("fault", "precaution")}
    stage.do("rollback", reason="precaution")
    assert stage.seen.deployment == "rolled_back"
    assert stage.seen.choices() == {"rollback.reason": ("fault",)}


def test_what_is_hidden_is_not_told_by_another_way(desk):
    panels = ("candidate", "candidate_age", "deployment")
    stage = desk(candidate_interval=5, panels_to_hide=panels, **EVERYTHING)
    waiting = desk(candidate_interval=5, panels_to_hide=panels, **EVERYTHING)
    waiting.do("rollback")
    for one in (stage, waiting):
        assert one.seen.hidden == panels
        assert one.seen.options() is None
        assert one.seen.choices() == {}
    partly = desk(candidate_interval=5, panels_to_hide=("candidate", "deployment"), **EVERYTHING)
    partly.do("rollback")
    assert partly.seen.options() == (), "its age tells that there is none"


def test_the_reading_is_short_and_says_what_is_hidden(desk):
    stage = desk(health_low=0.95, health_high=0.95, canary_noise=0.0)
    stage.do("check_canary", minutes=10)
    runbook = (
        '"runbook": {"safe_canary": 0.9, "canary_minutes": 10, "careful_traffic": 25, '
        '"test_freshness": 3, "deadline": 6}}'
    )
    assert json.dumps(stage.seen.reading()) == (
        '{"candidate": 0, "candidate_age": 1, "tests_passed": null, "canary_score": 0.95, '
        '"deployment": "idle", "traffic_percent": 0, "pressure": 0, "peer_pressure": 0, '
        '"last_result": {"tool": "check_canary", "candidate": 0, "minutes": 10, '
        '"canary_score": 0.95}, ' + runbook
    )
    stage = desk(candidate_interval=5, panels_to_hide=("pressure",), **EVERYTHING)
    stage.do("rollback")
    reading = stage.seen.reading()
    assert "pressure" not in reading and reading["hidden"] == ["pressure"]
    assert "candidate" not in reading and reading["deployment"] == "waiting"


def test_the_sources_are_the_messages(desk):
    stage = desk()
    stage.world.hear("a", "hurry", 0.5)
    seen = stage.world.observe("a")
    assert [source.kind for source in seen.sources()] == ["message", "message"]
    assert [source.id for source in seen.sources()] == ["0", "1"]
