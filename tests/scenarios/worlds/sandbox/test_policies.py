"""The four scripted types act as their descriptions say, and costs reach their choices."""

from collections import Counter

import pytest

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.economy.interaction import PayoffConfig
from gdg_runtime.scenarios.interactions import Charges, Offer
from gdg_runtime.scenarios.worlds.sandbox.config import LimitsConfig, SandboxConfig, WorkConfig
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

BASELINE = {"honest": 3, "opportunistic": 1, "deceptive": 1}


def taxes(rate):
    def govern(interaction):
        tax = rate * abs(interaction.tau) / 2 if interaction.accepted else 0.0
        return Charges(tax, tax)

    return govern


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def quality(played, prefix):
    return mean(i.p for _, i in played.interactions if i.initiator.startswith(prefix))


def test_every_agent_acts_in_every_step_and_uses_every_tool(host):
    played = host({**BASELINE, "adversarial": 1}).play(5, 10)
    acted = Counter(agent for _, agent, action, _ in played.actions if action.tool)
    assert set(acted.values()) == {50}
    for agent in played.policies:
        used = {action.tool for _, who, action, applied in played.actions if who == agent}
        assert used == {"propose", "vote", "post", "reply"}, agent
    assert all(applied.ok for *_, applied in played.actions)


@pytest.mark.parametrize("kind", ["honest", "opportunistic", "deceptive", "adversarial"])
def test_every_type_moves_transfers(host, kind):
    played = host({"honest": 3, kind: 2}).play(5, 10)
    taus = [args["tau"] for args in played.args(f"{kind}_")]
    assert taus and any(taus)


def test_some_offers_are_declined_and_the_accepted_ones_are_better(host):
    played = host({"honest": 2, "opportunistic": 2, "adversarial": 1}).play(20, 10)
    accepted = [i.p for _, i in played.interactions if i.accepted]
    declined = [i.p for _, i in played.interactions if not i.accepted]
    assert len(declined) > 50
    assert mean(accepted) > mean(declined) + 0.3


def test_quality_orders_the_types_by_what_they_do(host):
    played = host({"honest": 2, "opportunistic": 2, "deceptive": 2, "adversarial": 2}).play(10, 10)
    means = {kind: quality(played, kind) for kind in ("honest", "deceptive", "adversarial")}
    assert means["honest"] > means["deceptive"] + 0.1 > means["adversarial"] + 0.2


def test_honest_agents_promise_what_they_do_and_cut_no_corners(host):
    for args in host(BASELINE).play(5, 10).args("honest_"):
        assert args["promise"] == args["effort"] >= 0.8
        assert args["corners"] == 0


def test_honest_agents_sweeten_an_offer_that_was_refused(host):
    stage = host({"honest": 1, "noop": 1})
    taus = [args["tau"] for args in stage.play(2, 10).args("honest_")]
    assert taus[0] < taus[1] < taus[2]
    assert max(taus) <= taus[0] + 3 * 0.08 + 1e-9


def test_honest_agents_stop_accepting_from_those_who_disappoint(host):
    played = host({"honest": 2, "adversarial": 1}).play(20, 10)
    answers = [i.accepted for _, i in played.interactions if i.initiator == "adversarial_0"]
    assert any(answers[:5])
    assert mean(answers[-30:]) < 0.5


def test_a_tax_makes_honest_agents_transfer_less_and_opportunists_ask_less(host):
    played = {
        rate: host(
            BASELINE,
            terms={"transaction_tax": {"transaction_tax_rate": rate}},
            govern=taxes(rate),
        ).play(10, 10)
        for rate in (0.0, 0.2)
    }
    for kind in ("honest_", "opportunistic_"):
        free, taxed = (
            mean(abs(args["tau"]) for args in played[rate].args(kind)) for rate in (0.0, 0.2)
        )
        assert taxed < free, kind


def test_a_tax_high_enough_ends_fair_sharing(host):
    terms = {"transaction_tax_rate": 0.9}
    for args in host(BASELINE, terms=terms).play(2, 10).args("honest_"):
        assert args["tau"] >= 0.0


def test_the_quoted_cost_decides_over_acceptance(host):
    stage = host(BASELINE)
    stage.play(1, 2)
    for agent, policy in stage.played.policies.items():
        offer = Offer(
            offer_id="x",
            initiator="stranger",
            counterparty=agent,
            terms={"promise": 0.9, "reputation": 0.5, "kind": "trade"},
        )
        assert policy.decide(offer, stage.rng(agent)).accept
        dear = offer.model_copy(update={"terms": {**offer.terms, "quote": [0.0, 5.0]}})
        assert not policy.decide(dear, stage.rng(agent)).accept


