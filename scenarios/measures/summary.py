"""Every metric of a batch at once, soft labels beside labels cut to yes and no."""

from ..economy.payoff import PayoffEngine
from . import calibration, dispersion, soft
from .figure import Figure
from .soft import Batch
from .welfare import welfare_metrics


def summary(
    batch: Batch, engine: PayoffEngine, threshold: float = 0.5, band: float = 0.2
) -> dict[str, dict[str, Figure]]:
    """Section → metric → figure.

    `threshold` is the p from which an interaction counts as of high quality; `band` is how far
    from 0.5 a p is still uncertain.
    """
    total = len(batch)
    accepted = sum(1 for item in batch if item.accepted)
    participation = soft.participation_by_quality(batch, threshold)
    return {
        "soft_metrics": {
            "toxicity": soft.toxicity_rate(batch),
            "conditional_loss_initiator": soft.conditional_loss_initiator(batch, engine),
            "conditional_loss_counterparty": soft.conditional_loss_counterparty(batch, engine),
            "spread": soft.spread(batch, engine),
            "quality_gap": soft.quality_gap(batch),
            "average_quality": soft.average_quality(batch),
            "uncertain_fraction": soft.uncertain_fraction(batch, band),
        },
        "hard_metrics": {
            "toxicity": soft.toxicity_hard(batch, threshold),
            "acceptance_rate": soft.acceptance_rate(batch),
            "high_quality_acceptance": participation["high_quality_acceptance"],
            "low_quality_acceptance": participation["low_quality_acceptance"],
        },
        "counts": {
            "total": Figure(total, total),
            "accepted": Figure(accepted, total),
            "rejected": Figure(total - accepted, total),
            "high_quality": participation["high_quality_count"],
            "low_quality": participation["low_quality_count"],
        },
        "welfare": welfare_metrics(batch, engine),
        "calibration": {
            "brier_score": calibration.brier_score(batch),
            "log_loss": calibration.log_loss(batch),
            "calibration_error": calibration.calibration_error(batch),
            "expected_calibration_error": calibration.expected_calibration_error(batch),
        },
        "variance": {
            "quality_variance": dispersion.quality_variance(batch),
            "payoff_variance_initiator": dispersion.payoff_variance_initiator(batch, engine),
            "payoff_variance_counterparty": dispersion.payoff_variance_counterparty(batch, engine),
        },
    }
