import pytest

from gdg_runtime.actors.levers.built_in import IS_ON, ReputationDecay
from gdg_runtime.scenarios.interactions import Account, Charges
from gdg_runtime.scenarios.schema.governance import GovernanceConfig
from gdg_runtime.scenarios.world import Moment

NEXT = Moment(1, 0, 10, 10.0)
ACCOUNTS = (
    Account("a", reputation=0.8),
    Account("b", reputation=-0.4),
    Account("c", reputation=0.0),
)


def test_decay_is_off_by_default() -> None:
    assert not IS_ON[ReputationDecay](GovernanceConfig())
    assert IS_ON[ReputationDecay](GovernanceConfig(reputation_decay_rate=0.95))


@pytest.mark.parametrize("rate", [0.0, 0.5, 0.95])
def test_every_reputation_is_multiplied_by_the_rate(rate: float) -> None:
    lever = ReputationDecay(GovernanceConfig(reputation_decay_rate=rate))
    deltas = lever.on_epoch_start(ACCOUNTS, NEXT).reputation_deltas
    assert list(deltas) == ["a", "b"]
    assert 0.8 + deltas["a"] == pytest.approx(0.8 * rate)
    assert -0.4 + deltas["b"] == pytest.approx(-0.4 * rate)
    assert lever.terms() == {"reputation_decay_rate": rate}


def test_where_nobody_has_a_reputation_nothing_changes() -> None:
    lever = ReputationDecay(GovernanceConfig(reputation_decay_rate=0.5))
    assert lever.on_epoch_start([Account("c")], NEXT) == Charges()
