import pytest

from gdg_runtime.actors.levers.built_in import IS_ON, Staking
from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.economy.interaction import Interaction
from gdg_runtime.scenarios.interactions import Account, Charges
from gdg_runtime.scenarios.schema.governance import GovernanceConfig
from gdg_runtime.scenarios.world import Moment

START = Moment(0, 0, 0, 0.0)
RNG = Draws(0).stream("test", "staking")
PROPOSE = Action(tool="propose")


def rule(lever: Staking, resources: float, action: Action = PROPOSE) -> str | None:
    return lever.on_action(Account("a", resources), action, START)


def settle(lever: Staking, p: float, accepted: bool = True) -> Charges:
    deal = Interaction(p=p, accepted=accepted, initiator="a", counterparty="b")
    return lever.on_interaction(deal, RNG, START)


def test_staking_is_off_by_default_and_on_by_either_setting() -> None:
    assert not IS_ON[Staking](GovernanceConfig())
    assert IS_ON[Staking](GovernanceConfig(staking_enabled=True))
    assert IS_ON[Staking](GovernanceConfig(min_stake_to_participate=1.0))
    assert not IS_ON[Staking](GovernanceConfig(staking_enabled=False, min_stake_to_participate=1))


@pytest.mark.parametrize(("minimum", "resources"), [(10.0, 9.999), (50.0, 20.0)])
def test_an_agent_below_the_minimum_is_told_what_it_lacks(minimum: float, resources: float) -> None:
    lever = Staking(GovernanceConfig(min_stake_to_participate=minimum))
    reason = rule(lever, resources)
    assert reason is not None and f"at least {minimum:g}" in reason
    assert rule(lever, minimum) is None


def test_the_minimum_is_10_where_only_staking_is_enabled() -> None:
    lever = Staking(GovernanceConfig(staking_enabled=True))
    assert rule(lever, 10.0) is None
    assert rule(lever, 9.0) is not None


def test_a_noop_needs_no_stake() -> None:
    lever = Staking(GovernanceConfig(staking_enabled=True))
    assert rule(lever, 0.0, NOOP) is None


def test_an_initiator_loses_its_share_of_what_it_had_for_a_very_low_p() -> None:
    lever = Staking(GovernanceConfig(staking_enabled=True, stake_slash_rate=0.5))
    rule(lever, 40.0)
    assert settle(lever, 0.1) == Charges(resource_deltas={"a": -20.0})
    assert settle(lever, 0.1) == Charges(resource_deltas={"a": -10.0})


def test_nothing_is_slashed_for_a_better_p_a_rejection_or_an_agent_that_never_acted() -> None:
    lever = Staking(GovernanceConfig(staking_enabled=True, stake_slash_rate=0.5))
    assert settle(lever, 0.1) == Charges()
    rule(lever, 40.0)
    assert settle(lever, 0.2) == Charges()
    assert settle(lever, 0.1, accepted=False) == Charges()


def test_rate_and_threshold_each_change_what_is_slashed() -> None:
    none = Staking(GovernanceConfig(staking_enabled=True))
    rule(none, 40.0)
    assert settle(none, 0.0) == Charges()
    strict = Staking(
        GovernanceConfig(staking_enabled=True, stake_slash_rate=0.1, stake_slash_threshold_p=0.9)
    )
    rule(strict, 40.0)
    assert settle(strict, 0.8) == Charges(resource_deltas={"a": -4.0})
    assert strict.terms() == {
        "min_stake_to_participate": 10.0,
        "stake_slash_rate": 0.1,
        "stake_slash_threshold_p": 0.9,
    }
