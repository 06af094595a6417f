from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gdg_runtime.scenarios.economy.proxy import (
    Observables,
    ProxyComputer,
    ProxyConfig,
    ProxyWeights,
)

counts = st.integers(0, 50)
observables = st.builds(
    Observables,
    task_progress_delta=st.floats(-5.0, 5.0),
    rework_count=counts,
    verifier_rejections=counts,
    tool_misuse_flags=counts,
    counterparty_engagement_delta=st.floats(-5.0, 5.0),
)

MIXED = Observables(
    task_progress_delta=-0.3,
    rework_count=3,
    verifier_rejections=2,
    tool_misuse_flags=1,
    counterparty_engagement_delta=0.6,
)


@given(observables)
def test_the_score_is_in_its_range_and_p_is_a_probability(seen: Observables) -> None:
    v_hat, p = ProxyComputer().compute(seen)
    assert -1.0 <= v_hat <= 1.0
    assert 0.0 <= p <= 1.0
    assert all(-1.0 <= signal <= 1.0 for signal in ProxyComputer().signals(seen))


@given(observables, st.sampled_from(["rework_count", "verifier_rejections", "tool_misuse_flags"]))
def test_one_more_fault_never_raises_p(seen: Observables, fault: str) -> None:
    worse = seen._replace(**{fault: getattr(seen, fault) + 1})
    assert ProxyComputer().compute(worse)[1] <= ProxyComputer().compute(seen)[1] + 1e-15


@given(observables)
def test_full_progress_and_engagement_never_lower_p(seen: Observables) -> None:
    better = seen._replace(task_progress_delta=1.0, counterparty_engagement_delta=1.0)
    assert ProxyComputer().compute(better)[1] >= ProxyComputer().compute(seen)[1] - 1e-15


def test_each_observable_moves_p() -> None:
    p = ProxyComputer().compute(MIXED)[1]
    for field in Observables._fields:
        changed = MIXED._replace(**{field: 0})
        assert ProxyComputer().compute(changed)[1] != p, field


@pytest.mark.parametrize(
    "setting",
    [
        {"sigmoid_k": 5.0},
        {"rework_decay": 0.9},
        {"rejection_decay": 0.9},
        {"misuse_decay": 0.9},
        {"weights": {"task_progress": 0.9}},
        {"weights": {"rework_penalty": 0.9}},
        {"weights": {"verifier_penalty": 0.9}},
        {"weights": {"engagement_signal": 0.9}},
    ],
)
def test_each_setting_moves_p(setting: dict[str, Any]) -> None:
    config = ProxyConfig.model_validate(setting)
    assert ProxyComputer(config).compute(MIXED)[1] != ProxyComputer().compute(MIXED)[1]


def test_weights_are_normalised() -> None:
    doubled = ProxyConfig(
        weights=ProxyWeights(
            task_progress=0.8, rework_penalty=0.4, verifier_penalty=0.4, engagement_signal=0.4
        )
    )
    assert ProxyComputer(doubled).compute(MIXED) == pytest.approx(ProxyComputer().compute(MIXED))


def test_the_verifier_signal_is_the_mean_of_rejection_and_misuse() -> None:
    computer = ProxyComputer()
    expected = (computer.rejection_signal(2) + computer.misuse_signal(1)) / 2.0
    assert computer.signals(MIXED).verifier == expected


def test_no_fault_is_a_full_signal_even_where_the_first_one_is_final() -> None:
    computer = ProxyComputer(ProxyConfig(rework_decay=0.0))
    assert computer.rework_signal(0) == 1.0
    assert computer.rework_signal(1) == -1.0


@pytest.mark.parametrize(
    "setting",
    [
        {"sigmoid_k": -1.0},
        {"sigmoid_k": float("nan")},
        {"rework_decay": 1.5},
        {"misuse_decay": -0.1},
        {"weights": {"task_progress": -1.0}},
        {"weights": {"kindness": 1.0}},
        {"decay": 0.5},
    ],
)
def test_a_setting_out_of_range_or_unknown_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProxyConfig.model_validate(setting)
