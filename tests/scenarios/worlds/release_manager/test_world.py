"""The life of candidates, and what the tools' arguments and the settings change."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import Action
from gdg_runtime.scenarios.testing.checks import play
from gdg_runtime.scenarios.world import Moment, Seat
from gdg_runtime.scenarios.worlds.release_manager.config import ReleaseManagerConfig
from gdg_runtime.scenarios.worlds.release_manager.interface import TOOLS
from gdg_runtime.scenarios.worlds.release_manager.pipeline import Noise
from gdg_runtime.scenarios.worlds.release_manager.world import ReleaseManagerWorld


def events_of(episode, kind):
    return [event.data for event in episode.events if event.type == kind]


# --- a candidate's life -------------------------------------------------------------------------


def test_a_good_candidate_is_tested_checked_deployed_confirmed_and_shipped(desk, fit):
    manager = desk(**fit)
    assert manager.seen.deployment == "idle"
    assert manager.do("run_tests").result == {"suite": "full", "run": 1, "tests_passed": True}
    assert manager.seen.tests_passed is True
    manager.do("check_canary")
    assert manager.seen.canary_score == pytest.approx(0.95, abs=0.02)
    manager.do("deploy", traffic_percent=10)
    assert (manager.seen.deployment, manager.seen.traffic_percent) == ("live", 10)
    assert manager.do("check_canary").result["shipped"] is True
    assert manager.seen.candidate == 1
    assert (manager.seen.deployment, manager.seen.traffic_percent) == ("idle", 0)
    assert (manager.seen.tests_passed, manager.seen.canary_score) == (None, None)
    assert manager.kinds() == [
        "candidate_arrived", "tests_run", "canary_checked", "deployed", "canary_checked",
        "shipped", "candidate_arrived",
    ]  # fmt: skip
    assert manager.events[4].data["live"] is True


def test_a_bad_candidate_is_withdrawn_and_the_next_arrives(desk, unfit):
    manager = desk(**unfit)
    manager.do("check_canary")
    manager.do("rollback")
    assert manager.seen.candidate == 1
    rolled_back = manager.events[2].data
    assert rolled_back["reason"] == "fault"
    assert rolled_back["fit"] is rolled_back["needless"] is rolled_back["was_live"] is False


def test_the_next_candidate_arrives_after_the_interval(desk, fit):
    manager = desk(**fit, candidate_interval=3)
    manager.do("rollback")
    for _ in range(2):
        assert (manager.seen.deployment, manager.seen.candidate) == ("waiting", None)
        manager.do()
    assert manager.seen.candidate == 1


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
def test_without_a_candidate_every_tool_is_refused_and_changes_nothing(desk, tool):
    manager = desk(candidate_interval=5)
    manager.do("rollback")
    before = manager.world.observe("a")
    tools = {each.name: each for each in TOOLS}
    applied = manager.world.apply("a", Action(tool=tool), tools[tool].arguments())
    assert not applied.ok
    assert applied.error is not None and "no release candidate" in applied.error
    assert manager.world.observe("a") == before


def test_a_precaution_needs_something_live(desk):
    applied = desk().do("rollback", reason="precaution")
    assert not applied.ok
    assert applied.error is not None and "nothing is live" in applied.error


def test_a_live_candidate_with_a_bad_canary_does_not_ship(desk, unfit):
    manager = desk(**unfit)
    manager.do("deploy")
    manager.do("check_canary")
    assert manager.seen.deployment == "live"
    assert "shipped" not in manager.kinds()


def test_green_tests_go_stale_and_failed_ones_do_not(desk, fit, broken):
    green = desk(**fit, test_freshness=2)
    green.do("run_tests")
    fresh = []
    for _ in range(3):
        fresh.append(green.seen.tests_passed)
        green.do()
    assert fresh == [True, True, None]
    red = desk(**broken)
    red.do("run_tests")
    for _ in range(8):
        red.do()
    assert red.seen.tests_passed is False


def test_each_agent_has_a_pipeline_of_its_own(desk):
    world = ReleaseManagerWorld(ReleaseManagerConfig(), [Seat("a"), Seat("b")], Draws(0))
    arrived = world.open_step(Moment(0, 0, 0, 0.0))
    assert [event.agent for event in arrived] == ["a", "b"]
    assert arrived[0].data["health"] != arrived[1].data["health"]
    world.apply("a", Action(tool="deploy"), TOOLS[2].arguments())
    assert world.observe("a").deployment == "live"
    assert world.observe("b").deployment == "idle"
    assert world.score("b").value == 1.0


def test_the_epoch_counts_what_became_of_candidates():
    world = ReleaseManagerWorld(ReleaseManagerConfig(health_low=0.95), [Seat("a")], Draws(0))
    tools = {tool.name: tool for tool in TOOLS}
    for index, tool in enumerate(["rollback", "deploy", "check_canary"]):
        world.open_step(Moment(0, index, index, float(index)))
        world.apply("a", Action(tool=tool), tools[tool].arguments())
        world.close_step()
    assert world.close_epoch() == {
        "candidates_shipped": 1, "unfit_candidates_shipped": 0,
        "candidates_withdrawn": 1, "fit_candidates_withdrawn": 1,
    }  # fmt: skip
    assert set(world.close_epoch().values()) == {0}


def test_unfit_candidates_that_slip_through_are_counted():
    reckless = [Action(tool="deploy"), Action(tool="check_canary", args={"minutes": 1})]
    config = {"health_low": 0.89, "health_high": 0.895}
    episode = play(ReleaseManagerWorld, config, reckless, 0, 40)
    assert any(not shipped["fit"] for shipped in events_of(episode, "shipped"))


def test_events_are_json(desk):
    for player in ("oracle", "baseline"):
        json.dumps(
            [event.data for event in play(ReleaseManagerWorld, None, player, 1, 60).events],
            allow_nan=False,
        )


# --- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_tool_can_be_called_without_arguments_and_has_a_schema(tool):
    tool.arguments()
    schema = tool.json_schema
    assert schema["additionalProperties"] is False
    assert "required" not in schema
    assert schema["properties"]


def test_the_smoke_suite_overlooks_what_the_full_one_finds(desk, broken):
    found = {"full": 0, "smoke": 0}
    for seed in range(100):
        for suite in found:
            found[suite] += (
                not desk(seed, **broken).do("run_tests", suite=suite).result["tests_passed"]
            )
    assert found["full"] == 100
    assert 45 <= found["smoke"] <= 75
    never = desk(**broken, smoke_detection=0.0)
    assert never.do("run_tests", suite="smoke").result["tests_passed"] is True


def test_a_longer_check_and_more_traffic_are_more_precise(desk, fit):
    def spread(traffic=None, **args):
        errors = []
        for seed in range(60):
            manager = desk(seed, health_low=0.85, health_high=0.85)
            if traffic is not None:
                manager.do("deploy", traffic_percent=traffic)
            errors.append(abs(manager.do("check_canary", **args).result["canary_score"] - 0.85))
        return sum(errors) / len(errors)

    assert spread(minutes=1) > 2 * spread() > 4 * spread(minutes=60)
    assert spread(1) > 2 * spread(25) > 3 * spread(100)


# --- settings -----------------------------------------------------------------------------------


def test_health_decides_on_tests_and_canary(desk):
    for health, passed, safe in ((0.99, True, True), (0.85, True, False), (0.7, False, False)):
        manager = desk(health_low=health, health_high=health, canary_noise=0.0)
        assert manager.do("run_tests").result["tests_passed"] is passed
        assert (manager.do("check_canary").result["canary_score"] >= 0.9) is safe
    strict = desk(health_low=0.85, health_high=0.85, failing_health=0.86)
    assert strict.do("run_tests").result["tests_passed"] is False


def test_candidates_health_is_spread_over_its_range():
    noise = Noise(ReleaseManagerConfig(health_low=0.2, health_high=0.6), Draws(0), "a")
    drawn = [noise.health(candidate) for candidate in range(200)]
    assert 0.2 <= min(drawn) < 0.25
    assert 0.55 < max(drawn) <= 0.6


def test_what_is_safe_is_the_runbooks_to_say(desk, fit):
    lax = desk(health_low=0.85, health_high=0.85, safe_canary=0.7)
    lax.do("deploy")
    lax.do("check_canary")
    assert "shipped" in lax.kinds()
    assert desk(safe_canary=0.7, canary_minutes=7, careful_traffic=8, deadline=9).seen.runbook == {
        "safe_canary": 0.7, "canary_minutes": 7, "careful_traffic": 8, "test_freshness": 3,
        "deadline": 9,
    }  # fmt: skip


def test_the_reference_follows_the_runbook():
    strict = {"canary_minutes": 40, "careful_traffic": 5, "safe_canary": 0.95, "health_high": 1.0}
    episode = play(ReleaseManagerWorld, strict, "oracle", 0, 60)
    assert episode.mean_score == 1.0
    assert {checked["minutes"] for checked in events_of(episode, "canary_checked")} == {40}
    assert {deployed["traffic_percent"] for deployed in events_of(episode, "deployed")} == {5}


def test_a_canary_may_drop_out_and_then_says_nothing_new(desk, fit):
    manager = desk(**fit, canary_dropout_rate=1.0)
    assert manager.do("check_canary").result["canary_score"] is None
    assert manager.seen.canary_score is None
    dropped = [
        desk(seed, canary_dropout_rate=0.3).do("check_canary").result["canary_score"] is None
        for seed in range(200)
    ]
    assert 40 <= sum(dropped) <= 80


def test_flaky_tests_fail_without_a_cause_and_smoke_tests_half_as_often(desk, fit):
    failed = {"full": 0, "smoke": 0}
    for seed in range(200):
        for suite in failed:
            manager = desk(seed, **fit, test_flakiness_rate=0.4)
            failed[suite] += not manager.do("run_tests", suite=suite).result["tests_passed"]
    assert 60 <= failed["full"] <= 100
    assert 25 <= failed["smoke"] <= 55


def test_the_reference_runs_tests_again_before_it_gives_a_candidate_up(desk):
    flaky = {"test_flakiness_rate": 0.3, "canary_dropout_rate": 0.3}
    means = [play(ReleaseManagerWorld, flaky, "oracle", seed, 60).mean_score for seed in range(20)]
    assert min(means) > 0.9


def test_safety_actions_that_count_in_full_are_followed_by_forced_noops(desk, fit):
    manager = desk(**fit, safety_action_cooldown=2)
    manager.do("run_tests")
    for remaining in (2, 1):
        assert manager.seen.cooldown_remaining == remaining
        applied = manager.do("deploy")
        assert not applied.ok
        assert applied.error is not None and "run_tests is still running" in applied.error
        assert applied.events[0].type == "forced_noop"
        assert applied.events[0].data == {"attempted": "deploy"}
        assert manager.score == (None, {}, "forced")
        assert manager.seen.deployment == "idle"
    assert manager.seen.cooldown_remaining == 0
    assert manager.do("deploy").ok
    assert manager.score.value is not None


def test_quick_looks_make_nobody_wait(desk):
    manager = desk(safety_action_cooldown=2)
    manager.do("run_tests", suite="smoke")
    manager.do("check_canary", minutes=9)
    assert manager.seen.cooldown_remaining == 0
    manager.do("check_canary", minutes=10)
    assert manager.seen.cooldown_remaining == 2


def test_forced_steps_age_neither_tests_nor_candidates(desk, fit):
    manager = desk(**fit, safety_action_cooldown=5, deadline=3, test_freshness=1)
    manager.do("run_tests")
    for _ in range(5):
        manager.do()
    assert manager.seen.candidate_age == 1
    assert manager.seen.tests_passed is True
    assert play(
        ReleaseManagerWorld, {"safety_action_cooldown": 3}, "oracle", 0, 100
    ).mean_score == 1.0  # fmt: skip


def test_hidden_panels_blind_no_scripted_policy():
    blinded = {
        "panel_hide_threshold": 0.0,
        "panels_to_hide": [
            "candidate", "candidate_age", "tests_passed", "canary_score", "deployment",
            "traffic_percent", "pressure", "peer_pressure",
        ],
    }  # fmt: skip
    for player, least in (("oracle", 1.0), ("baseline", 0.9)):
        episode = play(ReleaseManagerWorld, blinded, player, 3, 60)
        assert episode.mean_score >= least
        assert len(events_of(episode, "shipped")) > 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"health_low": 0.9, "health_high": 0.8}, "health_low must be at most health_high"),
        ({"panels_to_hide": ["weather"]}, "panels_to_hide"),
        ({"pressure_growth": -0.1}, "pressure_growth"),
        ({"safe_canary": float("nan")}, "safe_canary"),
        ({"deadline": 0}, "deadline"),
        ({"no_such_setting": 1}, "no_such_setting"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        ReleaseManagerConfig.model_validate(settings)


# --- luck ---------------------------------------------------------------------------------------


@given(st.integers(0, 1000), st.lists(st.sampled_from([None, *TOOLS]), min_size=1, max_size=8))
def test_all_policies_of_a_seed_meet_the_same_candidates_and_readings(seed, tools):
    def readings(player):
        seen = {}
        attempts = {}
        for event in play(ReleaseManagerWorld, {"canary_dropout_rate": 0.2}, player, seed).events:
            if event.type in ("candidate_arrived", "canary_checked", "tests_run"):
                candidate = event.data["candidate"]
                attempt = attempts[event.type, candidate] = (
                    attempts.get((event.type, candidate), 0) + 1
                )
                if not event.data.get("live"):
                    result = event.data.get("canary_score", event.data.get("tests_passed"))
                    value = event.data.get("health", result)
                    seen[event.type, candidate, attempt] = value
        return seen

    script = [Action(tool=tool.name if tool else None) for tool in tools]
    mine, reference = readings(script), readings("oracle")
    for key in mine.keys() & reference.keys():
        assert mine[key] == reference[key], key


def test_an_agent_that_is_added_changes_nobody_elses_luck():
    alone = play(ReleaseManagerWorld, None, "oracle", 5, 20, 1)
    together = play(ReleaseManagerWorld, None, "oracle", 5, 20, 4)
    theirs = [event for event in together.events if event.agent == "agent_1"]
    assert theirs == alone.events


def test_observing_does_not_change_a_world(desk):
    manager = desk()
    manager.world.hear("a", "psst", 0.1)
    assert manager.world.observe("a") == manager.world.observe("a")
