"""The world as a whole: what is seen, what is logged, what stays the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.economy.interaction import Interaction, PayoffEngine
from gdg_runtime.scenarios.economy.proxy import Observables, ProxyComputer
from gdg_runtime.scenarios.interactions import Charges, Decision
from gdg_runtime.scenarios.world import Moment, Seat
from gdg_runtime.scenarios.worlds.sandbox.config import (
    EnvironmentConfig,
    FeedConfig,
    SandboxConfig,
)
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

BASELINE = {"honest": 3, "opportunistic": 1, "deceptive": 1}


def trace(played):
    """Everything that would be logged, as JSON."""
    return json.dumps(
        [
            [[step, agent, action.tool, action.args] for step, agent, action, _ in played.actions],
            played.events,
            {agent: [score.value for score in scores] for agent, scores in played.scores.items()},
            played.epochs,
        ]
    )


def make(agents, **config):
    world = SandboxWorld(SandboxConfig(**config), [Seat(a) for a in agents], Draws(1))
    world.open_step(Moment(0, 0, 0, 0.0))
    return world


def apply(world, agent, tool, **args):
    arguments = {tool.name: tool.arguments for tool in world.tools}[tool](**args)
    return world.apply(agent, Action(tool=tool), arguments)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(host):
    mix = {**BASELINE, "adversarial": 1}
    first = trace(host(mix, seed=4).play(3, 10))
    assert trace(host(mix, seed=4).play(3, 10)) == first
    assert trace(host(mix, seed=5).play(3, 10)) != first


def test_the_bytes_do_not_depend_on_the_hash_seed():
    code = (
        "from conftest import Host; import hashlib; from test_world import trace;"
        "played = Host({'honest': 3, 'deceptive': 1, 'adversarial': 2}).play(2, 10);"
        "print(hashlib.sha256(trace(played).encode()).hexdigest())"
    )
    here = str(Path(__file__).parent)
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": here},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(digests) == 1


def test_the_same_conduct_gives_the_same_p_whatever_type_is_declared(host):
    def worked(kind):
        stage = host([("ann", kind), ("ben", "noop")])
        results = []
        for index in range(5):
            stage.world.open_step(Moment(0, index, index, float(index)))
            args = {"counterparty": "ben", "promise": 0.8, "effort": 0.6, "corners": 1}
            offer = apply(stage.world, "ann", "propose", **args).offer
            results.append(stage.world.close_offer(offer, Decision(accept=True, effort=0.5)).p)
        return results

    ps = worked("honest")
    assert len(set(ps)) > 1
    assert worked("adversarial") == worked("opportunistic") == worked("deceptive") == ps


def test_nothing_an_agent_sees_tells_a_declared_type(host):
    def seen(kind):
        stage = host([("ann", "noop"), ("ben", kind)])
        observation = stage.world.observe("ann")
        return json.dumps([observation.panels(), observation.reading(), observation.messages])

    assert seen("honest") == seen("adversarial")


def test_another_agent_does_not_change_the_noise_of_the_others_work():
    def ps(agents):
        world, results = make(agents), []
        for index in range(10):
            world.open_step(Moment(0, index, index, float(index)))
            for agent in reversed(agents):
                if agent == "ben":
                    continue
                args = {"counterparty": "ben", "promise": 0.8, "effort": 0.6}
                offer = apply(world, agent, "propose", **args).offer
                p = world.close_offer(offer, Decision(accept=True, effort=0.5)).p
                results += [p] if agent == "ann" else []
        return results

    assert ps(["ann", "ben"]) == ps(["zoe", "ann", "ben", "cem"])


def test_the_log_suffices_to_compute_labels_and_payoffs_again(host):
    def govern(interaction):
        return Charges(0.05, 0.02)

    played = host({**BASELINE, "adversarial": 1}, govern=govern).play(5, 10)
    world = played.world
    proxy, engine = ProxyComputer(world.config.proxy), PayoffEngine(world.config.payoff)
    events = [event for event in played.events if event.type.startswith("interaction_")]
    proposed = [event for event in events if event.type == "interaction_proposed"]
    settled = [event for event in events if event.type != "interaction_proposed"]
    assert len(proposed) == len(settled) == len(played.interactions) > 100
    assert {event.type for event in settled} == {"interaction_accepted", "interaction_rejected"}
    for event, (_, interaction) in zip(settled, played.interactions, strict=True):
        data = json.loads(json.dumps(event.data))
        accepted = event.type == "interaction_accepted"
        assert proxy.compute(Observables(**data["observables"])) == (data["v_hat"], data["p"])
        again = Interaction(
            accepted=accepted,
            initiator=event.agent,
            **{k: data[k] for k in ("p", "counterparty", "interaction_id", "kind", "v_hat")},
            **{k: data[k] for k in ("tau", "c_a", "c_b", "r_a", "r_b")},
        )
        assert again == interaction
        assert data["pi_a"] == engine.payoff_initiator(again)
        assert data["pi_b"] == engine.payoff_counterparty(again)


def test_all_accounts_follow_from_the_log(host):
    played = host(BASELINE, govern=lambda i: Charges(0.03, 0.01)).play(5, 10)
    resources = dict.fromkeys(played.policies, 100.0)
    reputation = dict.fromkeys(played.policies, 0.0)
    for kind, data, agent, _ in played.events:
        if kind == "interaction_accepted":
            other = data["counterparty"]
            resources[agent] += data["pi_a"] - data["spent_a"]
            resources[other] += data["pi_b"] - data["spent_b"]
            reputation[agent] += data["r_a"]
            reputation[other] += data["r_b"]
        elif kind == "interaction_rejected":
            resources[agent] -= data["c_a"]
            resources[data["counterparty"]] -= data["c_b"]
        elif kind == "vote_cast":
            reputation[data["author"]] += data["reputation_delta"]
    for agent in played.policies:
        account = played.world.account(agent)
        assert account.resources == pytest.approx(resources[agent])
        assert account.reputation == pytest.approx(reputation[agent])


def test_terms_reach_observations_and_are_replaced_by_new_ones():
    world = make(["ann", "ben"])
    assert world.observe("ann").rules.terms.transaction_tax_rate == 0.0
    world.announce({"transaction_tax": {"transaction_tax_rate": 0.1}, "audit_probability": 0.5})
    terms = world.observe("ann").rules.terms._asdict()
    assert (terms["transaction_tax_rate"], terms["audit_probability"]) == (0.1, 0.5)
    world.announce({})
    assert world.observe("ann").rules.terms.audit_probability == 0.0


@pytest.mark.parametrize(("scarcity", "shown"), [(0.0, 20), (0.5, 10), (0.98, 1), (1.0, 1)])
def test_scarce_attention_hides_posts(scarcity, shown):
    environment = EnvironmentConfig(attention_scarcity=scarcity)
    world = make([f"a{n}" for n in range(30)], environment=environment)
    for number in range(30):
        apply(world, f"a{number}", "post", content=f"text {number}")
    assert len(world.observe("a0").posts) == shown
    assert len(world.observe("a0").panels()["feed"]) == shown


def test_in_a_large_population_few_peers_are_shown_others_in_each_step():
    agents = [f"a{n}" for n in range(200)]
    world = make(agents)
    seen = []
    for index in range(40):
        world.open_step(Moment(0, index, index, float(index)))
        peers = [peer.agent for peer in world.observe("a7").peers]
        assert len(set(peers)) == 6 and "a7" not in peers
        seen += peers
    assert len(set(seen)) > 120
    small = make(["ann", "ben", "cem"])
    assert sorted(peer.agent for peer in small.observe("ben").peers) == ["ann", "cem"]
    assert len(make(agents, peers_shown=2).observe("a7").peers) == 2
    assert make(["ann"]).observe("ann").peers == ()


def test_all_agents_are_shown_equally_often():
    agents = [f"a{n}" for n in range(20)]
    world = make(agents)
    shown = [peer.agent for agent in agents for peer in world.observe(agent).peers]
    assert {shown.count(agent) for agent in agents} == {6}


def test_what_is_heard_is_in_the_next_observation_alone():
    world = make(["ann", "ben"])
    for number in range(15):
        world.hear("ann", f"listen {number}", 0.5)
    assert world.observe("ann").messages == tuple(f"listen {n}" for n in range(5, 15))
    assert world.observe("ben").messages == ()
    assert world.observe("ann") == world.observe("ann")
    world.apply("ann", NOOP, None)
    assert world.observe("ann").messages == ()


def test_the_panels_are_compact_json_and_the_reading_has_the_words():
    world = make(["ann", "ben"])
    apply(world, "ben", "post", content="a long story")
    apply(world, "ann", "reply", post_id=1, content="indeed")
    apply(world, "ann", "vote", post_id=1, value=1)
    observation = world.observe("ann")
    panels = json.loads(json.dumps(observation.panels()))
    assert panels["feed"] == [[1, 1.0, 1], [2, 0.0, 0]]
    assert panels["peers"] == [["ben", 0.01]]
    assert panels["account"] == {"resources": 100.0, "reputation": 0.0, "frozen": False}
    reading = json.loads(json.dumps(observation.reading()))
    assert reading["feed"][0]["content"] == "a long story"
    assert reading["feed"][1]["reply_to"] == 1


def test_influence_is_votes_replies_and_accepted_offers_of_the_epoch():
    world = make(["ann", "ben", "cem", "dee"])
    assert world.close_epoch()["influence_gini"].value == 0.0
    apply(world, "ann", "post", content="hello")
    apply(world, "ann", "reply", post_id=1, content="to myself")  # no influence over others
    assert world.close_epoch()["influence_gini"].value == 0.0
    apply(world, "ben", "vote", post_id=1, value=1)
    assert world.close_epoch()["influence_gini"].value == 0.75
    apply(world, "ben", "reply", post_id=1, content="hi")
    offer = apply(world, "cem", "propose", counterparty="dee").offer
    world.settle(world.close_offer(offer, Decision(accept=True, effort=1.0)), Charges())
    assert world.close_epoch()["influence_gini"].value == 0.5
    apply(world, "ben", "vote", post_id=1, value=-1)
    assert world.close_epoch()["influence_gini"].value == 0.0


def test_an_unknown_tool_is_refused_with_the_known_ones():
    applied = make(["ann"]).apply("ann", Action(tool="fly"), None)
    assert not applied.ok and "post, reply, vote, propose" in applied.error


def test_the_feed_stays_bounded_in_a_long_crowded_run():
    feed = FeedConfig(retention=50, max_age_hours=5.0)
    agents = [f"a{n}" for n in range(100)]
    world = make(agents, feed=feed)
    for index in range(60):
        world.open_step(Moment(index, 0, index, float(index)))
        for agent in agents:
            apply(world, agent, "post", content=f"{agent} says {index}")
        world.close_epoch()
    assert len(world.observe("a0").posts) == 10
    assert all(post.hours == 59.0 for post in world.observe("a0").posts)
    assert len(world._institutions[0].posts) == 50


def test_messages_to_agents_and_offers_left_open_do_not_pile_up():
    world = make(["ann", "ben"])
    for index in range(50):
        world.open_step(Moment(0, index, index, float(index)))
        apply(world, "ann", "propose", counterparty="ben")
        world.close_step()
    assert not list(world.faults())


def test_newcomers_get_a_hearing_however_large_the_crowd(host):
    """A frozen feed would show the same posts for ever; this one must turn over."""
    played = host({"honest": 6, "opportunistic": 4, "deceptive": 2}).play(10, 10)
    newest = max(post.post_id for post in played.world.observe("honest_0").posts)
    created = sum(1 for event in played.events if event.type == "post_created")
    assert newest > created - 20
    votes = [event for event in played.events if event.type == "vote_cast"]
    assert len({event.data["post_id"] for event in votes}) > created / 4
