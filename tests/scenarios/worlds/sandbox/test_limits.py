"""Limits refuse what is too much, and leave the world as it was."""

import pytest

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import Action
from gdg_runtime.scenarios.interactions import Charges, Decision
from gdg_runtime.scenarios.world import Moment, Seat
from gdg_runtime.scenarios.worlds.sandbox.config import (
    EnvironmentConfig,
    LimitsConfig,
    SandboxConfig,
)
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld


class Stage:
    """Three agents and a world that is acted on directly."""

    def __init__(self, budget: float = 100.0, **limits):
        config = SandboxConfig(
            limits=LimitsConfig(**limits), environment=EnvironmentConfig(initial_budget=budget)
        )
        self.world = SandboxWorld(config, [Seat("ann"), Seat("ben"), Seat("cem")], Draws(1))
        self.tools = {tool.name: tool.arguments for tool in self.world.tools}
        self.at(0)

    def at(self, index: int, hours: float | None = None):
        self.world.open_step(Moment(0, index, index, float(index) if hours is None else hours))

    def do(self, agent: str, tool: str, **args):
        return self.world.apply(agent, Action(tool=tool, args=args), self.tools[tool](**args))

    def deal(self, agent: str, other: str, tau: float = 0.0):
        applied = self.do(agent, "propose", counterparty=other, tau=tau)
        assert applied.ok, applied.error
        decision = Decision(accept=True, effort=0.5)
        interaction = self.world.close_offer(applied.offer, decision)
        self.world.settle(interaction, Charges())
        return interaction

    def seen(self):
        return [
            (o.posts, o.account, o.left)
            for o in (self.world.observe(agent) for agent in ("ann", "ben", "cem"))
        ]

    def refused(self, word: str, agent: str, tool: str, **args):
        before = self.seen()
        applied = self.do(agent, tool, **args)
        assert not applied.ok
        assert word in applied.error
        assert applied.offer is None and applied.events == []
        assert self.seen() == before


def test_posts_and_replies_share_one_limit_per_epoch():
    stage = Stage(max_posts_per_epoch=2, min_time_between_posts=0.0)
    number = stage.do("ann", "post", content="one").result["post_id"]
    stage.do("ann", "reply", post_id=number, content="two")
    stage.refused("2 posts", "ann", "post", content="three")
    assert stage.do("ben", "post", content="mine").ok
    stage.world.close_epoch()
    assert stage.do("ann", "post", content="three").ok


def test_votes_are_limited_per_epoch():
    stage = Stage(max_votes_per_epoch=1)
    first = stage.do("ann", "post", content="one").result["post_id"]
    assert stage.do("ben", "vote", post_id=first, value=1).ok
    stage.refused("1 votes", "ben", "vote", post_id=first, value=-1)
    stage.world.close_epoch()
    assert stage.do("ben", "vote", post_id=first, value=-1).ok


def test_offers_made_and_received_are_limited_per_step():
    stage = Stage(max_interactions_per_step=2)
    stage.deal("ann", "cem")
    stage.deal("ben", "cem")
    stage.refused(
        "cem has had all 2 interactions of this step", "ann", "propose", counterparty="cem"
    )
    stage.refused("cem has had", "cem", "propose", counterparty="ann")
    stage.at(1)
    stage.deal("ann", "cem")


def test_offers_made_and_received_are_limited_per_epoch():
    stage = Stage(max_interactions_per_epoch=1)
    stage.deal("ann", "ben")
    stage.at(1)
    stage.refused("interactions of this epoch", "cem", "propose", counterparty="ben")
    stage.world.close_epoch()
    stage.deal("cem", "ben")


def test_a_post_may_be_as_long_as_the_limit_and_no_longer():
    stage = Stage(max_content_length=5)
    stage.refused("5 characters", "ann", "post", content="123456")
    assert stage.do("ann", "post", content="12345").ok


