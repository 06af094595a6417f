from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gdg_runtime.scenarios.economy.interaction import Interaction, PayoffConfig, PayoffEngine

amounts = st.floats(0.0, 10.0)
configs = st.builds(
    PayoffConfig,
    s_plus=amounts,
    s_minus=amounts,
    h=amounts,
    theta=st.floats(0.0, 1.0),
    rho_a=amounts,
    rho_b=amounts,
    w_rep=amounts,
)
interactions = st.builds(
    Interaction,
    p=st.floats(0.0, 1.0),
    accepted=st.booleans(),
    tau=st.floats(-10.0, 10.0),
    c_a=amounts,
    c_b=amounts,
    r_a=st.floats(-1.0, 1.0),
    r_b=st.floats(-1.0, 1.0),
)

DEAL = Interaction(p=0.6, accepted=True, tau=0.1, c_a=0.05, c_b=0.02, r_a=0.3, r_b=-0.2)


@given(configs, interactions)
def test_the_transfer_moves_payoff_between_the_sides_and_makes_none(
    config: PayoffConfig, deal: Interaction
) -> None:
    engine = PayoffEngine(config)
    before = engine.total_welfare(deal)
    deal.tau += 1.0
    assert engine.total_welfare(deal) == pytest.approx(before, abs=1e-9)


@given(configs, interactions)
def test_the_sides_have_surplus_and_reputation_less_costs_and_harm_borne(
    config: PayoffConfig, deal: Interaction
) -> None:
    engine = PayoffEngine(config)
    surplus, harm = engine.expected_surplus(deal.p), engine.expected_harm(deal.p)
    assert engine.total_welfare(deal) == pytest.approx(
        surplus
        - deal.c_a
        - deal.c_b
        - (config.rho_a + config.rho_b) * harm
        + config.w_rep * (deal.r_a + deal.r_b),
        abs=1e-9,
    )
    assert engine.social_surplus(deal) == pytest.approx(surplus - harm, abs=1e-9)


@given(configs)
def test_surplus_and_social_surplus_are_zero_at_their_break_even_points(
    config: PayoffConfig,
) -> None:
    engine = PayoffEngine(config)
    p, social = engine.break_even_p(), engine.social_break_even_p()
    if p is not None:
        assert engine.expected_surplus(p) == pytest.approx(0.0, abs=1e-9)
    if social is not None:
        assert engine.social_surplus_at(social) == pytest.approx(0.0, abs=1e-9)


def test_without_stakes_there_is_no_break_even_point() -> None:
    engine = PayoffEngine(PayoffConfig(s_plus=0.0, s_minus=0.0, h=0.0))
    assert engine.break_even_p() is None
    assert engine.social_break_even_p() is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("s_plus", 3.0),
        ("s_minus", 1.5),
        ("h", 2.5),
        ("theta", 0.7),
        ("rho_a", 0.5),
        ("rho_b", 0.5),
        ("w_rep", 2.0),
    ],
)
def test_each_setting_changes_a_payoff_or_the_social_surplus(setting: str, value: float) -> None:
    def worth(config: PayoffConfig) -> tuple[float, float, float]:
        engine = PayoffEngine(config)
        return (
            engine.payoff_initiator(DEAL),
            engine.payoff_counterparty(DEAL),
            engine.social_surplus(DEAL),
        )

    assert worth(PayoffConfig.model_validate({setting: value})) != worth(PayoffConfig())


def test_harm_is_borne_only_by_the_share_that_is_set() -> None:
    free, borne = PayoffEngine(), PayoffEngine(PayoffConfig(rho_a=0.5))
    lost = free.payoff_initiator(DEAL) - borne.payoff_initiator(DEAL)
    assert lost == pytest.approx(0.5 * free.expected_harm(DEAL.p))
    assert borne.payoff_counterparty(DEAL) == free.payoff_counterparty(DEAL)


@pytest.mark.parametrize(
    "setting",
    [
        {"theta": 1.1},
        {"theta": -0.1},
        {"s_plus": -1.0},
        {"h": float("inf")},
        {"rho_a": -0.5},
        {"w_rep": -1.0},
        {"s_pluss": 1.0},
    ],
)
def test_a_setting_out_of_range_or_unknown_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PayoffConfig.model_validate(setting)
