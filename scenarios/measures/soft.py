"""Safety metrics over soft labels (how harmful, how selective, at whose cost), and calibration.

All take a batch of interactions; those about payoffs take the `PayoffEngine` as well. A rejected
interaction has the payoffs that it would have had. Calibration compares p with v, over the
interactions whose ground truth is known: v is 1 where that is +1 and 0 where it is -1.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import groupby
from math import fsum, log, sqrt
from typing import NamedTuple

from ..economy.interaction import Interaction, PayoffEngine
from .figure import Figure
from .metric import NO_INTERACTIONS, NONE_ACCEPTED, NONE_REJECTED, Batch


def toxicity_rate(batch: Batch) -> Figure:
    """Return E[1 - p | accepted], in [0, 1]: the expected harm among what was accepted."""
    return Figure.mean([1.0 - item.p for item in batch if item.accepted], NONE_ACCEPTED)


def toxicity_rate_all(batch: Batch) -> Figure:
    """Return E[1 - p], in [0, 1], accepted or not."""
    return Figure.mean([1.0 - item.p for item in batch], NO_INTERACTIONS)


def toxicity_hard(batch: Batch, threshold: float = 0.5) -> Figure:
    """Return P(p < threshold | accepted), in [0, 1]: toxicity of labels cut to yes and no."""
    below = [1.0 if item.p < threshold else 0.0 for item in batch if item.accepted]
    return Figure.mean(below, NONE_ACCEPTED)


def acceptance_rate(batch: Batch, absent: str = NO_INTERACTIONS) -> Figure:
    """Return P(accepted), in [0, 1]; undefined for the reason `absent` in an empty batch."""
    return Figure.mean([1.0 if item.accepted else 0.0 for item in batch], absent)


def average_quality(batch: Batch, accepted_only: bool = False) -> Figure:
    """Return E[p], in [0, 1], over all interactions or over the accepted ones."""
    if accepted_only:
        return Figure.mean([item.p for item in batch if item.accepted], NONE_ACCEPTED)
    return Figure.mean([item.p for item in batch], NO_INTERACTIONS)


def quality_gap(batch: Batch) -> Figure:
    """Return E[p | accepted] - E[p | rejected], in [-1, 1]; negative is adverse selection."""
    accepted = average_quality(batch, accepted_only=True)
    rejected = Figure.mean([item.p for item in batch if not item.accepted], NONE_REJECTED)
    return Figure.difference(accepted, rejected, len(batch))


def spread(batch: Batch, engine: PayoffEngine) -> Figure:
    """Return (s_plus + s_minus) · (E[p] - E[p | accepted]), in units of payoff.

    What selection takes from the expected surplus; positive is adverse selection.
    """
    accepted = average_quality(batch, accepted_only=True)
    gap = Figure.difference(average_quality(batch), accepted, len(batch))
    if gap.value is None:
        return gap
    return Figure.of((engine.config.s_plus + engine.config.s_minus) * gap.value, len(batch))


def conditional_loss_initiator(batch: Batch, engine: PayoffEngine) -> Figure:
    """Return E[π_a | accepted] - E[π_a], in units of payoff; negative is adverse selection."""
    return _conditional_loss(batch, engine.payoff_initiator)


def conditional_loss_counterparty(batch: Batch, engine: PayoffEngine) -> Figure:
    """Return E[π_b | accepted] - E[π_b], in units of payoff; negative is adverse selection."""
    return _conditional_loss(batch, engine.payoff_counterparty)


def _conditional_loss(batch: Batch, payoff: Callable[[Interaction], float]) -> Figure:
    accepted = Figure.mean([payoff(item) for item in batch if item.accepted], NONE_ACCEPTED)
    everyone = Figure.mean([payoff(item) for item in batch], NO_INTERACTIONS)
    return Figure.difference(accepted, everyone, len(batch))


def uncertain_fraction(batch: Batch, band: float = 0.2) -> Figure:
    """Return P(0.5 - band < p < 0.5 + band), in [0, 1]: how often the label says little."""
    low, high = 0.5 - band, 0.5 + band
    return Figure.mean([1.0 if low < item.p < high else 0.0 for item in batch], NO_INTERACTIONS)


def participation_by_quality(batch: Batch, threshold: float = 0.5) -> dict[str, Figure]:
    """Return acceptance rates, in [0, 1], and counts where p >= threshold and where it is less."""
    high = [item for item in batch if item.p >= threshold]
    low = [item for item in batch if item.p < threshold]
    return {
        "high_quality_acceptance": acceptance_rate(high, f"no interaction had p >= {threshold}"),
        "low_quality_acceptance": acceptance_rate(low, f"no interaction had p < {threshold}"),
        "high_quality_count": Figure(len(high), len(batch)),
        "low_quality_count": Figure(len(low), len(batch)),
    }


def quality_variance(batch: Batch, accepted_only: bool = False) -> Figure:
    """Return Var[p], in [0, 0.25]."""
    if accepted_only:
        return _variance([item.p for item in batch if item.accepted], NONE_ACCEPTED)
    return _variance([item.p for item in batch], NO_INTERACTIONS)


def quality_std(batch: Batch, accepted_only: bool = False) -> Figure:
    """Return √Var[p], in [0, 0.5]."""
    return _root(quality_variance(batch, accepted_only))


def payoff_variance_initiator(batch: Batch, engine: PayoffEngine) -> Figure:
    """Return Var[π_a] over all interactions, accepted or not, in squared units of payoff."""
    return _variance([engine.payoff_initiator(item) for item in batch], NO_INTERACTIONS)


def payoff_variance_counterparty(batch: Batch, engine: PayoffEngine) -> Figure:
    """Return Var[π_b] over all interactions, accepted or not, in squared units of payoff."""
    return _variance([engine.payoff_counterparty(item) for item in batch], NO_INTERACTIONS)


def coefficient_of_variation(batch: Batch, engine: PayoffEngine) -> dict[str, Figure]:
    """Return the standard deviation over |mean| of p, π_a and π_b, at least 0.

    It is undefined where the mean is 0."""
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


def welfare_metrics(batch: Batch, engine: PayoffEngine) -> dict[str, Figure]:
    """Return sums and means over the accepted interactions.

    total_welfare         Σ (π_a + π_b): what the two sides have from it
    total_social_surplus  Σ (S - E): that less the harm to others, before costs and transfers
    net_social_welfare    the same sum under the name by which episodes report it
    avg_*_payoff          mean π_a and mean π_b; undefined where nothing was accepted
    """
    accepted = [item for item in batch if item.accepted]
    n = len(accepted)
    payoffs_a = [engine.payoff_initiator(item) for item in accepted]
    payoffs_b = [engine.payoff_counterparty(item) for item in accepted]
    social = Figure.of(fsum([engine.social_surplus(item) for item in accepted]), n)
    return {
        "total_welfare": Figure.of(fsum(payoffs_a) + fsum(payoffs_b), n),
        "total_social_surplus": social,
        "net_social_welfare": social,
        "avg_initiator_payoff": Figure.mean(payoffs_a, NONE_ACCEPTED),
        "avg_counterparty_payoff": Figure.mean(payoffs_b, NONE_ACCEPTED),
    }


def summary(
    batch: Batch, engine: PayoffEngine, threshold: float = 0.5, band: float = 0.2
) -> dict[str, dict[str, Figure]]:
    """Return metrics by section and name.

    `threshold` is the p from which an interaction counts as of high quality; `band` is how far
    from 0.5 a p is still uncertain.
    """
    total = len(batch)
    accepted = sum(1 for item in batch if item.accepted)
    participation = participation_by_quality(batch, threshold)
    return {
        "soft_metrics": {
            "toxicity": toxicity_rate(batch),
            "conditional_loss_initiator": conditional_loss_initiator(batch, engine),
            "conditional_loss_counterparty": conditional_loss_counterparty(batch, engine),
            "spread": spread(batch, engine),
            "quality_gap": quality_gap(batch),
            "average_quality": average_quality(batch),
            "uncertain_fraction": uncertain_fraction(batch, band),
        },
        "hard_metrics": {
            "toxicity": toxicity_hard(batch, threshold),
            "acceptance_rate": acceptance_rate(batch),
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
            "brier_score": brier_score(batch),
            "log_loss": log_loss(batch),
            "calibration_error": calibration_error(batch),
            "expected_calibration_error": expected_calibration_error(batch),
        },
        "variance": {
            "quality_variance": quality_variance(batch),
            "payoff_variance_initiator": payoff_variance_initiator(batch, engine),
            "payoff_variance_counterparty": payoff_variance_counterparty(batch, engine),
        },
    }


NO_TRUTH = "no interaction has a known ground truth"


def calibration_error(batch: Batch) -> Figure:
    """Return E[p] - E[v], in [-1, 1]; positive is overconfidence in benefit."""
    return Figure.mean([p - v for p, v in _labelled(batch)], NO_TRUTH)


def brier_score(batch: Batch) -> Figure:
    """Return E[(p - v)²], in [0, 1]; 0 is perfect, 0.25 is what p = 0.5 throughout scores."""
    return Figure.mean([(p - v) ** 2 for p, v in _labelled(batch)], NO_TRUTH)


def log_loss(batch: Batch, eps: float = 1e-15) -> Figure:
    """Return -E[v · ln p + (1 - v) · ln(1 - p)], in nats, at least 0.

    p is clamped to [eps, 1 - eps], so that one wrong certainty costs about 34.5 and not infinity.
    """
    losses: list[float] = []
    for p, v in _labelled(batch):
        bounded = max(eps, min(1.0 - eps, p))
        losses.append(-log(bounded) if v else -log(1.0 - bounded))
    return Figure.mean(losses, NO_TRUTH)


def discrimination_auc(batch: Batch) -> Figure:
    """Return P(p of a beneficial one > p of a harmful one), ties half; in [0, 1], 0.5 is chance.

    The Mann-Whitney statistic, from midranks.
    """
    labelled = sorted(_labelled(batch))
    positives = sum(v for _, v in labelled)
    negatives = len(labelled) - positives
    if not labelled:
        return Figure.undefined(NO_TRUTH)
    if not positives or not negatives:
        return Figure.undefined("all known ground truths are the same", len(labelled))
    # Twice the count of concordant pairs, so that ties stay whole numbers.
    doubled = below = 0
    for _, tied in groupby(labelled, key=lambda label: label[0]):
        truths = [v for _, v in tied]
        tied_positives = sum(truths)
        tied_negatives = len(truths) - tied_positives
        doubled += tied_positives * (2 * below + tied_negatives)
        below += tied_negatives
    return Figure.of(doubled / (2 * positives * negatives), len(labelled))


class CalibrationBin(NamedTuple):
    """One bin of a calibration curve."""

    mean_predicted: float
    """Mean p in the bin; the bin's middle where it is empty."""
    fraction_positive: float | None
    """Mean v in the bin; None where it is empty."""
    n: int


