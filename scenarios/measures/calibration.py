"""Calibration: compare p with the truth, over the interactions whose ground truth is known.

v is 1 where the ground truth is +1 and 0 where it is -1.
"""

from bisect import bisect_right
from itertools import groupby
from math import fsum, log
from typing import NamedTuple

from .figure import Figure
from .metric import Batch

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
