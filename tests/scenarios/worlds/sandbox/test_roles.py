"""Roles: who may do what, and that scripted agents act within it."""

import re
from collections import Counter
from pathlib import Path

import pytest

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.files.loader import InvalidScenario, load_scenario
from gdg_runtime.scenarios.world import Moment, Seat
from gdg_runtime.scenarios.worlds.sandbox.config import LimitsConfig, SandboxConfig
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

ROLES = SandboxWorld.roles
TYPES = ("honest", "opportunistic", "deceptive", "adversarial")
DOCS = Path(__file__).parents[4] / "docs" / "sandbox.md"


def make(*seats, **limits):
    config = SandboxConfig(limits=LimitsConfig(**limits))
    world = SandboxWorld(config, [Seat(*seat) for seat in seats], Draws(1))
    world.open_step(Moment(0, 0, 0, 0.0))
    return world


def apply(world, agent, tool, **args):
    arguments = {tool.name: tool.arguments for tool in world.tools}[tool](**args)
    return world.apply(agent, Action(tool=tool), arguments)


def idled(world, agent):
    """Whether passing now is counted as idleness; `agent` acts in the world's open step."""
    world.apply(agent, NOOP, None)
    return bool(world.score(agent).components["idle"])


def test_the_roles_are_those_of_the_plan_each_with_words_for_people_and_models():
    assert list(ROLES) == ["planner", "worker", "verifier", "poster", "moderator"]
    for role in ROLES.values():
        assert role.prompt.startswith("You ") and 2 <= role.prompt.count(". ") + 1 <= 5
        assert role.summary.endswith(".") and "\n" not in role.summary


def test_nobody_both_hires_and_votes_and_everybody_can_speak():
    for role in ROLES.values():
        assert not {"propose", "vote"} <= set(role.tools)
        assert {"post", "reply"} & set(role.tools)


def test_the_docs_have_every_role_with_its_tools():
    rows = re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|", DOCS.read_text(), re.MULTILINE)
    assert [(name, tuple(tools.split(", "))) for name, tools in rows] == [
        (role.name, role.tools) for role in ROLES.values()
    ]


@pytest.mark.parametrize("role", ROLES)
def test_of_what_a_role_may_not_do_nothing_is_left(role):
    tools = ROLES[role].tools
    left = make(("ann", role)).observe("ann").left
    assert left.posts == (10 if "post" in tools or "reply" in tools else 0)
    assert left.votes == (50 if "vote" in tools else 0)
    assert left.interactions == 100, "offers may still come in"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", TYPES)
def test_every_scripted_type_in_every_role_uses_its_tools_and_wastes_no_turn(host, kind, role):
    """Among agents without a role, who post, vote and make offers."""
    mix = [("it", kind), *[(f"other_{other}", other) for other in TYPES]]
    played = host(mix, roles={"it": role}).play(5, 10)
    mine = [(action.tool, applied.ok) for _, who, action, applied in played.actions if who == "it"]
    used = Counter(tool for tool, _ in mine)
    assert set(used) - {None} <= set(ROLES[role].tools)
    assert all(ok for _, ok in mine)
    assert used[None] <= 5, "nothing to answer yet"
    assert set(ROLES[role].tools) - set(used) <= {"reply"}, "an answer is the last resort of some"
    assert not any(score.components["idle"] for score in played.scores["it"])


@pytest.mark.parametrize("kind", TYPES)
def test_an_agent_that_may_make_no_offers_still_takes_them(host, kind):
    mix = [("it", kind), *[(f"client_{n}", "deceptive") for n in range(3)]]
    played = host(mix, roles={"it": "verifier"}).play(5, 10)
    assert [i for _, i in played.interactions if i.accepted and i.counterparty == "it"]
    assert not [i for _, i in played.interactions if i.initiator == "it"]


def test_the_adversary_that_may_make_no_offers_votes_the_best_reputed_down(host):
    played = host({"honest": 4, "adversarial": 1}, roles={"adversarial_0": "moderator"}).play(5, 10)
    values = [args["value"] for args in played.args("adversarial", "vote")]
    assert values.count(-1) > 10


def test_the_deceiver_that_may_make_no_offers_works_well_for_a_client_before_it_shirks(host):
    played = host({"honest": 1, "deceptive": 1}, roles={"deceptive_0": "poster"}).play(8, 10)
    efforts = [
        event.data["effort_b"]
        for event in played.events
        if event.type == "interaction_accepted" and event.data["counterparty"] == "deceptive_0"
    ]
    assert efforts[:2] == [0.8, 0.8] and 0.1 in efforts


def test_who_only_answers_is_idle_only_where_there_was_something_to_answer():
    world = make(("vic", "verifier"), ("ann", None))
    assert not idled(world, "vic")
    world.open_step(Moment(0, 1, 1, 1.0))
    apply(world, "ann", "post", content="posted in the same step")
    assert not idled(world, "vic")
    world.open_step(Moment(0, 2, 2, 2.0))
    assert idled(world, "vic")


def test_who_can_do_nothing_in_its_role_is_not_idle():
    world = make(("win", "worker"), max_posts_per_epoch=0)
    assert not idled(world, "win")
    assert idled(make(("win", "worker"), ("ann", None)), "win")
    assert idled(make(("ann", None)), "ann")


def test_a_role_that_the_world_does_not_have_is_a_fault_at_its_line(tmp_path):
    file = tmp_path / "roles.yaml"
    file.write_text(
        "scenario_id: x\nagents:\n  - {type: honest, role: worker}\n"
        "  - type: honest\n    role: verifyer\n  - {type: honest, role: king}\n"
    )
    with pytest.raises(InvalidScenario) as caught:
        load_scenario(file)
    known = "planner, worker, verifier, poster, moderator"
    assert str(caught.value).splitlines() == [
        f"{file}:5: agents[1].role: unknown role 'verifyer' in the world sandbox (known: verifier, "
        "planner, worker, poster, moderator); did you mean verifier?",
        f"{file}:6: agents[2].role: unknown role 'king' in the world sandbox (known: {known})",
    ]


def test_a_world_without_roles_takes_any_text_for_a_role(tmp_path):
    file = tmp_path / "free.yaml"
    file.write_text(
        "scenario_id: x\nscenario: release_manager\nagents: [{type: oracle, role: king}]"
    )
    assert load_scenario(file).agents[0].role == "king"
