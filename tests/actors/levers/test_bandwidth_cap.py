import pytest

from gdg_runtime.actors.levers.built_in import IS_ON, BandwidthCap
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.interactions import Account
from gdg_runtime.scenarios.schema.governance import GovernanceConfig
from gdg_runtime.scenarios.world import Moment

POST = Action(tool="post")


def allowed(lever: BandwidthCap, agent: str, epoch: int, action: Action = POST) -> bool:
    return lever.on_action(Account(agent), action, Moment(epoch, 0, 0, 0.0)) is None


def test_the_cap_is_off_by_default() -> None:
    assert not IS_ON[BandwidthCap](GovernanceConfig())
    assert IS_ON[BandwidthCap](GovernanceConfig(bandwidth_cap=0))


@pytest.mark.parametrize("cap", [0, 1, 3])
def test_an_agent_can_act_so_many_times_in_each_epoch(cap: int) -> None:
    lever = BandwidthCap(GovernanceConfig(bandwidth_cap=cap))
    for epoch in (0, 1):
        assert [allowed(lever, "a", epoch) for _ in range(cap + 2)] == [True] * cap + [False] * 2
    assert lever.terms() == {"bandwidth_cap": cap}


def test_each_agent_has_its_own_allowance() -> None:
    lever = BandwidthCap(GovernanceConfig(bandwidth_cap=1))
    assert allowed(lever, "a", 0)
    assert allowed(lever, "b", 0)
    assert not allowed(lever, "a", 0)


def test_noops_are_free() -> None:
    lever = BandwidthCap(GovernanceConfig(bandwidth_cap=1))
    assert all(allowed(lever, "a", 0, NOOP) for _ in range(5))
    assert allowed(lever, "a", 0)
    assert allowed(lever, "a", 0, NOOP)


def test_the_reason_tells_the_cap() -> None:
    lever = BandwidthCap(GovernanceConfig(bandwidth_cap=0))
    reason = lever.on_action(Account("a"), POST, Moment(0, 0, 0, 0.0))
    assert reason is not None and "0 actions" in reason