def test_posts_keep_their_distance_in_logical_seconds():
    stage = Stage(min_time_between_posts=7200.0)
    assert stage.do("ann", "post", content="one").ok
    stage.at(1)
    stage.refused("3600 s", "ann", "post", content="two")
    stage.at(2)
    assert stage.do("ann", "post", content="two").ok


def test_transfers_paid_are_limited_by_the_epochs_budget():
    stage = Stage(budget_per_epoch=3.0)
    stage.deal("ann", "ben", tau=2.0)
    stage.refused("1 more", "ann", "propose", counterparty="ben", tau=1.5)
    stage.deal("ann", "ben", tau=1.0)
    stage.refused("0 more", "ben", "propose", counterparty="ann", tau=-0.5)
    stage.world.close_epoch()
    stage.at(1)
    stage.deal("ann", "ben", tau=1.5)


def test_nobody_can_promise_a_transfer_it_does_not_have():
    stage = Stage(budget=1.0)
    stage.refused("can't pay 2", "ann", "propose", counterparty="ben", tau=2.0)
    stage.refused("ben has 1", "ann", "propose", counterparty="ben", tau=-2.0)


def test_an_offer_lapses_where_its_payer_ran_out_of_budget_before_the_answer():
    stage = Stage(budget_per_epoch=1.0)
    offers = [
        stage.do(agent, "propose", counterparty="cem", tau=-0.8).offer for agent in ("ann", "ben")
    ]
    accept = Decision(accept=True, effort=0.5)
    first, second = [stage.world.close_offer(offer, accept) for offer in offers]
    assert first.accepted and not second.accepted
    _, events = stage.world.settle(second, Charges())
    assert events[0].type == "interaction_rejected"
    assert "cem may pay" in events[0].data["reason"]


def test_offers_answered_together_can_not_spend_the_same_resources_twice():
    stage = Stage(budget=1.0)
    offers = [
        stage.do(agent, "propose", counterparty="cem", tau=-0.8).offer for agent in ("ann", "ben")
    ]
    accept = Decision(accept=True, effort=1.0)
    first, second = [stage.world.close_offer(offer, accept) for offer in offers]
    assert first.accepted and not second.accepted
    stage.world.settle(first, Charges())
    _, events = stage.world.settle(second, Charges())
    assert "cem has 0.2" in events[0].data["reason"]
    stage.at(1)
    stage.deal("ann", "cem", tau=-0.1)


@pytest.mark.parametrize(
    ("word", "tool", "args"),
    [
        ("no post 9", "vote", {"post_id": 9, "value": 1}),
        ("no post 9", "reply", {"post_id": 9, "content": "re"}),
        ("another agent", "propose", {"counterparty": "zoe"}),
        ("another agent", "propose", {"counterparty": "ann"}),
    ],
)
def test_what_is_not_there_is_refused(word, tool, args):
    Stage().refused(word, "ann", tool, **args)


def test_nobody_votes_on_its_own_post():
    stage = Stage()
    number = stage.do("ann", "post", content="me").result["post_id"]
    stage.refused("own post", "ann", "vote", post_id=number, value=1)


def test_a_frozen_agent_gets_no_offers_and_is_not_shown():
    stage = Stage()
    stage.world.charge(Charges(freeze=("ben",)))
    stage.refused("frozen", "ann", "propose", counterparty="ben")
    assert [peer.agent for peer in stage.world.observe("ann").peers] == ["cem"]
    stage.world.charge(Charges(unfreeze=("ben",)))
    stage.deal("ann", "ben")


def test_the_limits_left_are_shown():
    stage = Stage(max_posts_per_epoch=4, budget_per_epoch=5.0)
    stage.do("ann", "post", content="x")
    stage.deal("ann", "ben", tau=2.0)
    left = stage.world.observe("ann").left
    assert (left.posts, left.votes, left.interactions, left.budget) == (3, 50, 99, 3.0)