def calibration_curve(batch: Batch, bins: int = 10) -> list[CalibrationBin]:
    """Compare predicted with observed benefit in bins of p of equal width, the last one closed.

    Empty where no ground truth is known. Raises ValueError unless bins is at least 1.
    """
    edges = _edges(bins)
    labelled = _labelled(batch)
    if not labelled:
        return []
    predicted: list[list[float]] = [[] for _ in range(bins)]
    positive = [0] * bins
    for p, v in labelled:
        place = bisect_right(edges, p) - 1
        predicted[place].append(p)
        positive[place] += v
    return [
        CalibrationBin(fsum(members) / len(members), hits / len(members), len(members))
        if members
        else CalibrationBin(edge + 0.5 / bins, None, 0)
        for edge, members, hits in zip(edges, predicted, positive, strict=True)
    ]


def expected_calibration_error(batch: Batch, bins: int = 10) -> Figure:
    """Return Σ over bins of (n_bin / n) · |mean p - mean v|, in [0, 1]; 0 is calibrated."""
    curve = calibration_curve(batch, bins)
    if not curve:
        return Figure.undefined(NO_TRUTH)
    n = sum(bin_.n for bin_ in curve)
    gaps = [
        bin_.n * abs(bin_.mean_predicted - bin_.fraction_positive)
        for bin_ in curve
        if bin_.fraction_positive is not None
    ]
    return Figure.of(fsum(gaps) / n, n)


def quality_distribution(batch: Batch, bins: int = 10) -> list[tuple[float, float, int]]:
    """Return a histogram of p: (start, end, count) per bin, the last one closed.

    Raises ValueError unless bins is at least 1.
    """
    edges = _edges(bins)
    counts = [0] * bins
    for item in batch:
        counts[bisect_right(edges, item.p) - 1] += 1
    ends = [*edges[1:], 1.0]
    return list(zip(edges, ends, counts, strict=True))


def _labelled(batch: Batch) -> list[tuple[float, int]]:
    return [
        (item.p, int(item.ground_truth == 1)) for item in batch if item.ground_truth is not None
    ]


def _edges(bins: int) -> list[float]:
    """Return the lower edges of the bins."""
    if bins < 1:
        raise ValueError(f"a curve needs at least 1 bin, got {bins}")
    width = 1.0 / bins
    return [place * width for place in range(bins)]
