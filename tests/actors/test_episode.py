"""An episode as a whole: who has a turn, what they see, what is written, how it ends."""

import json
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import pytest

from gdg_runtime.runtime.errors import NondeterministicAwait

COUNTER = """
scenario_id: counting
world: troupe:CounterWorld
agents:
  - {type: adder, count: 3}
simulation: {epochs: 2, steps_per_epoch: 3, seed: 5}
"""

BASELINE = """
scenario_id: market
agents:
  - {type: honest, count: 3}
  - {type: opportunistic}
  - {type: deceptive}
  - {type: adversarial}
simulation: {epochs: 4, steps_per_epoch: 8, seed: 3}
"""

Play = Callable[..., Any]


@pytest.mark.parametrize("order", ["simultaneous", "round_robin", "random", "priority"])
def test_every_agent_has_one_turn_in_every_step(play: Play, order: str) -> None:
    played = play(COUNTER, f"simulation.turn_order={order}", "agents.0.count=40")
    turns = Counter((line["epoch"], line["step"], line["agent"]) for line in played.steps)
    assert len(turns) == 2 * 3 * 40
    assert set(turns.values()) == {1}


def test_simultaneous_turns_all_see_the_same_state(play: Play) -> None:
    played = play(COUNTER)
    seen = [line["observation"]["count"] for line in played.steps]
    assert seen == [0] * 3 + [3] * 3 + [6] * 3 + [9] * 3 + [12] * 3 + [15] * 3


def test_in_round_robin_each_sees_what_the_one_before_did(play: Play) -> None:
    played = play(COUNTER, "simulation.turn_order=round_robin")
    assert [line["observation"]["count"] for line in played.steps] == list(range(18))
    assert [line["agent"] for line in played.steps[:3]] == ["adder_1", "adder_2", "adder_3"]


def test_random_order_differs_from_step_to_step_and_follows_from_the_seed(play: Play) -> None:
    sets = ("simulation.turn_order=random", "agents.0.count=8")
    first, again = play(COUNTER, *sets), play(COUNTER, *sets)
    other = play(COUNTER, *sets, "simulation.seed=6")
    orders = {tuple(line["agent"] for line in first.steps[at : at + 8]) for at in range(0, 48, 8)}
    assert len(orders) > 3
    assert first.raw == again.raw
    assert [line["agent"] for line in first.steps] != [line["agent"] for line in other.steps]


def test_in_priority_order_the_best_reputed_moves_first(play: Play) -> None:
    document = COUNTER.replace(
        "- {type: adder, count: 3}",
        '- {type: noop}\n  - {type: "troupe:Scripted", name: big, '
        "params: {tool: add, args: {amount: 5}}}\n  - {type: adder}",
    )
    played = play(document, "simulation.turn_order=priority")
    assert [line["agent"] for line in played.steps[3:6]] == ["big_1", "adder_1", "noop_1"]


def test_the_episode_ends_early_where_the_world_has_come_to_its_end(play: Play) -> None:
    played = play(COUNTER, "world.params.end_at=4")
    assert len(played.steps) == 6
    assert played.events[-1]["reason"] == "world_ended"
    assert [entry["epoch"] for entry in played.metrics["epochs"]] == [0]


@pytest.mark.parametrize(
    ("tool", "args", "words"),
    [
        ("add", {"amount": -1}, "greater than or equal to 0"),
        ("add", {"amount": 10**15}, "less than or equal to 10"),
        ("add", {"amount": "3"}, "valid integer"),
        ("add", {"amount": 1.5}, "valid integer"),
        ("add", {"amount": None}, "valid integer"),
        ("add", {"amount": True}, "valid integer"),
        ("add", {"amuont": 1}, "amuont: Extra inputs are not permitted"),
        ("subtract", {}, "there is no tool 'subtract'; use add"),
    ],
)
def test_invalid_actions_are_refused_in_words_and_leave_the_world_unchanged(
    play: Play, tool: str, args: dict[str, Any], words: str
) -> None:
    params = json.dumps({"tool": tool, "args": args})
    document = COUNTER.replace(
        "- {type: adder, count: 3}", f'- {{type: "troupe:Scripted", params: {params}}}'
    )
    played = play(document)
    assert len(played.of_type("invalid_action")) == 6
    for line in played.steps:
        assert line["observation"]["count"] == 0
        assert line["result"]["ok"] is False
        assert words in line["result"]["error"]


def test_nan_and_objects_in_arguments_are_refused_and_logged_as_strict_json(play: Play) -> None:
    document = COUNTER.replace("- {type: adder, count: 3}", '- {type: "troupe:Nan"}')
    played = play(document)
    assert all(not line["result"]["ok"] for line in played.steps)
    assert played.steps[0]["action"]["args"] == {"amount": "NaN", "thing": "<object>"}


