"""An agent and its goals: what it is told, what it may ask, and what its word is worth."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Pursue = Callable[..., Any]

HEAD = """
scenario_id: goals
world: {name: "troupe:CounterWorld"}
simulation: {epochs: 1, steps_per_epoch: %d, seed: 3}
"""
LIVE = "goals:\n  system: on\n  shadow: off\n"


def scenario(
    *goals: dict[str, Any], steps: int = 6, script: dict[int, list[Any]] | None = None,
    agents: str | None = None, tasks: tuple[dict[str, Any], ...] = (), adds: bool = True,
    **section: Any,
) -> str:  # fmt: skip
    """A scenario file in which `doer_1` has these goals and follows this script."""
    listed = [{"category": "exploration", **goal} for goal in goals]
    params = json.dumps({"script": script or {}, "adds": adds})
    agents = agents or f"  - {{type: 'doers:Doer', name: doer, params: {params}}}\n"
    return (
        (HEAD % steps) + LIVE + f"  list: {json.dumps(listed)}\n  tasks: {json.dumps(tasks)}\n"
        + "".join(f"  {key}: {json.dumps(value)}\n" for key, value in section.items())
        + f"agents:\n{agents}"
    )  # fmt: skip


GOOD = {"text": "count to three", "value": 0.9, "success_metrics": {"reputation": 3.0}}
PLAIN = {"text": "rest", "value": 0.1}


# --- what an agent is told --------------------------------------------------------------------


def test_the_current_goal_stands_in_the_observation_and_in_the_step_log(pursue: Pursue) -> None:
    played = pursue(scenario({**GOOD, "horizon_max_min": 600, "metadata": {"why": ["fun"]}}))
    [goal] = played.table("goals")
    first = played.of_type("saw")[0]
    assert first["goal_id"] == goal["id"]
    assert first["task_id"] == f"goal:{goal['id']}:1"
    assert (first["text"], first["attempt"]) == ("count to three", 1)
    assert first["success_metrics"] == {"reputation": 3.0}
    assert first["metadata"] == {"why": ["fun"]}
    assert first["deadline"] == "2026-01-01T11:00:00.000000Z"
    assert played.steps[0]["goal"] == {
        "goal_id": goal["id"], "task_id": first["task_id"], "text": "count to three",
    }  # fmt: skip


def test_what_the_world_measures_completes_a_goal_and_the_next_one_follows(pursue: Pursue) -> None:
    played = pursue(scenario(PLAIN, GOOD))
    assert played.told("doer_1") == ["count to three"] * 3 + ["rest"] * 3
    assert played.life("count to three") == [
        "goal_created", "goal_adopted", "goal_selected_for_execution", "goal_satisfied",
    ]  # fmt: skip
    [satisfied] = played.of_type("goal_satisfied")
    assert (satisfied["step"], satisfied["by"], satisfied["agent"]) == (2, "scenario", "doer_1")
    assert satisfied["measured"] == {"reputation": 3.0}
    [outcome] = [row for row in played.table("decision_records") if row["outcome"] is not None]
    assert outcome["outcome"] == 1.0
    assert played.metrics["goals"]["agents"]["doer_1"] == {
        "created": 2, "adopted": 2, "selected": 2, "satisfied": 1, "failed": 0, "abandoned": 0,
        "blocked": 0, "shadow_selected": 0,
    }  # fmt: skip


def test_at_no_step_does_an_agent_execute_two_goals(pursue: Pursue) -> None:
    goals = [{"text": f"goal {n}", "value": n / 10} for n in range(1, 6)]
    script = {
        0: [{"do": "edit", "goal": "goal 5", "patch": {"metadata": {"seen": 1}}}],
        1: [{"do": "abandon", "goal": "goal 5"}, {"do": "adopt", "goal": "goal 4"}],
        2: [{"do": "complete", "goal": "goal 4"}],
        4: [{"do": "complete", "goal": "goal 3", "success": False}],
    }
    played = pursue(scenario(*goals, steps=8, script=script))
    executing: list[str] = []
    for event in played.events:
        if event["type"] == "goal_selected_for_execution":
            executing.append(event["goal_id"])
        elif event.get("state") != "executing" and event.get("goal_id") in executing:
            executing.remove(event["goal_id"])
        assert len(executing) <= 1, event
    assert played.told("doer_1")[:2] == ["goal 5", "goal 5"], "new metadata stops nothing"


def test_goals_depend_on_each_other_by_name(pursue: Pursue) -> None:
    first = {**GOOD, "name": "counting", "value": 0.1}
    played = pursue(scenario(first, {"text": "rest", "value": 1.0, "depends_on": ["counting"]}))
    assert played.told("doer_1") == ["count to three"] * 3 + ["rest"] * 3
    ids = {goal["text"]: goal["id"] for goal in played.table("goals")}
    [dependency] = played.table("goal_dependencies")
    assert (dependency["goal_id"], dependency["on_id"]) == (ids["rest"], ids["count to three"])


def test_goals_of_the_section_and_of_an_agents_own_entry_come_together(pursue: Pursue) -> None:
    agents = (
        "  - {type: 'doers:Doer', name: ann, count: 2, goals: [{text: own, category: maintenance, "
        "value: 1.0, depends_on: [first]}]}\n  - {type: 'doers:Doer', name: bob}\n"
    )
    goals = (
        {**GOOD, "target": "ann", "name": "first"},
        {"text": "for bob", "target": "bob_1"},
        {"text": "for all", "value": 0.2},
        {"text": "for the type", "target": "doers:Doer", "value": 0.1},
    )
    played = pursue(scenario(*goals, agents=agents))
    owned = [(goal["owner"], goal["text"]) for goal in played.table("goals")]
    both = ["for all", "for the type"]
    assert sorted(owned) == sorted(
        [("bob_1", text) for text in ["for bob", *both]]
        + [(ann, text) for ann in ("ann_1", "ann_2") for text in ["count to three", "own", *both]]
    )
    assert played.told("ann_1") == played.told("ann_2") == ["count to three"] * 3 + ["own"] * 3
    assert played.told("bob_1") == ["for bob"] * 6


def test_a_goal_with_a_later_start_waits_for_it_in_logical_time(pursue: Pursue) -> None:
    played = pursue(scenario(PLAIN, {"text": "soon", "value": 1.0, "horizon_min_min": 120},
                             script={1: [{"do": "complete", "goal": "rest"}]}))  # fmt: skip
    assert played.told("doer_1") == ["rest", "rest", "soon", "soon", "soon", "soon"]


def test_a_recurring_goal_comes_again_in_logical_time(pursue: Pursue) -> None:
    goal = {"text": "report", "repeat_every_min": 180}
    done = [{"do": "complete", "goal": "report"}]
    script = {0: done, 3: done, 7: done}
    played = pursue(scenario(goal, steps=10, script=script))
    told = played.told("doer_1")
    assert told == ["report", None, None, "report", None, None, "report", "report", None, "report"]
    goals = sorted(played.table("goals"), key=lambda goal: goal["created_at"])
    assert [goal["previous_id"] for goal in goals] == [None, *[goal["id"] for goal in goals[:-1]]]


def test_a_goal_without_adopt_stays_a_proposal_until_its_agent_adopts_it(pursue: Pursue) -> None:
    played = pursue(scenario({**PLAIN, "adopt": False},
                             script={2: [{"do": "adopt", "goal": "rest"}]}))  # fmt: skip
    assert played.told("doer_1") == [None] * 3 + ["rest"] * 3


def test_what_needs_approval_is_not_adopted_by_the_agent_itself(pursue: Pursue) -> None:
    adopt = {"do": "adopt", "goal": "rest"}
    lift = {"do": "edit", "goal": "rest", "patch": {"requires_approval": False}}
    tighten = {"do": "edit", "goal": "rest", "patch": {"requires_approval": True, "value": 0.3}}
    script = {0: [adopt, tighten, lift, adopt]}
    played = pursue(scenario({**PLAIN, "requires_approval": True}, script=script))
    assert played.did("doer_1") == [
        ("adopt", "approval-required"), ("edit", "proposed"), ("edit", "not-allowed"),
        ("adopt", "approval-required"),
    ]  # fmt: skip
    assert played.told("doer_1") == [None] * 6
    everything = pursue(scenario(PLAIN, policy={"approve_all": True}, script={0: [adopt]}))
    assert everything.did("doer_1") == [("adopt", "approval-required")]


def test_scheduled_tasks_are_done_whenever_there_is_no_goal(pursue: Pursue) -> None:
    tasks = ({"task_id": "idle", "text": "look around"},)
    played = pursue(scenario(GOOD, tasks=tasks))
    assert played.told("doer_1") == ["count to three"] * 3 + ["look around"] * 3
    after = played.steps[3]["goal"]
    assert (after["goal_id"], after["task_id"]) == (None, "idle:doer_1")


def test_a_scheduled_task_with_a_period_is_due_in_logical_time(pursue: Pursue) -> None:
    played = pursue(scenario(tasks=({"task_id": "report", "text": "report", "every_min": 150},),
                             steps=9))  # fmt: skip
    told = played.told("doer_1")
    assert told == ["report", None, None, "report", None, "report", None, None, "report"]


def test_a_lease_that_is_over_ends_an_execution_of_which_nothing_is_heard(pursue: Pursue) -> None:
    played = pursue(scenario(PLAIN, policy={"lease_min": 120, "max_attempts": 2}, steps=8))
    assert played.life("rest") == [
        "goal_created", "goal_adopted", "goal_selected_for_execution", "goal_released",
        "goal_selected_for_execution", "goal_released", "goal_abandoned",
    ]  # fmt: skip
    assert played.told("doer_1") == ["rest"] * 4 + [None] * 4


@pytest.mark.parametrize("order", ["simultaneous", "round_robin", "random", "priority"])
def test_B9_a_belief_stops_goals_from_its_step_on_whoever_acts_first(
    pursue: Pursue, order: str
) -> None:
    agents = "  - {type: 'doers:Doer', name: doer, count: 3}\n"
    cheat = {"text": "cheat", "value": 1.0, "contradicts": ["honesty"]}
    document = scenario(
        cheat, PLAIN, agents=agents, beliefs=[{"id": "honesty", "text": "Be", "active": False}],
        belief_changes=[{"step": 2, "belief": "honesty", "active": True},
                        {"step": 4, "belief": "honesty", "active": False}],
    )  # fmt: skip
    played = pursue(document, f"simulation.turn_order={order}")
    for agent in ("doer_1", "doer_2", "doer_3"):
        assert played.told(agent) == ["cheat"] * 2 + ["rest"] * 4, "it keeps what it is at"
    assert played.life("cheat").count("goal_released") == 3
    assert {event["phase"] for event in played.of_type("goal_blocked_by_belief")} == {"belief"}


def test_a_world_that_ends_early_has_its_goals_written_down(pursue: Pursue) -> None:
    document = scenario(PLAIN).replace(
        '{name: "troupe:CounterWorld"}', '{name: "troupe:CounterWorld", params: {end_at: 2}}'
    )
    played = pursue(document)
    assert len(played.steps) == 2
    assert played.metrics["goals"]["by_state"]["executing"] == 1
    assert [goal["state"] for goal in played.table("goals")] == ["executing"]


# --- what an agent may ask --------------------------------------------------------------------


def test_an_agent_sees_its_goals_its_ranking_and_the_beliefs(pursue: Pursue) -> None:
    script = {
        0: [
            {"do": "list"}, {"do": "list", "states": ["executing"]}, {"do": "ranked"},
            {"do": "beliefs"},
        ]
    }  # fmt: skip
    beliefs = [{"id": "honesty", "text": "Never mislead"},
               {"id": "greed", "text": "More is better", "active": False}]  # fmt: skip
    forbidden = {"text": "cheat", "value": 1.0, "contradicts": ["honesty"]}
    played = pursue(scenario(GOOD, PLAIN, forbidden, script=script, beliefs=beliefs))
    assert [came for _, came in played.did("doer_1")] == [
        "['cheat', 'count to three', 'rest']",
        "['count to three']",
        "[(1, 'rest', []), (2, 'cheat', ['belief:honesty'])]",
        "[('greed', False), ('honesty', True)]",
    ]


def test_an_agent_proposes_adopts_completes_and_abandons(pursue: Pursue) -> None:
    script = {
        0: [{"do": "propose", "text": "dance", "value": 1.0, "category": "introspection"},
            {"do": "propose", "text": "sing"}, {"do": "adopt", "goal": "dance"}],
        2: [{"do": "complete", "goal": "dance", "measured": {"steps": 8.0}, "reason": "done"}],
        3: [{"do": "abandon", "goal": "sing", "reason": "no voice"}],
    }  # fmt: skip
    played = pursue(scenario(script=script))
    assert played.did("doer_1") == [
        ("propose", "proposed"), ("propose", "proposed"), ("adopt", "adopted"),
        ("complete", "satisfied"), ("abandon", "abandoned"),
    ]  # fmt: skip
    assert played.told("doer_1") == [None, "dance", "dance", None, None, None]
    dance, sing = sorted(played.table("goals"), key=lambda goal: goal["text"])
    assert (dance["owner"], dance["category"], dance["state"]) == (
        "doer_1", "introspection", "satisfied",
    )  # fmt: skip
    assert {event["by"] for event in played.events if event.get("goal_id") == sing["id"]} == {
        "doer_1"
    }
    assert played.of_type("goal_abandoned")[0]["reason"] == "no voice"


@pytest.mark.parametrize(
    ("call", "code", "fact"),
    [
        ({"do": "adopt", "goal": "goal_nobody"}, "goal-not-found", {"goal_id": "goal_nobody"}),
        ({"do": "adopt", "goal": "cheat"}, "goal-blocked-by-belief", {"belief_ids": ["honesty"]}),
        ({"do": "adopt", "goal": "lie"}, "goal-blocked-by-belief", {"reason": "severity"}),
        ({"do": "complete", "goal": "waiting"}, "illegal-transition", {"state": "proposed"}),
        ({"do": "edit", "goal": "waiting", "patch": {"horizon_max_min": 1, "horizon_min_min": 9}},
         "invalid-goal", {}),
        ({"do": "edit", "goal": "waiting", "patch": {"depends_on": ["goal_none"]}},
         "unknown-dependency", {"depends_on": "goal_none"}),
        ({"do": "propose", "text": "x", "depends_on": ["goal_none"]}, "unknown-dependency", {}),
        ({"do": "propose", "text": "   "}, "invalid-goal", {}),
        ({"do": "propose", "text": "x", "category": "fun"}, "invalid-goal", {}),
        ({"do": "propose", "text": "x", "value": 1.5}, "invalid-goal", {}),
        ({"do": "propose", "text": "x", "vlaue": 0.5}, "invalid-goal", {}),
        ({"do": "adopt", "goal": "no id at all"}, "invalid-goal", {}),
        ({"do": "abandon", "goal": "waiting", "reason": "x" * 501}, "invalid-goal", {}),
        ({"do": "tell infinity", "goal": "rest"}, "invalid-goal", {}),
    ],
)  # fmt: skip
def test_what_an_agent_may_not_do_is_refused_with_a_code(
    pursue: Pursue, call: dict[str, Any], code: str, fact: dict[str, Any]
) -> None:
    beliefs = [{"id": "honesty", "text": "Never mislead a partner"}]
    goals = (
        PLAIN,
        {"text": "cheat", "contradicts": ["honesty"], "adopt": False},
        {"text": "waiting", "adopt": False},
        {"text": "Always mislead a partner", "aligns_with": ["honesty"], "adopt": False},
    )
    call = {**call, "goal": "Always mislead a partner"} if call.get("goal") == "lie" else call
    played = pursue(scenario(*goals, beliefs=beliefs, script={0: [call]}, steps=2))
    assert played.of_type("agent_failed") == []
    assert played.did("doer_1") == [(call["do"], code)]
    [refused] = played.of_type("refused")
    assert fact.items() <= refused["facts"].items()
    assert refused["why"]


def test_every_refusal_of_a_goal_by_a_belief_stands_in_ledger_and_log(pursue: Pursue) -> None:
    beliefs = [{"id": "honesty", "text": "Never mislead"}]
    adopt = {"do": "adopt", "goal": "cheat"}
    cheat = {"text": "cheat", "contradicts": ["honesty"]}
    played = pursue(scenario(cheat, beliefs=beliefs, script={1: [adopt], 3: [adopt]}))
    blocked = played.of_type("goal_blocked_by_belief", "doer_1")
    assert [(event["step"], event["by"], event["phase"], event["belief_ids"])
            for event in blocked] == [
        (0, "scenario", "adopt", ["honesty"]),
        (1, "doer_1", "adopt", ["honesty"]),
        (3, "doer_1", "adopt", ["honesty"]),
    ]  # fmt: skip
    assert sum(row["event"] == "goal_blocked_by_belief" for row in played.table("ledger")) == 3


def test_nobody_reaches_another_agents_goals_nor_what_is_not_for_agents(pursue: Pursue) -> None:
    agents = (
        "  - {type: 'doers:Victim', name: victim}\n  - {type: 'doers:Intruder', name: intruder}\n"
    )
    beliefs = [{"id": "honesty", "text": "Never mislead"}]
    goals = ({"text": "theirs", "target": "victim"}, {"text": "mine", "target": "intruder"})
    played = pursue(scenario(*goals, agents=agents, beliefs=beliefs, steps=2))
    came = played.did("intruder_1")
    assert len(came) == 20
    assert {code for _, code in came} == {"not-allowed"}, came
    assert [event["texts"] for event in played.of_type("sees")] == [["mine"]]
    assert [belief["active"] for belief in played.table("beliefs")] == [1]
    assert played.life("theirs") == [
        "goal_created", "goal_adopted", "goal_selected_for_execution",
    ]  # fmt: skip


def test_an_agents_goals_are_its_own_whatever_it_says(pursue: Pursue) -> None:
    agents = "  - {type: 'doers:Victim', name: victim}\n  - {type: 'doers:Giver', name: giver}\n"
    played = pursue(scenario(agents=agents, steps=1))
    assert [event["owner"] for event in played.of_type("made")] == ["giver_1"]
    assert played.did("giver_1") == [("edit", "not-allowed")]
    assert [goal["owner"] for goal in played.table("goals")] == ["giver_1"]


def test_where_the_scenario_has_no_goals_asking_for_them_says_what_to_add(pursue: Pursue) -> None:
    document = (HEAD % 1) + "agents: [{type: 'doers:Goalless', name: lost}]\n"
    played = pursue(document)
    [(_, came)] = played.did("lost_1")
    assert came == (
        "False agent 'agents/lost_1' has no GoalStore to ask: add `goals: {}` to the scenario file"
    )
    assert played.rows == []
    assert "goals" not in played.metrics
    assert all("goal" not in line for line in played.steps)


# --- what an agent's word is worth ------------------------------------------------------------


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("name", ["reputation", "resources", "alignment"])
def test_what_the_world_measures_stands_over_what_an_agent_claims(
    pursue: Pursue, step: int, name: str
) -> None:
    goal = {"text": "be loved", "success_metrics": {name: 5.0}}
    claim = {"do": "complete", "goal": "be loved", "measured": {name: 9.0}}
    played = pursue(scenario(goal, script={step: [claim]}, steps=3, adds=False))
    assert played.did("doer_1") == [("complete", "adopted")]
    assert played.of_type("goal_satisfied") == []
    [failed] = played.of_type("goal_failed")
    assert failed["missed"] == [name]
    assert failed["measured"].get(name, 0.0) < 5.0


def test_what_the_world_does_not_measure_is_the_agents_to_tell(pursue: Pursue) -> None:
    goal = {"text": "think", "success_metrics": {"coherence": 0.5, "reputation": 1.0}}
    tell = {"do": "complete", "goal": "think", "measured": {"coherence": 0.7}}
    played = pursue(scenario(goal, script={1: [tell]}, steps=3))
    assert played.did("doer_1") == [("complete", "satisfied")]
    [satisfied] = played.of_type("goal_satisfied")
    assert satisfied["measured"]["coherence"] == 0.7
    assert satisfied["measured"]["reputation"] == 1.0


def test_K7_a_goal_whose_attempts_are_used_up_is_abandoned(pursue: Pursue) -> None:
    goal = {"text": "fly", "success_metrics": {"height": 1.0}}
    tell = {"do": "complete", "goal": "fly"}
    played = pursue(scenario(goal, script={n: [tell] for n in range(3)}, steps=5))
    assert played.did("doer_1") == [
        ("complete", "adopted"), ("complete", "adopted"), ("complete", "abandoned"),
    ]  # fmt: skip
    assert played.told("doer_1") == ["fly"] * 3 + [None] * 2
    assert played.metrics["goals"]["by_state"]["abandoned"] == 1


# --- agents that goals lead -------------------------------------------------------------------

LED = """
  - {type: goal_led, name: led, otherwise: %s}
