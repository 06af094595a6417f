"""Only what an agent may do, with arguments that hold, comes through the gate."""

from collections.abc import Callable
from typing import Any

from gdg_runtime.actors.action_gate import ActionGate
from gdg_runtime.actors.messages import Ruled
from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import Action, Event
from gdg_runtime.scenarios.world import Moment, Seat
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld


class Door:
    """A sandbox behind a gate; `vic` is a verifier, `ann` has no role."""

    def __init__(self) -> None:
        seats = [Seat("ann"), Seat("vic", "verifier"), Seat("odd", "juggler")]
        self.world = SandboxWorld(SandboxWorld.Config(), seats, Draws(1))
        self.world.open_step(Moment(0, 0, 0, 0.0))
        self.gate = ActionGate(self.world)
        self.events: list[Event] = []

    def knock(self, agent: str, tool: str, **args: Any) -> str | None:
        """Try an action; gives the refusal."""
        ruled = Ruled(agent=agent, action=Action(tool=tool, args=args))
        applied = self.gate.apply(ruled, self.events)
        assert applied.ok is (applied.error is None)
        return applied.error


def test_a_tool_that_the_role_does_not_have_is_refused_in_words_and_leaves_no_trace_but_one():
    door = Door()
    error = door.knock("vic", "propose", counterparty="ann")
    assert error == "a verifier may not propose; its tools are vote, reply"
    assert [(event.type, event.agent, event.data) for event in door.events] == [
        ("invalid_action", "vic", {"tool": "propose", "error": error})
    ]
    assert door.world.observe("vic").actions == 0
    assert door.world.observe("vic").left.interactions == 100


def test_the_role_comes_before_the_arguments():
    assert "may not post" in (Door().knock("vic", "post", content=7) or "")


def test_an_unknown_tool_is_answered_with_those_of_the_role():
    door = Door()
    assert door.knock("vic", "fly") == "there is no tool 'fly'; use vote, reply"
    assert door.knock("ann", "fly") == "there is no tool 'fly'; use post, reply, vote, propose"


def test_who_has_no_role_of_the_world_may_do_all():
    door = Door()
    for agent in ("ann", "odd"):
        assert door.knock(agent, "post", content=f"I am {agent}") is None
        assert door.knock(agent, "propose", counterparty="vic") is None


def test_what_the_role_has_comes_through():
    door = Door()
    door.knock("ann", "post", content="hello")
    assert door.knock("vic", "vote", post_id=1, value=1) is None
    assert door.knock("vic", "reply", post_id=1, content="seen") is None


def test_an_episode_holds_agents_of_every_type_to_their_roles(play: Callable[..., Any]):
    played = play(
        "scenario_id: roles\nagents:\n"
        '  - {type: "troupe:Scripted", name: own, role: moderator, params: {tool: propose, '
        "args: {counterparty: honest_1}}}\n"
        "  - {type: honest, role: verifier}\n  - {type: adversarial, role: poster}\n"
        "  - {type: opportunistic, role: planner}\n"
        "simulation: {epochs: 1, steps_per_epoch: 8, seed: 3}\n"
    )
    own = [line for line in played.steps if line["agent"] == "own_1"]
    words = "a moderator may not propose; its tools are vote, reply"
    assert {line["result"]["error"] for line in own} == {words}
    assert len(played.of_type("invalid_action")) == len(own) == 8
    used = {
        (line["agent"], line["action"]["tool"])
        for line in played.steps
        if line["agent"] != "own_1" and line["action"]["tool"]
    }
    assert ("opportunistic_1", "propose") in used and ("adversarial_1", "post") in used
    assert not used & {("honest_1", "propose"), ("honest_1", "post"), ("adversarial_1", "propose")}
    made = [event["agent"] for event in played.of_type("interaction_proposed")]
    assert set(made) == {"opportunistic_1"}
