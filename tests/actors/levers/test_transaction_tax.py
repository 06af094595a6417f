import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.actors.levers.built_in import IS_ON, TransactionTax
from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.economy.interaction import Interaction
from gdg_runtime.scenarios.interactions import Charges
from gdg_runtime.scenarios.schema.governance import GovernanceConfig
from gdg_runtime.scenarios.world import Moment

START = Moment(0, 0, 0, 0.0)
RNG = Draws(0).stream("test", "tax")


def charged(config: GovernanceConfig, tau: float, accepted: bool = True) -> Charges:
    deal = Interaction(p=0.5, accepted=accepted, tau=tau, initiator="a", counterparty="b")
    return TransactionTax(config).on_interaction(deal, RNG, START)


def test_the_tax_is_off_by_default() -> None:
    assert not IS_ON[TransactionTax](GovernanceConfig())
    assert IS_ON[TransactionTax](GovernanceConfig(transaction_tax_rate=0.1))


@given(st.floats(-10.0, 10.0), st.floats(0.01, 1.0), st.floats(0.0, 1.0))
def test_an_accepted_interaction_pays_its_share_of_the_transfer_as_quoted(
    tau: float, rate: float, split: float
) -> None:
    config = GovernanceConfig(transaction_tax_rate=rate, transaction_tax_split=split)
    charges = charged(config, tau)
    assert charges.cost_a + charges.cost_b == pytest.approx(rate * abs(tau))
    assert charges.cost_a == pytest.approx(rate * abs(tau) * split)
    assert TransactionTax(config).quote(tau) == (charges.cost_a, charges.cost_b)


def test_a_rejected_interaction_pays_nothing() -> None:
    assert charged(GovernanceConfig(transaction_tax_rate=0.1), 0.5, accepted=False) == Charges()


def test_rate_and_split_each_change_the_tax() -> None:
    base = charged(GovernanceConfig(transaction_tax_rate=0.1), 1.0)
    assert charged(GovernanceConfig(transaction_tax_rate=0.2), 1.0) != base
    split = GovernanceConfig(transaction_tax_rate=0.1, transaction_tax_split=0.9)
    assert charged(split, 1.0) != base
    assert TransactionTax(split).terms() == {
        "transaction_tax_rate": 0.1,
        "transaction_tax_split": 0.9,
    }