"""


def tools(played: Any, agent: str = "led_1") -> list[str | None]:
    return [line["action"]["tool"] for line in played.steps if line["agent"] == agent]


def test_a_goal_led_agent_acts_by_the_policy_of_its_goal_then_of_its_task(pursue: Pursue) -> None:
    goal = {**GOOD, "metadata": {"policy": "adder"}}
    task = {"task_id": "rest", "text": "rest", "metadata": {"policy": "noop"}}
    played = pursue(scenario(goal, tasks=(task,), agents=LED % "adder"))
    assert played.told("led_1") == ["count to three"] * 3 + ["rest"] * 3
    assert tools(played) == ["add"] * 3 + [None] * 3


@pytest.mark.parametrize(("otherwise", "tool"), [("noop", None), ("adder", "add")])
def test_a_goal_led_agent_without_goal_or_policy_acts_otherwise(
    pursue: Pursue, otherwise: str, tool: str | None
) -> None:
    assert tools(pursue(scenario(agents=LED % otherwise))) == [tool] * 6
    unnamed = scenario({"text": "be"}, agents=LED % otherwise)
    assert tools(pursue(unnamed)) == [tool] * 6, "a goal that names no policy"


def test_a_goal_led_agent_in_shadow_mode_does_its_tasks(pursue: Pursue) -> None:
    goal = {**GOOD, "metadata": {"policy": "adder"}}
    task = {"task_id": "rest", "text": "rest", "metadata": {"policy": "noop"}}
    document = scenario(goal, tasks=(task,), agents=LED % "adder")
    played = pursue(document, "goals.shadow=on")
    assert played.told("led_1") == ["rest"] * 6
    assert tools(played) == [None] * 6
    assert len(played.of_type("goal_shadow_selected", "led_1")) == 1, "told when it changes"
    assert played.metrics["goals"]["shadow_selected"] == 6
