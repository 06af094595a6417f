import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.scenarios.economy.interaction import Interaction, PayoffConfig, PayoffEngine
from gdg_runtime.scenarios.measures import soft
from gdg_runtime.scenarios.measures.soft import summary, welfare_metrics

ENGINE = PayoffEngine(PayoffConfig(rho_a=0.2, theta=0.6))

interactions = st.builds(
    Interaction, p=st.floats(0.0, 1.0), accepted=st.booleans(), tau=st.floats(-1.0, 1.0)
)
batches = st.lists(interactions, max_size=30)

ADVERSE = [
    Interaction(p=0.2, accepted=True),
    Interaction(p=0.3, accepted=True),
    Interaction(p=0.8, accepted=False),
    Interaction(p=0.9, accepted=False),
]
ALL_ACCEPTED = [Interaction(p=0.2, accepted=True), Interaction(p=0.6, accepted=True)]
NONE_ACCEPTED = [Interaction(p=0.2, accepted=False), Interaction(p=0.6, accepted=False)]


@given(batches)
def test_rates_stay_in_their_range(batch: list[Interaction]) -> None:
    for figure in (
        soft.toxicity_rate(batch),
        soft.toxicity_rate_all(batch),
        soft.toxicity_hard(batch),
        soft.acceptance_rate(batch),
        soft.average_quality(batch),
        soft.uncertain_fraction(batch),
    ):
        assert (figure.value is None) == (figure.reason is not None)
        assert figure.value is None or 0.0 <= figure.value <= 1.0


@given(batches)
def test_the_order_of_a_batch_does_not_matter(batch: list[Interaction]) -> None:
    assert summary(batch, ENGINE) == summary(batch[::-1], ENGINE)


@given(batches)
def test_every_undefined_figure_says_why(batch: list[Interaction]) -> None:
    for section in summary(batch, ENGINE).values():
        for name, figure in section.items():
            assert (figure.value is None) == (figure.reason is not None), name


def test_accepting_the_worse_ones_is_seen_as_adverse_selection() -> None:
    assert soft.quality_gap(ADVERSE).value == pytest.approx(-0.6)
    assert soft.spread(ADVERSE, PayoffEngine()).value == pytest.approx(0.9)
    assert soft.conditional_loss_initiator(ADVERSE, PayoffEngine()).value == pytest.approx(-0.45)


def test_the_two_sides_conditional_losses_differ_where_their_payoffs_do() -> None:
    initiator = soft.conditional_loss_initiator(ADVERSE, ENGINE)
    counterparty = soft.conditional_loss_counterparty(ADVERSE, ENGINE)
    assert initiator.value != counterparty.value


def test_what_needs_an_accepted_or_a_rejected_one_is_undefined_without() -> None:
    assert soft.toxicity_rate(NONE_ACCEPTED).reason == "no interaction was accepted"
    assert soft.quality_gap(NONE_ACCEPTED).reason == "no interaction was accepted"
    assert soft.quality_gap(ALL_ACCEPTED).reason == "no interaction was rejected"
    assert soft.spread(NONE_ACCEPTED, ENGINE).value is None
    assert soft.conditional_loss_initiator(NONE_ACCEPTED, ENGINE).value is None
    assert welfare_metrics(NONE_ACCEPTED, ENGINE)["avg_initiator_payoff"].value is None
    assert welfare_metrics(NONE_ACCEPTED, ENGINE)["total_welfare"].value == 0.0
    assert soft.toxicity_rate([]).n == 0


def test_where_all_are_accepted_selection_costs_nothing() -> None:
    assert soft.conditional_loss_initiator(ALL_ACCEPTED, ENGINE).value == 0.0
    assert soft.spread(ALL_ACCEPTED, ENGINE).value == 0.0


def test_a_figure_says_how_many_interactions_it_rests_on() -> None:
    assert soft.toxicity_rate(ADVERSE).n == 2
    assert soft.toxicity_rate_all(ADVERSE).n == 4
    assert soft.quality_gap(ADVERSE).n == 4


def test_the_band_and_the_thresholds_decide_what_counts() -> None:
    batch = [Interaction(p=0.45, accepted=True), Interaction(p=0.65, accepted=False)]
    assert soft.uncertain_fraction(batch).value == 1.0
    assert soft.uncertain_fraction(batch, band=0.1).value == 0.5
    assert soft.toxicity_hard(batch).value == 1.0
    assert soft.toxicity_hard(batch, threshold=0.4).value == 0.0
    assert soft.participation_by_quality(batch)["high_quality_count"].value == 1
    assert soft.participation_by_quality(batch, threshold=0.7)["high_quality_count"].value == 0
    high = soft.participation_by_quality(batch, threshold=0.7)["high_quality_acceptance"]
    assert high.reason == "no interaction had p >= 0.7"
    assert soft.average_quality(batch).value == pytest.approx(0.55)
    assert soft.average_quality(batch, accepted_only=True).value == 0.45


def test_the_summary_passes_threshold_and_band_on() -> None:
    batch = [Interaction(p=0.45, accepted=True), Interaction(p=0.65, accepted=False)]
    strict = summary(batch, ENGINE, threshold=0.4, band=0.1)
    assert strict["counts"]["high_quality"].value == 2
    assert strict["hard_metrics"]["toxicity"].value == 0.0
    assert strict["soft_metrics"]["uncertain_fraction"].value == 0.5


@given(batches)
def test_the_spread_of_quality_is_the_root_of_its_variance(batch: list[Interaction]) -> None:
    variance = soft.quality_variance(batch).value
    deviation = soft.quality_std(batch).value
    if variance is None or deviation is None:
        assert variance is deviation is None
    else:
        assert deviation**2 == pytest.approx(variance, abs=1e-12)
        assert 0.0 <= variance <= 0.25 + 1e-12


def test_variances_can_be_taken_over_the_accepted_ones_alone() -> None:
    assert soft.quality_variance(ADVERSE, accepted_only=True).value == pytest.approx(0.0025)
    assert soft.quality_std(ADVERSE, accepted_only=True).value == pytest.approx(0.05)
    assert soft.quality_variance(NONE_ACCEPTED, accepted_only=True).value is None


def test_variation_is_undefined_around_a_mean_of_0() -> None:
    flat = PayoffEngine(PayoffConfig(s_plus=0.0, s_minus=0.0))
    variation = soft.coefficient_of_variation(ADVERSE, flat)
    assert variation["cv_payoff_initiator"].reason == "the mean is 0"
    assert variation["cv_p"].value is not None
    assert soft.coefficient_of_variation([], flat)["cv_p"].value is None
