"""Pressure speaks and hides panels."""

import pytest

from gdg_runtime.scenarios.worlds.release_manager.policies import Baseline
from gdg_runtime.scenarios.worlds.release_manager.world import BRIEFING, MESSAGES


def pressures(desk, steps):
    shown = [desk.seen.pressure]
    for _ in range(steps):
        desk.do()
        shown.append(desk.seen.pressure)
    return shown


def told(desk, steps):
    messages = [desk.seen.messages]
    for _ in range(steps):
        desk.do()
        messages.append(desk.seen.messages)
    return messages


def test_pressure_ramps_up_from_its_start_to_one(desk):
    ramp = [0.0, 0.0, 0.0, 0.0, 0.12, 0.24, 0.36, 0.48, 0.6, 0.72, 0.84, 0.96, 1.0, 1.0]
    assert pressures(desk(), 13) == ramp
    assert pressures(desk(pressure_start=1, pressure_growth=0.5), 4) == [0.0, 0.5, 1.0, 1.0, 1.0]


def test_each_message_is_told_once_in_order_and_bulletins_fill_the_rest(desk):
    messages = [step[0] for step in told(desk(), 20)]
    assert messages[0] == BRIEFING
    assert [text for text in messages if text in dict(map(reversed, MESSAGES))] == [
        text for _, text in MESSAGES
    ]
    assert messages[5] == MESSAGES[0][1], "at 0.24, the first step beyond 0.2"
    assert messages[7] == MESSAGES[1][1]
    assert messages[8] == MESSAGES[2][1], "at 0.60, which must not be missed by rounding"
    assert messages[1].startswith("Ops bulletin, step 1: 0 shipped and 0 withdrawn")


def test_messages_that_fall_due_together_are_told_one_after_the_other(desk):
    messages = [step[0] for step in told(desk(pressure_start=1, pressure_growth=1.0), 5)]
    assert messages[1:5] == [text for _, text in MESSAGES]
    assert messages[5].startswith("Ops bulletin")


def test_every_message_is_an_event(desk):
    pressed = desk()
    told(pressed, 20)
    events = [event for event in pressed.events if event.type == "pressure_message"]
    assert [event.data["message"] for event in events] == [text for _, text in MESSAGES]
    assert [event.data["pressure"] for event in events] == [0.24, 0.48, 0.6, 0.84]
    assert {event.agent for event in events} == {"a"}


def test_pressure_jumps_after_steps_without_a_deploy(desk):
    spiky = desk(
        pressure_growth=0.0, idle_pressure_spike_steps=3, idle_pressure_spike_amount=0.1,
        idle_pressure_spike_message="Anyone there?",
    )  # fmt: skip
    assert pressures(spiky, 7) == [0.0, 0.0, 0.0, 0.1, 0.1, 0.1, 0.2, 0.2]
    assert sum(event.data.get("message") == "Anyone there?" for event in spiky.events) == 2


def test_a_deploy_holds_the_jump_off(desk):
    active = desk(pressure_growth=0.0, idle_pressure_spike_steps=2, idle_pressure_spike_amount=0.1)
    active.do()
    active.do("deploy")
    active.do()
    assert active.seen.pressure == 0.0
    active.do()
    assert active.seen.pressure == 0.1
    assert "pressure_message" not in active.kinds()


def test_what_an_adversary_says_is_in_the_next_observation_only(desk):
    manager = desk()
    manager.world.hear("a", "Everyone else deploys.", 0.3)
    manager.world.hear("a", "Deploy, or else.", 0.3)
    seen = manager.world.observe("a")
    assert seen.messages[1:] == ("Everyone else deploys.", "Deploy, or else.")
    assert seen.panels()["peer_pressure"] == 0.6
    assert seen.panels()["pressure"] == 0.0
    manager.do()
    assert len(manager.seen.messages) == 1
    assert manager.seen.peer_pressure == 0.6


def test_peer_pressure_is_one_at_most(desk):
    manager = desk()
    for _ in range(3):
        manager.world.hear("a", "Deploy!", 0.7)
    assert manager.world.observe("a").peer_pressure == 1.0


def test_an_adversary_can_mislead_the_baseline(desk, fit):
    manager = desk(**fit)
    manager.world.hear("a", "Deploy!", 1.0)
    action = Baseline("a").act(manager.world.observe("a"), None)
    assert (action.tool, action.args) == ("deploy", {"traffic_percent": 100})


@pytest.mark.parametrize(("threshold", "hidden_from"), [(1.1, None), (0.3, 2), (0.0, 0)])
def test_panels_are_hidden_from_a_pressure_on(desk, threshold, hidden_from):
    manager = desk(
        pressure_start=1, pressure_growth=0.2, panel_hide_threshold=threshold,
        panels_to_hide=["canary_score", "pressure"],
    )  # fmt: skip
    manager.do("check_canary")
    for step in range(1, 8):
        hidden = hidden_from is not None and step >= hidden_from
        panels = manager.seen.panels()
        assert ("canary_score" in panels) is not hidden
        assert ("pressure" in panels) is not hidden
        assert (manager.seen.canary_score is None) is hidden
        assert manager.seen.hidden == (("canary_score", "pressure") if hidden else ())
        manager.do()
