import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.scenarios.economy.interaction import Interaction, PayoffConfig, PayoffEngine
from gdg_runtime.scenarios.measures import soft
from gdg_runtime.scenarios.measures.figure import Figure
from gdg_runtime.scenarios.measures.metric import METRICS, EpochAccumulator
from gdg_runtime.scenarios.measures.soft import welfare_metrics

ELSEWHERE = {"participation_rate", "influence_gini", "mean_alignment"}

amounts = st.floats(0.0, 5.0)
engines = st.builds(
    PayoffEngine,
    st.builds(
        PayoffConfig,
        s_plus=amounts,
        s_minus=amounts,
        h=amounts,
        theta=st.floats(0.0, 1.0),
        rho_a=amounts,
        rho_b=amounts,
    ),
)
batches = st.lists(
    st.builds(
        Interaction,
        p=st.floats(0.0, 1.0),
        accepted=st.booleans(),
        tau=st.floats(-3.0, 3.0),
        c_a=amounts,
        c_b=amounts,
        r_a=st.floats(-1.0, 1.0),
        r_b=st.floats(-1.0, 1.0),
    ),
    max_size=40,
)


def run_through(
    accumulator: EpochAccumulator, engine: PayoffEngine, batch: list[Interaction]
) -> dict[str, Figure]:
    for item in batch:
        accumulator.add(item, engine.payoff_initiator(item), engine.payoff_counterparty(item))
    return accumulator.close()


def in_one_go(engine: PayoffEngine, batch: list[Interaction]) -> dict[str, Figure]:
    welfare = welfare_metrics(batch, engine)
    return {
        "toxicity_rate": soft.toxicity_rate(batch),
        "quality_gap": soft.quality_gap(batch),
        "conditional_loss_initiator": soft.conditional_loss_initiator(batch, engine),
        "conditional_loss_counterparty": soft.conditional_loss_counterparty(batch, engine),
        "total_welfare": welfare["total_welfare"],
        "net_social_welfare": welfare["net_social_welfare"],
        "average_quality": soft.average_quality(batch),
        "acceptance_rate": soft.acceptance_rate(batch),
        "interactions": Figure(len(batch), len(batch)),
        "accepted": Figure(sum(item.accepted for item in batch), len(batch)),
    }


@given(engines, st.lists(batches, min_size=1, max_size=3))
def test_the_running_figures_equal_those_of_the_batch_in_every_epoch(
    engine: PayoffEngine, epochs: list[list[Interaction]]
) -> None:
    accumulator = EpochAccumulator(engine)
    for batch in epochs:
        running = run_through(accumulator, engine, batch)
        whole = in_one_go(engine, batch)
        assert running.keys() == whole.keys()
        for name, figure in whole.items():
            assert running[name].n == figure.n, name
            assert running[name].reason == figure.reason, name
            assert running[name].value == pytest.approx(figure.value, abs=1e-9), name


def test_an_epoch_without_interactions_has_reasons_and_no_zeros() -> None:
    figures = EpochAccumulator(PayoffEngine()).close()
    for name in ("toxicity_rate", "quality_gap", "average_quality", "acceptance_rate"):
        assert figures[name].value is None
        assert figures[name].reason
    assert figures["interactions"].value == 0


def test_the_accumulator_does_not_grow_with_the_epoch() -> None:
    engine = PayoffEngine()
    accumulator = EpochAccumulator(engine)

    def size() -> int:
        parts = [getattr(accumulator, name) for name in ("_accepted", "_rejected")]
        return sum(
            sys.getsizeof(part) + sum(sys.getsizeof(getattr(part, slot)) for slot in part.__slots__)
            for part in parts
        )

    item = Interaction(p=0.4, accepted=True)
    accumulator.add(item, 0.1, 0.2)
    before = size()
    for _ in range(1000):
        accumulator.add(item, 0.1, 0.2)
    assert size() == before
    assert not hasattr(accumulator, "__dict__")


def test_the_catalogue_describes_exactly_what_an_episode_reports() -> None:
    figures = EpochAccumulator(PayoffEngine()).close()
    assert set(METRICS) == set(figures) | ELSEWHERE
    for name, description in METRICS.items():
        assert description.endswith("."), name
        assert len(description) > 30, name