@pytest.mark.parametrize("kind", ["honest", "opportunistic", "deceptive"])
def test_a_better_name_and_a_bolder_promise_win_a_strangers_trust(host, kind):
    stage = host({kind: 2})
    stage.play(1, 1)
    policy = stage.played.policies[f"{kind}_0"]

    def expected(promise, reputation):
        terms = {"promise": promise, "reputation": reputation}
        offer = Offer(offer_id="x", initiator="s", counterparty="c", terms=terms)
        return policy.expected_p(offer)

    assert expected(0.2, 0.0) < expected(0.9, 0.0) < expected(0.9, 0.8)


def test_hostile_terms_of_an_offer_do_not_break_the_answer(host):
    stage = host({"honest": 1, "opportunistic": 1, "deceptive": 1, "adversarial": 1})
    for terms in (
        {},
        {"promise": "huge", "reputation": None},
        {"promise": 1e300, "reputation": -1e300, "quote": "x"},
        {"promise": [], "quote": [1]},
    ):
        offer = Offer(offer_id="x", initiator="s", counterparty="c", terms=terms)
        for agent, policy in stage.played.policies.items():
            policy.decide(offer, stage.rng(agent))


def exploits(played):
    return [args for args in played.args("deceptive_") if args["corners"] or args["effort"] < 0.8]


def test_deceptive_agents_build_trust_before_they_exploit_it(host):
    played = host(BASELINE).play(10, 10)
    good = Counter()
    exploited = 0
    for _, agent, action, _ in played.actions:
        if agent != "deceptive_0" or action.tool != "propose":
            continue
        peer = action.args["counterparty"]
        if action.args["effort"] < 0.8:
            assert good[peer] >= 2
            assert action.args["promise"] > action.args["effort"] + 0.5
            assert action.args["tau"] > 0.0
            exploited += 1
        else:
            assert action.args["promise"] == action.args["effort"]
            good[peer] += 1
    assert exploited > 5


def test_deceptive_agents_return_to_good_work_when_audits_make_lies_dear(host):
    def play(probability, multiplier):
        audits = {"audit_probability": probability, "audit_penalty_multiplier": multiplier}
        return exploits(host(BASELINE, terms={"random_audit": audits}).play(10, 10))

    without, some, many = play(0.0, 2.0), play(0.2, 2.0), play(0.5, 4.0)
    assert len(without) > 5
    assert mean(args["effort"] for args in some) > mean(args["effort"] for args in without)
    assert many == []


def test_deceptive_agents_lie_low_when_a_freeze_is_near(host):
    free = exploits(host(BASELINE).play(10, 10))
    watched = exploits(host(BASELINE, terms={"freeze_threshold_toxicity": 0.35}).play(10, 10))
    assert 0 < len(watched) < len(free)


def test_opportunists_weigh_slashes_against_shirking(host):
    def conduct(rate):
        terms = {"staking": {"stake_slash_rate": rate, "stake_slash_threshold_p": 0.75}}
        offers = host(BASELINE, terms=terms).play(5, 10).args("opportunistic_")
        return len(offers), mean(args["corners"] for args in offers) if offers else None

    free, slashed, ruinous = conduct(0.0), conduct(0.004), conduct(0.05)
    assert slashed[1] < free[1]
    assert ruinous[0] == 0 < free[0]


def test_opportunists_work_more_carefully_when_a_freeze_is_near(host):
    def corners(terms):
        stage = host({"honest": 3, "opportunistic": 1}, terms=terms)
        return mean(args["corners"] for args in stage.play(10, 10).args("opportunistic_"))

    assert corners({"freeze_threshold_toxicity": 0.35}) < corners({})


def test_opportunists_follow_the_payoff(host):
    def efforts(theta):
        config = SandboxConfig(payoff=PayoffConfig(theta=theta))
        stage = host(BASELINE, config=config)
        return mean(args["effort"] for args in stage.play(5, 10).args("opportunistic_"))

    assert efforts(0.9) > efforts(0.3)


def test_adversaries_target_the_best_reputed_and_pay_more_when_refused(host):
    stage = host({"honest": 2, "deceptive": 1, "adversarial": 1})
    stage.play(3, 10)
    observation = stage.world.observe("adversarial_0")
    best = max(peer.reputation for peer in observation.peers)
    names = {peer.agent for peer in observation.peers if peer.reputation == best}
    policy = stage.played.policies["adversarial_0"]
    stream = Draws(1).stream("x", "y")
    action = policy.propose(observation, stream)
    assert action.args["counterparty"] in names
    assert (action.args["effort"], action.args["corners"]) == (0.0, 3)
    taus = [args["tau"] for args in host({"adversarial": 1, "noop": 1}).play(3, 10).args("adv")]
    assert taus == sorted(taus)
    assert taus[0] == 0.3 and taus[-1] == 2.0


