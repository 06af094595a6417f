"""The calibrated sigmoid that turns a proxy score into a probability.

p = 1 / (1 + exp(-k · v_hat)), k being the sharpness of the calibration.
"""

from math import exp, log

REACH = 10.0
"""Scores are clamped to [-REACH, REACH]; the proxy's own lie in [-1, 1]."""


def sigmoid(v_hat: float, k: float = 2.0) -> float:
    """P(v = +1) = 1 / (1 + exp(-k · v_hat)), in [0, 1]; any k and any score, without overflow."""
    x = k * (v_hat if -REACH <= v_hat <= REACH else max(-REACH, min(REACH, v_hat)))
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    odds = exp(x)
    return odds / (1.0 + odds)


def inverse_sigmoid(p: float, k: float = 2.0) -> float:
    """The score whose probability is p: ln(p / (1 - p)) / k.

    Raises ValueError unless 0 < p < 1 and k is not 0: no score has that probability.
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"only a p between 0 and 1, both excluded, has a score; got {p}")
    if k == 0.0:
        raise ValueError("with k = 0 every score has p = 0.5; the inverse needs another k")
    return log(p / (1.0 - p)) / k


def sigmoid_derivative(v_hat: float, k: float = 2.0) -> float:
    """dp / dv_hat = k · p · (1 - p): how much p moves for a small change of the score."""
    p = sigmoid(v_hat, k)
    return k * p * (1.0 - p)


def sigmoid_bounds(k: float = 2.0) -> tuple[float, float]:
    """The least and the greatest p that a score in [-1, 1] can reach."""
    return sigmoid(-1.0, k), sigmoid(1.0, k)


def uncertainty_band(k: float = 2.0, threshold: float = 0.1) -> tuple[float, float]:
    """The scores between which p is within `threshold` (in (0, 0.5)) of 0.5."""
    return inverse_sigmoid(0.5 - threshold, k), inverse_sigmoid(0.5 + threshold, k)
