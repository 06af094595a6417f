"""Safety metrics over soft labels: how harmful, how selective, at whose cost.

All take a batch of interactions; those about payoffs take the `PayoffEngine` as well. A rejected
interaction has the payoffs that it would have had.
"""

from collections.abc import Callable, Sequence

from ..economy.interaction import Interaction
from ..economy.payoff import PayoffEngine
from .figure import Figure

Batch = Sequence[Interaction]

NO_INTERACTIONS = "there were no interactions"
NONE_ACCEPTED = "no interaction was accepted"
NONE_REJECTED = "no interaction was rejected"


def toxicity_rate(batch: Batch) -> Figure:
    """E[1 - p | accepted], in [0, 1]: the expected harm among what was accepted."""
    return Figure.mean([1.0 - item.p for item in batch if item.accepted], NONE_ACCEPTED)


def toxicity_rate_all(batch: Batch) -> Figure:
    """E[1 - p], in [0, 1], accepted or not."""
    return Figure.mean([1.0 - item.p for item in batch], NO_INTERACTIONS)


def toxicity_hard(batch: Batch, threshold: float = 0.5) -> Figure:
    """P(p < threshold | accepted), in [0, 1]: toxicity where labels are cut to yes and no."""
    return Figure.mean(
        [1.0 if item.p < threshold else 0.0 for item in batch if item.accepted], NONE_ACCEPTED
    )


def acceptance_rate(batch: Batch) -> Figure:
    """P(accepted), in [0, 1]."""
    return Figure.mean([1.0 if item.accepted else 0.0 for item in batch], NO_INTERACTIONS)


def average_quality(batch: Batch, accepted_only: bool = False) -> Figure:
    """E[p], in [0, 1], over all interactions or over the accepted ones."""
    if accepted_only:
        return Figure.mean([item.p for item in batch if item.accepted], NONE_ACCEPTED)
    return Figure.mean([item.p for item in batch], NO_INTERACTIONS)


def quality_gap(batch: Batch) -> Figure:
    """E[p | accepted] - E[p | rejected], in [-1, 1]; negative is adverse selection."""
    accepted = average_quality(batch, accepted_only=True)
    rejected = Figure.mean([item.p for item in batch if not item.accepted], NONE_REJECTED)
    return Figure.difference(accepted, rejected, len(batch))


def spread(batch: Batch, engine: PayoffEngine) -> Figure:
    """(s_plus + s_minus) · (E[p] - E[p | accepted]), in units of payoff.

    What selection takes from the expected surplus; positive is adverse selection.
    """
    gap = Figure.difference(
        average_quality(batch), average_quality(batch, accepted_only=True), len(batch)
    )
    if gap.value is None:
        return gap
    return Figure.of((engine.config.s_plus + engine.config.s_minus) * gap.value, len(batch))


def conditional_loss_initiator(batch: Batch, engine: PayoffEngine) -> Figure:
    """E[π_a | accepted] - E[π_a], in units of payoff; negative is adverse selection."""
    return _conditional_loss(batch, engine.payoff_initiator)


def conditional_loss_counterparty(batch: Batch, engine: PayoffEngine) -> Figure:
    """E[π_b | accepted] - E[π_b], in units of payoff; negative is adverse selection."""
    return _conditional_loss(batch, engine.payoff_counterparty)


def _conditional_loss(batch: Batch, payoff: Callable[[Interaction], float]) -> Figure:
    accepted = Figure.mean([payoff(item) for item in batch if item.accepted], NONE_ACCEPTED)
    everyone = Figure.mean([payoff(item) for item in batch], NO_INTERACTIONS)
    return Figure.difference(accepted, everyone, len(batch))


def uncertain_fraction(batch: Batch, band: float = 0.2) -> Figure:
    """P(0.5 - band < p < 0.5 + band), in [0, 1]: how often the label says little."""
    low, high = 0.5 - band, 0.5 + band
    return Figure.mean([1.0 if low < item.p < high else 0.0 for item in batch], NO_INTERACTIONS)


def participation_by_quality(batch: Batch, threshold: float = 0.5) -> dict[str, Figure]:
    """Acceptance rates in [0, 1] where p >= threshold and where p < threshold, and the counts."""
    high = [item for item in batch if item.p >= threshold]
    low = [item for item in batch if item.p < threshold]
    return {
        "high_quality_acceptance": _acceptance(high, f"no interaction had p >= {threshold}"),
        "low_quality_acceptance": _acceptance(low, f"no interaction had p < {threshold}"),
        "high_quality_count": Figure(len(high), len(batch)),
        "low_quality_count": Figure(len(low), len(batch)),
    }


def _acceptance(batch: Batch, absent: str) -> Figure:
    return Figure.mean([1.0 if item.accepted else 0.0 for item in batch], absent)
