"""How much quality and payoffs vary within a batch (variances of the batch itself, over n)."""

from collections.abc import Sequence
from math import fsum, sqrt

from ..economy.payoff import PayoffEngine
from .figure import Figure
from .soft import NO_INTERACTIONS, NONE_ACCEPTED, Batch


def quality_variance(batch: Batch, accepted_only: bool = False) -> Figure:
    """Var[p], in [0, 0.25]."""
    if accepted_only:
        return _variance([item.p for item in batch if item.accepted], NONE_ACCEPTED)
    return _variance([item.p for item in batch], NO_INTERACTIONS)


def quality_std(batch: Batch, accepted_only: bool = False) -> Figure:
    """√Var[p], in [0, 0.5]."""
    return _root(quality_variance(batch, accepted_only))


def payoff_variance_initiator(batch: Batch, engine: PayoffEngine) -> Figure:
    """Var[π_a] over all interactions, accepted or not, in squared units of payoff."""
    return _variance([engine.payoff_initiator(item) for item in batch], NO_INTERACTIONS)


def payoff_variance_counterparty(batch: Batch, engine: PayoffEngine) -> Figure:
    """Var[π_b] over all interactions, accepted or not, in squared units of payoff."""
    return _variance([engine.payoff_counterparty(item) for item in batch], NO_INTERACTIONS)


def coefficient_of_variation(batch: Batch, engine: PayoffEngine) -> dict[str, Figure]:
    """Standard deviation over |mean|, at least 0, for p, π_a and π_b; undefined where the mean
    is 0."""
    return {
        "cv_p": _variation([item.p for item in batch]),
        "cv_payoff_initiator": _variation([engine.payoff_initiator(item) for item in batch]),
        "cv_payoff_counterparty": _variation([engine.payoff_counterparty(item) for item in batch]),
    }


def _variance(values: Sequence[float], absent: str) -> Figure:
    mean = Figure.mean(values, absent)
    if mean.value is None:
        return mean
    center = mean.value
    return Figure.of(fsum([(value - center) ** 2 for value in values]) / len(values), len(values))


def _root(variance: Figure) -> Figure:
    if variance.value is None:
        return variance
    return Figure.of(sqrt(variance.value), variance.n)


def _variation(values: Sequence[float]) -> Figure:
    mean = Figure.mean(values, NO_INTERACTIONS)
    deviation = _root(_variance(values, NO_INTERACTIONS))
    if mean.value is None or deviation.value is None:
        return deviation
    if mean.value == 0.0:
        return Figure.undefined("the mean is 0", len(values))
    return Figure.of(deviation.value / abs(mean.value), len(values))
