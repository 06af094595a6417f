"""Resources and reputation: what moves them, and what does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import Action
from gdg_runtime.scenarios.economy.interaction import PayoffConfig, PayoffEngine
from gdg_runtime.scenarios.interactions import Charges, Decision
from gdg_runtime.scenarios.world import Moment, Seat
from gdg_runtime.scenarios.worlds.sandbox.config import ReputationConfig, SandboxConfig
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld


def stage(**sections):
    world = SandboxWorld(SandboxConfig(**sections), [Seat("ann"), Seat("ben")], Draws(1))
    world.open_step(Moment(0, 0, 0, 0.0))
    return world


def deal(world, decision=None, charges=None, **args):
    tool = {tool.name: tool for tool in world.tools}["propose"]
    args = {"counterparty": "ben", "promise": 0.8, "effort": 0.8, **args}
    applied = world.apply("ann", Action(tool="propose", args=args), tool.arguments(**args))
    interaction = world.close_offer(applied.offer, decision or Decision(accept=True, effort=0.8))
    outcomes, events = world.settle(interaction, charges or Charges())
    return interaction, outcomes, events


def resources(world):
    return [world.account(agent).resources for agent in ("ann", "ben")]


@settings(deadline=None, max_examples=40)
@given(st.floats(-10.0, 10.0))
def test_a_transfer_moves_resources_from_one_side_to_the_other_and_makes_none(tau):
    without, with_tau = stage(), stage()
    deal(without)
    deal(with_tau, tau=tau)
    a0, b0 = resources(without)
    a1, b1 = resources(with_tau)
    assert a1 == pytest.approx(a0 - tau, abs=1e-9)
    assert a1 + b1 == pytest.approx(a0 + b0, abs=1e-9)


def test_both_sides_get_their_payoff_less_the_effort_they_made():
    world = stage()
    interaction, outcomes, events = deal(world, charges=Charges(cost_a=0.3, cost_b=0.1), tau=0.5)
    engine = PayoffEngine(world.config.payoff)
    pi_a, pi_b = engine.payoff_initiator(interaction), engine.payoff_counterparty(interaction)
    assert (interaction.c_a, interaction.c_b) == (0.3, 0.1)
    assert [outcome.payoff for outcome in outcomes] == [pi_a, pi_b]
    assert [outcome.cost for outcome in outcomes] == [0.3, 0.1]
    spent = (1.2 * 0.7 * 0.8, 1.2 * 0.3 * 0.8)
    assert resources(world) == pytest.approx([100 + pi_a - spent[0], 100 + pi_b - spent[1]])
    assert (events[0].data["spent_a"], events[0].data["spent_b"]) == pytest.approx(spent)


def test_shirking_is_cheaper_and_cut_corners_are_cheaper_still():
    spent = [
        deal(stage(), effort=effort, corners=corners)[2][0].data["spent_a"]
        for effort, corners in ((0.8, 0), (0.2, 0), (0.2, 3))
    ]
    assert spent[0] > spent[1] > spent[2]


def test_a_declined_offer_costs_only_what_governance_takes():
    world = stage()
    interaction, outcomes, events = deal(
        world, Decision(accept=False), Charges(cost_a=0.2), tau=5.0
    )
    assert not interaction.accepted
    assert 0.0 < interaction.p < 1.0
    assert (interaction.r_a, interaction.r_b) == (0.0, 0.0)
    assert resources(world) == [99.8, 100.0]
    assert [outcome.payoff for outcome in outcomes] == [-0.2, 0.0]
    assert world.account("ann").reputation == world.account("ben").reputation == 0.0
    assert events[0].type == "interaction_rejected"


def test_the_reputation_that_is_booked_is_the_r_of_the_interaction():
    world = stage()
    interaction, _, _ = deal(world)
    assert interaction.r_a > interaction.r_b > 0.0
    assert world.account("ann").reputation == interaction.r_a
    assert world.account("ben").reputation == interaction.r_b


def test_w_rep_turns_reputation_into_payoff():
    plain, valued = (deal(stage(payoff=PayoffConfig(w_rep=w)))[1][0].payoff for w in (0.0, 5.0))
    assert valued > plain


def test_toxic_work_can_still_pay_in_status():
    interaction, _, _ = deal(stage(), Decision(accept=True, effort=0.4), effort=0.35, promise=0.35)
    assert interaction.p < 0.5
    assert interaction.r_a > 0.0
    without = ReputationConfig(status_gain=0.0)
    interaction, _, _ = deal(
        stage(reputation=without), Decision(accept=True, effort=0.4), effort=0.35, promise=0.35
    )
    assert interaction.r_a < 0.0


def test_in_the_long_run_reputation_tells_good_work_from_bad():
    standing = []
    for effort in (1.0, 0.2):
        world = stage()
        for index in range(80):
            world.open_step(Moment(0, index, index, float(index)))
            deal(world, effort=effort, promise=effort)
        assert -1.0 <= world.account("ann").reputation <= 1.0
        standing.append(world.account("ann").reputation)
    assert standing[0] > standing[1] + 0.3


def test_charges_outside_interactions_are_booked_and_logged():
    world = stage()
    events = world.charge(
        Charges(
            reputation_deltas={"ann": -0.25},
            resource_deltas={"ben": -7.0},
            freeze=("ann",),
        )
    )
    assert world.account("ann").reputation == -0.25
    assert world.account("ann").frozen
    assert world.account("ben").resources == 93.0
    assert [event.type for event in events] == ["accounts_charged", "agent_frozen"]


def test_settling_books_all_of_the_charges():
    world = stage()
    deal(world, charges=Charges(resource_deltas={"ben": -10.0}, freeze=("ann",)))
    assert resources(world)[1] < 95.0
    assert world.account("ann").frozen


@pytest.mark.parametrize(("weight", "moved"), [(1.0, 0.01), (0.5, 0.005), (0.0, 0.0)])
def test_a_vote_moves_the_authors_reputation_by_its_weight(weight, moved):
    world = stage()
    tools = {tool.name: tool.arguments for tool in world.tools}
    world.apply("ann", Action(tool="post"), tools["post"](content="hello"))
    world.weigh("ben", weight)
    applied = world.apply("ben", Action(tool="vote"), tools["vote"](post_id=1, value=1))
    assert world.account("ann").reputation == pytest.approx(moved)
    assert applied.events[0].data["weight"] == weight
    assert world.observe("ben").posts[0].net_votes == weight


def test_an_offer_can_be_closed_and_settled_only_once():
    world = stage()
    interaction, _, _ = deal(world)
    with pytest.raises(LookupError, match="settled already"):
        world.settle(interaction, Charges())
    tool = {tool.name: tool for tool in world.tools}["propose"]
    applied = world.apply("ben", Action(tool="propose"), tool.arguments(counterparty="ann"))
    world.close_step()
    with pytest.raises(LookupError, match="step is over"):
        world.close_offer(applied.offer, Decision(accept=True))