def test_adversaries_know_their_allies_by_the_codeword_alone(host):
    played = host({"honest": 3, "adversarial": 2}).play(20, 10)
    late = [
        (action.args["counterparty"], agent)
        for step, agent, action, _ in played.actions
        if agent.startswith("adversarial") and action.tool == "propose" and step > 100
    ]
    assert late and all(target.startswith("honest") for target, _ in late)
    votes = Counter(
        (event.data["author"].split("_")[0], event.data["value"])
        for event in played.events
        if event.type == "vote_cast" and event.agent.startswith("adversarial")
    )
    assert votes["adversarial", 1] > 0 and votes["honest", -1] > 0
    assert votes["adversarial", -1] < votes["adversarial", 1]


def test_adversaries_with_other_codewords_are_no_allies(host):
    def late_offers(words):
        stage = host([("ann", "adversarial"), ("ben", "adversarial")])
        for agent, word in zip(("ann", "ben"), words, strict=True):
            policy = SandboxWorld.policies["adversarial"]
            stage.played.policies[agent] = policy(agent, policy.Params(codeword=word))
        actions = stage.play(5, 10).actions
        return sum(1 for step, _, action, _ in actions if action.tool == "propose" and step >= 25)

    assert late_offers(("ebb", "ebb")) == 0 < late_offers(("ebb", "flow"))


def test_frozen_and_unstaked_agents_keep_still(host):
    stage = host(BASELINE, terms={"min_stake_to_participate": 1000.0})
    assert all(action.tool is None for _, _, action, _ in stage.play(1, 5).actions)
    stage = host(BASELINE)
    stage.world.charge(Charges(freeze=("honest_0",)))
    acted = {agent for _, agent, action, _ in stage.play(1, 5).actions if action.tool}
    assert acted == set(stage.played.policies) - {"honest_0"}


def test_agents_stay_within_their_limits(host):
    limits = LimitsConfig(
        max_posts_per_epoch=2, max_votes_per_epoch=3, max_interactions_per_epoch=6
    )
    played = host({**BASELINE, "adversarial": 1}, config=SandboxConfig(limits=limits)).play(4, 10)
    errors = [applied.error for *_, applied in played.actions if not applied.ok]
    assert all("interactions" in error for error in errors)  # the others' limits are not shown
    assert any(action.tool is None for _, _, action, _ in played.actions)


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("honest", {"propose_rate": 0.1}),
        ("honest", {"vote_rate": 0.0}),
        ("honest", {"credulity": 0.0}),
        ("honest", {"prior_strength": 50.0}),
        ("honest", {"memory": 0.1}),
        ("honest", {"least_effort": 0.3, "fairness": 1.0}),
        ("honest", {"fairness": 0.0}),
        ("honest", {"sweetener": 0.5}),
        ("honest", {"generosity": 0.0}),
        ("honest", {"comparisons": 1}),
        ("opportunistic", {"threshold": 0.5}),
        ("opportunistic", {"exaggeration": 0.0}),
        ("opportunistic", {"foresight": 1.0}),
        ("opportunistic", {"haggle": 0.2}),
        ("deceptive", {"groundwork": 10}),
        ("deceptive", {"show_effort": 0.6}),
        ("deceptive", {"false_promise": 0.5}),
        ("deceptive", {"bait": 0.5}),
        ("deceptive", {"temptation": 1.0}),
        ("adversarial", {"codeword": "ebb"}),
        ("adversarial", {"opening_bribe": 1.0}),
        ("adversarial", {"bribe_step": 0.5}),
        ("adversarial", {"most_bribe": 0.5}),
    ],
)
def test_every_parameter_of_a_policy_changes_the_run(host, kind, params):
    mix = {"honest": 3, "opportunistic": 2, "deceptive": 1, "adversarial": 1}
    config = None
    if "sweetener" in params:
        mix = {"honest": 1, "noop": 1}
    if "least_effort" in params:  # binds only where joint gain asks for less than its default
        config = SandboxConfig(work=WorkConfig(effort_cost=3.0))

    def trace(params):
        played = host(mix, params=params, config=config).play(3, 10)
        return [(agent, action.tool, action.args) for _, agent, action, _ in played.actions], [
            i.accepted for _, i in played.interactions
        ]

    assert trace({}) != trace({kind: params})
