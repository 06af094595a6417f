"""What conduct looks like from downstream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.economy.proxy import ProxyComputer
from gdg_runtime.scenarios.worlds.sandbox.config import SandboxConfig, WorkConfig
from gdg_runtime.scenarios.worlds.sandbox.rules import Rules, Terms
from gdg_runtime.scenarios.worlds.sandbox.work import Conduct, Noise, NoiseSource, Work

PROXY = ProxyComputer()
unit = st.floats(0.0, 1.0)
draw = st.floats(0.0, 1.0, exclude_max=True)
noises = st.builds(Noise, draw, draw, draw, draw, draw)


def p_of(work, effort, promise, corners, effort_b, noise):
    return PROXY.compute(work.observe(Conduct(effort, promise, corners), effort_b, noise))[1]


@given(unit, unit, unit, st.integers(0, 3), unit, noises)
def test_under_the_same_noise_more_effort_never_lowers_p(low, high, promise, corners, b, noise):
    low, high = sorted((low, high))
    work = Work(WorkConfig())
    assert p_of(work, low, promise, corners, b, noise) <= p_of(
        work, high, promise, corners, b, noise
    )


@given(unit, unit, unit, unit, noises)
def test_under_the_same_noise_more_corners_and_bolder_promises_never_raise_p(
    effort, modest, bold, effort_b, noise
):
    modest, bold = sorted((modest, bold))
    work = Work(WorkConfig())
    ps = [p_of(work, effort, modest, corners, effort_b, noise) for corners in range(4)]
    assert ps == sorted(ps, reverse=True)
    assert p_of(work, effort, bold, 0, effort_b, noise) <= ps[0]


@given(st.integers(0, 3), unit, unit, unit, noises)
def test_observables_stay_in_their_ranges(corners, effort, promise, effort_b, noise):
    work = Work(WorkConfig())
    for b in (effort_b, None):
        seen = work.observe(Conduct(effort, promise, corners), b, noise)
        assert -1.0 <= seen.task_progress_delta <= 1.0
        assert -1.0 <= seen.counterparty_engagement_delta <= 1.0
        assert 0 <= seen.rework_count <= 3
        assert 0 <= seen.verifier_rejections <= 3
        assert 0 <= seen.tool_misuse_flags <= corners


def test_more_effort_gives_a_higher_mean_p_by_a_wide_margin():
    work, luck = Work(WorkConfig()), NoiseSource(Draws(3))
    means = []
    for effort in (0.0, 0.5, 1.0):
        ps = [
            p_of(work, effort, 0.5, 0, 0.8, luck.draw(f"agent{effort}", step, 0))
            for step in range(300)
        ]
        means.append(sum(ps) / len(ps))
    assert means[0] + 0.15 < means[1] < means[2] - 0.1


def test_a_declined_offer_is_seen_by_its_initiators_effort_and_a_withdrawn_counterparty():
    work, noise = Work(WorkConfig()), Noise(0.5, 0.5, 0.5, 0.5, 0.5)
    seen = work.observe(Conduct(0.9, 0.9, 0), None, noise)
    assert seen.task_progress_delta == pytest.approx(0.8)
    assert seen.counterparty_engagement_delta == pytest.approx(-0.6)


def test_counts_have_the_frequencies_of_their_chances():
    config = WorkConfig(reviews=2, rework_chance=0.5)
    work, counts = Work(config), [0, 0, 0]
    for step in range(1000):
        noise = Noise(0.5, (step + 0.5) / 1000, 0.5, 0.5, 0.5)
        counts[work.observe(Conduct(0.0, 0.0, 0), 0.0, noise).rework_count] += 1
    assert counts == [250, 500, 250]


@pytest.mark.parametrize(
    ("changed", "effort", "promise", "corners", "b"),
    [
        ({"initiator_share": 0.3}, 0.9, 0.9, 0, 0.1),
        ({"progress_noise": 0.9}, 0.5, 0.5, 0, 0.5),
        ({"engagement_noise": 0.9}, 0.5, 0.5, 0, 0.5),
        ({"engagement_rejected": 0.5}, 0.5, 0.5, 0, None),
        ({"reviews": 1}, 0.1, 0.9, 0, 0.1),
        ({"rework_chance": 0.1}, 0.2, 0.2, 0, 0.5),
        ({"rejection_base": 0.9}, 0.2, 0.0, 0, 0.5),
        ({"rejection_gap": 0.0}, 0.2, 1.0, 0, 0.5),
        ({"rejection_corner": 0.3}, 0.9, 0.9, 3, 0.9),
        ({"corner_detection": 0.0}, 0.9, 0.9, 3, 0.9),
    ],
)
def test_every_setting_of_the_work_moves_p(changed, effort, promise, corners, b):
    noise = Noise(0.9, 0.6, 0.7, 0.6, 0.9)
    default, other = Work(WorkConfig()), Work(WorkConfig(**changed))
    assert p_of(default, effort, promise, corners, b, noise) != p_of(
        other, effort, promise, corners, b, noise
    )


def test_effort_costs_and_corners_save():
    work = Work(WorkConfig(effort_cost=2.0, corner_saving=0.1, initiator_share=0.75))
    assert work.cost_initiator(Conduct(0.5, 1.0, 0)) == pytest.approx(0.75)
    assert work.cost_initiator(Conduct(0.5, 1.0, 2)) == pytest.approx(0.55)
    assert work.cost_counterparty(0.5) == pytest.approx(0.25)


def test_the_expected_p_is_close_to_the_mean_over_many_draws():
    rules, luck = Rules(SandboxConfig(), Terms()), NoiseSource(Draws(5))
    for conduct, b in ((Conduct(0.9, 0.9, 0), 0.9), (Conduct(0.2, 0.9, 3), 0.5)):
        drawn = [
            p_of(rules.work, *conduct, b, luck.draw("someone", step, 0)) for step in range(2000)
        ]
        assert rules.expected_p(conduct, b) == pytest.approx(sum(drawn) / 2000, abs=0.02)


def test_shirking_pays_the_one_who_shirks_and_costs_both_together():
    rules = Rules(SandboxConfig(), Terms())

    def own_and_joint(conduct):
        p = rules.expected_p(conduct, 0.9)
        spent = rules.work.cost_initiator(conduct)
        own = rules.gain_initiator(p, 0.0) - spent
        return own, own + rules.gain_counterparty(p, 0.0, 0.0)

    worker, shirker = own_and_joint(Conduct(1.0, 1.0, 0)), own_and_joint(Conduct(0.3, 0.3, 3))
    assert shirker[0] > worker[0]
    assert shirker[1] < worker[1]


def test_the_noise_of_an_offer_depends_on_its_initiator_and_step_alone():
    luck = NoiseSource(Draws(7))
    first = luck.draw("ann", 4, 0)
    luck.draw("ben", 4, 0)
    assert NoiseSource(Draws(7)).draw("ann", 4, 0) == first
    assert len({first, luck.draw("ann", 5, 0), luck.draw("ben", 4, 0), luck.draw("ann", 4, 1)}) == 4