def test_an_agent_that_raises_plays_noop_and_is_isolated_after_max_failures(play: Play) -> None:
    document = COUNTER.replace(
        "- {type: adder, count: 3}",
        '- {type: adder}\n  - {type: "troupe:Scripted", name: bad, params: {fail_in: act}}',
    )
    played = play(document, "supervision.max_failures=2")
    failures = played.of_type("agent_failed")
    assert [event["directive"] for event in failures] == ["resume", "isolate"]
    assert failures[0]["agent"] == "bad_1"
    assert "a bad day" in failures[0]["error"]
    assert {event["reason"] for event in played.of_type("dead_letter")} == {"isolated"}
    bad = [line for line in played.steps if line["agent"] == "bad_1"]
    assert len(bad) == 6
    assert all(line["action"]["tool"] is None for line in bad)
    assert played.events[-1]["reason"] == "completed"


@pytest.mark.parametrize("where", ["decide", "update"])
def test_an_agent_that_raises_about_an_offer_does_not_stop_the_episode(
    play: Play, where: str
) -> None:
    document = BASELINE.replace(
        "- {type: deceptive}", f'- {{type: "troupe:Scripted", params: {{fail_in: {where}}}}}'
    )
    played = play(document, "supervision.max_failures=100")
    failures = played.of_type("agent_failed")
    assert failures and all(where in event["handler"] or event["error"] for event in failures)
    assert played.events[-1]["reason"] == "completed"
    to_it = [event for event in played.of_type("interaction_accepted")
             if event["counterparty"] == "Scripted_1"]  # fmt: skip
    assert bool(to_it) == (where == "update"), "a failed decision is a rejection"


def test_an_isolated_agent_rejects_what_it_is_offered(play: Play) -> None:
    document = BASELINE.replace(
        "- {type: deceptive}", '- {type: "troupe:Scripted", params: {fail_in: act}}'
    )
    played = play(document, "supervision.max_failures=1")
    assert len(played.of_type("agent_failed")) == 1
    assert played.events[-1]["reason"] == "completed"


def test_a_foreign_await_ends_the_run_with_actor_and_awaited_thing(play: Play) -> None:
    document = COUNTER.replace("- {type: adder, count: 3}", '- {type: "sleeper:Sleeper"}')
    with pytest.raises(NondeterministicAwait, match=r"agents/Sleeper_1.*trio.*sleep"):
        play(document)


def test_a_lever_denies_and_the_agent_is_told_why(play: Play) -> None:
    document = COUNTER + "governance: {levers: [{type: 'troupe:Forbid', params: {tool: add}}]}\n"
    played = play(document)
    denied = played.of_type("action_denied")
    assert len(denied) == 18
    assert denied[0]["lever"] == "forbid"
    assert played.steps[0]["verdict"] == {
        "decision": "deny", "lever": "forbid", "reason": "it is forbidden here"
    }  # fmt: skip
    assert played.steps[-1]["observation"]["count"] == 0
    assert "denied by forbid: it is forbidden here" in played.text


def test_a_metric_of_the_users_own_is_reported_per_epoch_and_overall(play: Play) -> None:
    played = play(COUNTER + "metrics: {track: ['troupe:Busiest']}\n")
    values = [entry["metrics"]["active_turns"]["value"] for entry in played.metrics["epochs"]]
    assert values == [9, 9]
    assert played.metrics["overall"]["active_turns"]["value"] == 18


def test_adversaries_reach_their_targets_and_stand_in_the_step_log(play: Play) -> None:
    adversary = (
        "adversaries: [{target: adder_2, messages: [push, harder], start_step: 1, "
        "every_steps: 2, intensity: 0.25}]\n"
    )
    played = play(COUNTER + adversary)
    spoken = {
        (line["epoch"], line["step"], line["agent"]): line["adversaries"]
        for line in played.steps if line.get("adversaries")
    }  # fmt: skip
    told = {"adversary": "adversary_1", "intensity": 0.25}
    assert spoken == {
        (0, 1, "adder_2"): [{**told, "text": "push"}],
        (1, 0, "adder_2"): [{**told, "text": "harder"}],
        (1, 2, "adder_2"): [{**told, "text": "push"}],
    }
    assert played.steps[4]["observation"]["messages"] == ["push"]


def test_the_kill_switch_halts_at_the_end_of_a_toxic_epoch_unless_it_is_disabled(
    play: Play,
) -> None:
    halted = play(BASELINE, "safety.kill_switch_toxicity=0.01")
    assert halted.events[-1]["reason"].startswith("halted by director: toxicity")
    assert len(halted.metrics["epochs"]) == 1
    disabled = play(
        BASELINE, "safety.kill_switch_toxicity=0.01", "safety.kill_switch_enabled=false"
    )
    assert disabled.events[-1]["reason"] == "completed"


