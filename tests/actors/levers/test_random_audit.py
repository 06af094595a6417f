from typing import Any

import pytest

from gdg_runtime.actors.levers.built_in import IS_ON, RandomAudit
from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.economy.interaction import Interaction
from gdg_runtime.scenarios.interactions import Charges
from gdg_runtime.scenarios.schema.governance import GovernanceConfig
from gdg_runtime.scenarios.world import Moment

START = Moment(0, 0, 0, 0.0)
DRAWS = Draws(7)


def costs(p: float = 0.2, accepted: bool = True, **settings: Any) -> list[float]:
    """What the initiators of 1,000 alike interactions pay."""
    lever = RandomAudit(GovernanceConfig(audit_enabled=True, **settings))
    deal = Interaction(p=p, accepted=accepted, initiator="a", counterparty="b")
    answers = [
        lever.on_interaction(deal, DRAWS.stream("test", "audit", step), START)
        for step in range(1000)
    ]
    assert all(answer._replace(cost_a=0.0) == Charges() for answer in answers)
    return [answer.cost_a for answer in answers]


def test_audits_are_off_by_default_and_on_by_either_setting() -> None:
    assert not IS_ON[RandomAudit](GovernanceConfig())
    assert IS_ON[RandomAudit](GovernanceConfig(audit_enabled=True))
    assert IS_ON[RandomAudit](GovernanceConfig(audit_probability=0.2))
    assert not IS_ON[RandomAudit](GovernanceConfig(audit_enabled=False, audit_probability=0.2))


@pytest.mark.parametrize("chance", [0.1, 0.5])
def test_the_probability_is_the_share_that_is_audited(chance: float) -> None:
    audited = [cost for cost in costs(audit_probability=chance) if cost]
    assert len(audited) / 1000 == pytest.approx(chance, abs=0.05)
    assert audited == pytest.approx([0.6] * len(audited))


def test_the_probability_is_a_tenth_where_only_audits_are_enabled() -> None:
    assert costs() == costs(audit_probability=0.1)


def test_probability_0_audits_nothing_and_1_everything() -> None:
    assert not any(costs(audit_probability=0.0))
    assert all(costs(audit_probability=1.0))


def test_a_rejected_interaction_is_audited_too() -> None:
    assert costs(accepted=False) == costs(accepted=True)


def test_the_penalty_is_the_shortfall_times_the_multiplier() -> None:
    settings = {"audit_probability": 1.0, "audit_threshold_p": 0.7, "audit_penalty_multiplier": 3.0}
    assert costs(p=0.4, **settings)[0] == pytest.approx(0.9)
    assert costs(p=0.7, **settings)[0] == 0.0
    assert RandomAudit(GovernanceConfig(**settings)).terms() == settings


def test_threshold_and_multiplier_each_change_the_penalty() -> None:
    base = costs(audit_probability=1.0)
    assert costs(audit_probability=1.0, audit_threshold_p=0.3) != base
    assert costs(audit_probability=1.0, audit_penalty_multiplier=1.0) != base
