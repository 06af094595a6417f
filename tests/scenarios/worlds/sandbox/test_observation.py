"""What an observation tells those who don't know the world: options, choices, sources, reading."""

import json

import pytest

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import Action
from gdg_runtime.scenarios.interactions import Charges, Decision
from gdg_runtime.scenarios.world import Moment, Seat
from gdg_runtime.scenarios.worlds.sandbox.config import LimitsConfig, SandboxConfig
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

ALL = ("post", "reply", "vote", "propose")


def make(*agents, role=None, **limits):
    config = SandboxConfig(limits=LimitsConfig(**limits))
    world = SandboxWorld(config, [Seat(agent, role) for agent in agents], Draws(1))
    world.open_step(Moment(0, 0, 0, 0.0))
    return world


def apply(world, agent, tool, **args):
    arguments = {tool.name: tool.arguments for tool in world.tools}[tool](**args)
    applied = world.apply(agent, Action(tool=tool), arguments)
    assert applied.ok, applied.error
    return applied


def options(world, agent="ann"):
    return world.observe(agent).options()


def test_all_tools_are_open_to_an_agent_with_company_and_a_feed():
    world = make("ann", "ben")
    apply(world, "ben", "post", content="hello")
    assert options(world) == ALL


def test_an_empty_feed_leaves_nothing_to_answer():
    assert options(make("ann", "ben")) == ("post", "propose")


def test_own_posts_can_be_replied_to_but_not_voted_on():
    world = make("ann", "ben", min_time_between_posts=0.0)
    apply(world, "ann", "post", content="hello")
    assert options(world) == ("post", "reply", "propose")
    assert options(world, "ben") == ALL


def test_alone_or_among_the_frozen_there_is_nobody_to_propose_to():
    assert options(make("ann")) == ("post",)
    world = make("ann", "ben")
    world.charge(Charges(freeze=("ben",)))
    assert options(world) == ("post",)
    assert options(world, "ben") == ()


def test_limits_close_tools_and_a_new_epoch_opens_them():
    world = make("ann", "ben", max_posts_per_epoch=1, max_votes_per_epoch=1)
    apply(world, "ben", "post", content="hello")
    apply(world, "ann", "reply", post_id=1, content="hi")
    assert options(world) == ("vote", "propose")
    apply(world, "ann", "vote", post_id=1, value=1)
    assert options(world) == ("propose",)
    world.close_epoch()
    world.open_step(Moment(1, 0, 1, 1.0))
    assert options(world) == ALL


def test_after_a_post_the_next_has_to_wait():
    world = make("ann", "ben", min_time_between_posts=7200.0)
    apply(world, "ben", "post", content="hello")
    apply(world, "ann", "post", content="hello too")
    world.open_step(Moment(0, 1, 1, 1.0))
    assert options(world) == ("vote", "propose")
    world.open_step(Moment(0, 2, 2, 2.0))
    assert options(world) == ALL


@pytest.mark.parametrize("limit", ["max_interactions_per_step", "max_interactions_per_epoch"])
def test_interactions_used_up_close_offers(limit):
    world = make("ann", "ben", "cem", **{limit: 1})
    offer = apply(world, "ann", "propose", counterparty="ben").offer
    world.settle(world.close_offer(offer, Decision(accept=False)), Charges())
    assert options(world) == options(world, "ben") == ("post",)
    assert options(world, "cem") == ("post", "propose")
    world.open_step(Moment(0, 1, 1, 1.0))
    assert ("propose" in options(world)) is (limit == "max_interactions_per_step")


def test_governance_closes_everything_to_the_poor_and_to_those_who_did_enough():
    world = make("ann", "ben")
    world.announce({"min_stake_to_participate": 100.5})
    assert options(world) == ()
    world.announce({"bandwidth_cap": 1})
    assert options(world) == ("post", "propose")
    apply(world, "ann", "post", content="hello")
    assert options(world) == ()
    assert "post" in options(world, "ben")
    assert world.observe("ann").reading()["left"]["actions"] == 0