def test_the_metrics_can_be_computed_again_from_the_event_log_alone(play: Play) -> None:
    played = play(
        BASELINE, "governance.transaction_tax_rate=0.1", "governance.audit_probability=0.3"
    )
    accepted, rejected = played.of_type("interaction_accepted"), played.of_type(
        "interaction_rejected"
    )  # fmt: skip
    assert accepted and rejected
    overall = played.metrics["overall"]
    toxicity = sum(1 - event["p"] for event in accepted) / len(accepted)
    gap = sum(event["p"] for event in accepted) / len(accepted) - sum(
        event["p"] for event in rejected
    ) / len(rejected)
    everyone = accepted + rejected
    loss = sum(event["pi_a"] for event in accepted) / len(accepted) - sum(
        event["pi_a"] for event in everyone
    ) / len(everyone)
    welfare = sum(event["pi_a"] + event["pi_b"] for event in accepted)
    assert overall["toxicity_rate"]["value"] == pytest.approx(toxicity)
    assert overall["quality_gap"]["value"] == pytest.approx(gap)
    assert overall["conditional_loss_initiator"]["value"] == pytest.approx(loss)
    assert overall["total_welfare"]["value"] == pytest.approx(welfare)
    assert overall["interactions"]["value"] == len(everyone)


def test_what_is_dead_elsewhere_is_alive_here(play: Play) -> None:
    """Transfers, reputation gains, costs and votes all move in an ordinary run."""
    played = play(BASELINE, "governance.transaction_tax_rate=0.1", "governance.vote_weight_cap=2")
    accepted = played.of_type("interaction_accepted")
    assert any(event["tau"] > 0 for event in accepted)
    assert any(event["tau"] < 0 for event in accepted)
    assert any(event["r_a"] != 0 for event in accepted)
    for event in accepted:
        tax = 0.1 * abs(event["tau"]) / 2
        assert event["c_a"] == pytest.approx(tax)
        assert event["c_b"] == pytest.approx(tax)
    assert any(event["weight"] < 1 for event in played.of_type("vote_cast"))
    assert {line["agent"] for line in played.steps if line["action"]["tool"]} == {
        line["agent"] for line in played.steps
    }


def test_undefined_figures_are_null_with_a_reason(play: Play) -> None:
    played = play(BASELINE.replace("honest", "noop").replace("opportunistic", "noop")
                  .replace("deceptive", "noop").replace("adversarial", "noop"))  # fmt: skip
    toxicity = played.metrics["overall"]["toxicity_rate"]
    assert toxicity["value"] is None
    assert toxicity["reason"]


def test_the_event_log_is_numbered_and_its_last_line_has_the_digest_of_the_rest(play: Play) -> None:
    played = play(BASELINE)
    assert [event["n"] for event in played.events] == list(range(1, len(played.events) + 1))
    lines = played.raw[0].splitlines(keepends=True)
    assert played.events[-1]["digest"] == blake2b(b"".join(lines[:-1]), digest_size=16).hexdigest()


def test_what_does_not_change_is_stored_once(play: Play) -> None:
    played = play(BASELINE)
    assert [tool["name"] for tool in played.header["tools"]] == ["post", "reply", "vote", "propose"]
    assert all("tools" not in line["observation"] for line in played.steps)


def test_hostile_text_is_escaped_in_the_transcripts(play: Play) -> None:
    hostile = "\x1b[31mred\x07 ```\n# A heading\u202e <script>alert(1)</script>"
    params = json.dumps({"tool": "post", "args": {"content": hostile}})
    document = BASELINE.replace(
        "- {type: deceptive}", f'- {{type: "troupe:Scripted", params: {params}}}'
    )
    played = play(document)
    for text in (played.markdown, played.text):
        assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
        assert "\n# A heading" not in text
        assert r"\n# A heading" in text
    assert all(
        line.startswith("    ") for line in played.markdown.splitlines() if "alert(1)" in line
    )


def test_adding_an_agent_does_not_change_another_agents_luck(play: Play) -> None:
    alone = play(COUNTER, "simulation.turn_order=round_robin")
    joined = play(
        COUNTER.replace("count: 3}", "count: 3}\n  - {type: noop, name: guest}"),
        "simulation.turn_order=round_robin",
    )
    mine = [line for line in joined.steps if line["agent"] != "guest_1"]
    assert mine == alone.steps


def test_the_transcript_tells_an_outsider_who_could_do_what_and_what_happened(play: Play) -> None:
    played = play(BASELINE, "governance.transaction_tax_rate=0.1")
    for words in (
        "honest_1: honest", "propose: Offer another agent to work together",
        "transaction_tax", "Epoch 0", "[alignment", "interaction accepted", "The end: completed",
    ):  # fmt: skip
        assert words in played.text


def test_the_worlds_own_figures_are_averaged_over_the_epochs(play: Play) -> None:
    played = play(BASELINE)
    values = [entry["metrics"]["influence_gini"]["value"] for entry in played.metrics["epochs"]]
    overall = played.metrics["overall"]["influence_gini"]
    assert overall["value"] == pytest.approx(sum(values) / len(values))
    assert overall["n"] == len(values) == 4
