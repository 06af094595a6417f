"""What an agent, its child, or a message that pretends to come from elsewhere can't do."""

from collections.abc import Callable
from typing import Any

Pursue = Callable[..., Any]

SCENARIO = """
scenario_id: forged
world: {name: "troupe:CounterWorld"}
goals:
  system: on
  shadow: off
  beliefs:
    - {id: honesty, text: "Partners must be told the truth"}
AGENTS
simulation: {epochs: 1, steps_per_epoch: 4, seed: 1}
"""
GOAL = """{text: TEXT, category: maintenance, aligns_with: [honesty],
      success_metrics: {reputation: 50.0}}"""


def scenario(*agents: str) -> str:
    listed = "".join(
        f"  - {{type: 'forgers:{agent}', name: {agent.lower()}, "
        f"goals: [{GOAL.replace('TEXT', agent)}]}}\n"
        for agent in agents
    )
    return SCENARIO.replace("AGENTS", f"agents:\n{listed}")


def test_only_the_director_the_scenario_and_the_outside_may_say_what_is_theirs_to_say(
    pursue: Pursue,
) -> None:
    played = pursue(scenario("Victim", "Forger"))
    forged = played.of_type("goals_forgery_ignored")
    assert [event["message"] for event in forged] == [
        "goals.outside", "episode.measured", "episode.assign_goals", "episode.close_goals",
    ]  # fmt: skip
    assert {event["agent"] for event in forged} == {"forger_1"}
    assert {belief["active"] for belief in played.table("beliefs")} <= {1}
    assert played.of_type("goal_satisfied") == []


def test_a_child_speaks_for_the_agent_that_made_it_whatever_it_is_called(pursue: Pursue) -> None:
    played = pursue(scenario("Victim", "Forger"))
    assert [event["came"] for event in played.of_type("child")] == ["not-allowed"]
    assert played.of_type("goal_abandoned") == []


def test_an_agent_can_not_weaken_what_its_goal_is_held_against(pursue: Pursue) -> None:
    played = pursue(scenario("Loosener"))
    assert played.of_type("edited") == []
    assert {event["code"] for event in played.of_type("kept")} == {"not-allowed"}


def test_what_no_store_can_hold_is_refused_and_the_run_goes_on(pursue: Pursue) -> None:
    played = pursue(scenario("Garbler"))
    assert played.of_type("took") == []
    assert len(played.of_type("refused")) == 5 * 4
    assert {event["code"] for event in played.of_type("refused")} <= {
        "invalid-goal", "not-allowed", "goal-not-found",
    }  # fmt: skip
    assert played.of_type("agent_failed") == []