def test_a_role_closes_its_other_tools():
    world = make("ann", "ben", role="worker")
    assert options(world) == ("propose",)
    assert world.observe("ann").reading()["left"] == {
        "posts": 10, "interactions": 100, "budget": 100,
    }  # fmt: skip


def test_choices_and_sources_are_what_is_shown():
    world = make("ann", "ben", "cem")
    apply(world, "ben", "post", content="one")
    apply(world, "ann", "post", content="two")
    apply(world, "cem", "vote", post_id=1, value=1)
    world.hear("ann", "hurry", 0.5)
    observation = world.observe("ann")
    choices = observation.choices()
    assert choices["post_id"] == (1, 2)
    assert choices["vote.post_id"] == (1,)
    assert sorted(choices["counterparty"]) == ["ben", "cem"]
    assert observation.sources() == (
        ("post", "1", "ben"), ("post", "2", "ann"), ("message", "0", None),
    )  # fmt: skip


def test_an_argument_that_leads_nowhere_is_told_from_one_that_is_refused():
    world = make("ann", "ben")
    tools = {tool.name: tool.arguments for tool in world.tools}

    def unknown(tool, **args):
        applied = world.apply("ann", Action(tool=tool), tools[tool](**args))
        assert not applied.ok
        return applied.unknown

    assert unknown("vote", post_id=9, value=1)
    assert unknown("reply", post_id=9, content="x")
    assert unknown("propose", counterparty="zoe")
    assert unknown("propose", counterparty="ann")
    apply(world, "ann", "post", content="x")
    assert not unknown("vote", post_id=1, value=1)
    world.charge(Charges(freeze=("ben",)))
    assert not unknown("propose", counterparty="ben")


def test_the_reading_is_short_in_a_fixed_order_and_has_no_long_numbers():
    world = make("ann", "ben")
    world.announce({"transaction_tax_rate": 0.05, "audit_probability": 0.0})
    apply(world, "ben", "post", content="a long story")
    apply(world, "ann", "reply", post_id=1, content="indeed")
    world.weigh("ann", 1 / 3)
    apply(world, "ann", "vote", post_id=1, value=1)
    world.charge(Charges(reputation_deltas={"ann": 1 / 7}, resource_deltas={"ann": 1 / 3}))
    assert json.dumps(world.observe("ann").reading()) == (
        '{"hour": 0, "account": {"resources": 100.3, "reputation": 0.1429}, '
        '"left": {"posts": 9, "votes": 49, "interactions": 100, "budget": 100}, '
        '"terms": {"transaction_tax_rate": 0.05, "transaction_tax_split": 0.5}, '
        '"peers": {"ben": 0.003}, "feed": ['
        '{"post_id": 1, "author": "ben", "content": "a long story", "votes": 0.3333, '
        '"replies": 1}, '
        '{"post_id": 2, "author": "ann", "content": "indeed", "reply_to": 1}]}'
    )
    assert world.observe("ben").reading()["account"] == {"resources": 100, "reputation": 0.003333}


def test_the_reading_tells_of_a_freeze_and_of_every_term_that_does_something():
    world = make("ann")
    assert world.observe("ann").reading()["terms"] == {}
    world.charge(Charges(freeze=("ann",)))
    assert world.observe("ann").reading()["account"]["frozen"] is True
    terms = {
        "transaction_tax_rate": 0.1, "transaction_tax_split": 0.4,
        "audit_probability": 0.1, "audit_threshold_p": 0.5, "audit_penalty_multiplier": 2.0,
        "freeze_threshold_toxicity": 0.7, "min_stake_to_participate": 1.0,
        "stake_slash_rate": 0.1, "stake_slash_threshold_p": 0.2, "bandwidth_cap": 0,
    }  # fmt: skip
    world.announce(terms)
    assert world.observe("ann").reading()["terms"] == terms
