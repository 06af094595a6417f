from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.actors.levers.built_in import IS_ON, WINDOW, CircuitBreaker
from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.economy.interaction import Interaction
from gdg_runtime.scenarios.interactions import Account, Charges
from gdg_runtime.scenarios.schema.governance import GovernanceConfig
from gdg_runtime.scenarios.world import Moment

RNG = Draws(0).stream("test", "breaker")
PROPOSE = Action(tool="propose")


def breaker(**settings: Any) -> CircuitBreaker:
    return CircuitBreaker(GovernanceConfig(circuit_breaker_enabled=True, **settings))


def at(epoch: int) -> Moment:
    return Moment(epoch, 0, 0, 0.0)


def initiate(lever: CircuitBreaker, p: float, epoch: int = 0, accepted: bool = True) -> Charges:
    deal = Interaction(p=p, accepted=accepted, initiator="a", counterparty="b")
    return lever.on_interaction(deal, RNG, at(epoch))


def denied(lever: CircuitBreaker, agent: str, epoch: int, action: Action = PROPOSE) -> bool:
    return lever.on_action(Account(agent), action, at(epoch)) is not None


def test_the_breaker_is_off_by_default_and_on_by_either_setting() -> None:
    assert not IS_ON[CircuitBreaker](GovernanceConfig())
    assert IS_ON[CircuitBreaker](GovernanceConfig(circuit_breaker_enabled=True))
    assert IS_ON[CircuitBreaker](GovernanceConfig(freeze_threshold_toxicity=0.6))
    assert not IS_ON[CircuitBreaker](
        GovernanceConfig(circuit_breaker_enabled=False, freeze_threshold_toxicity=0.6)
    )


def test_the_initiator_is_frozen_at_the_third_violation_and_only_it() -> None:
    lever = breaker()
    assert [initiate(lever, 0.1).freeze for _ in range(3)] == [(), (), ("a",)]
    assert denied(lever, "a", 0)
    assert not denied(lever, "b", 0)
    assert not denied(lever, "a", 0, NOOP)


def test_a_frozen_agent_is_told_until_when_and_why() -> None:
    lever = breaker(freeze_threshold_violations=1, freeze_duration_epochs=3)
    initiate(lever, 0.0, epoch=4)
    reason = lever.on_action(Account("a"), PROPOSE, at(4))
    assert reason is not None and "epoch 7" in reason and "0.7" in reason


def test_a_freeze_is_over_after_its_epochs_and_violations_start_from_0() -> None:
    lever = breaker(freeze_threshold_violations=2, freeze_duration_epochs=2)
    initiate(lever, 0.0)
    initiate(lever, 0.0)
    assert lever.standing("a").frozen_until == 2
    assert lever.on_epoch_start([], at(1)) == Charges()
    assert denied(lever, "a", 1)
    assert lever.on_epoch_start([], at(2)) == Charges(unfreeze=("a",))
    assert not denied(lever, "a", 2)
    assert lever.standing("a") == (1.0, 0, None)
    assert initiate(lever, 0.0, epoch=2) == Charges()
    assert initiate(lever, 0.0, epoch=2) == Charges(freeze=("a",))


def test_rejected_interactions_count_too() -> None:
    lever = breaker(freeze_threshold_violations=1)
    assert initiate(lever, 0.0, accepted=False).freeze == ("a",)


@pytest.mark.parametrize(
    "settings",
    [
        {"freeze_threshold_toxicity": 0.4},
        {"freeze_threshold_violations": 1},
        {"freeze_duration_epochs": 5},
    ],
)
def test_each_setting_changes_whom_the_breaker_denies_when(settings: dict[str, Any]) -> None:
    def history(lever: CircuitBreaker) -> list[bool]:
        seen: list[bool] = []
        for p in (0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0):
            initiate(lever, p)
            seen.append(denied(lever, "a", 0))
        for epoch in (1, 2, 3, 4, 5, 6):
            lever.on_epoch_start([], at(epoch))
            seen.append(denied(lever, "a", epoch))
        return seen

    assert history(breaker(**settings)) != history(breaker())
    assert settings.items() <= breaker(**settings).terms().items()


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40))
def test_the_mean_is_over_the_last_ten(ps: list[float]) -> None:
    lever = breaker()
    for p in ps:
        initiate(lever, p)
    last = [1.0 - p for p in ps[-WINDOW:]]
    assert lever.standing("a").mean_toxicity == pytest.approx(sum(last) / len(last), abs=1e-12)


def test_an_agent_that_initiated_nothing_has_no_mean() -> None:
    assert breaker().standing("a") == (None, 0, None)
