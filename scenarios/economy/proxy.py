"""From what was observed of an interaction to its soft label: observables → v_hat → p.

The weights are the sandbox seed's; the shapes of the signals are those of the reference cases.
The calibrated sigmoid is p = 1 / (1 + exp(-k · v_hat)), with k as its sharpness.
"""

from math import exp, log
from typing import Annotated, NamedTuple

from pydantic import Field

from ..schema.sections import Section

REACH = 10.0
"""Scores are clamped to [-REACH, REACH]; the proxy's own lie in [-1, 1]."""


def sigmoid(v_hat: float, k: float = 2.0) -> float:
    """Return P(v = +1) = 1 / (1 + exp(-k · v_hat)), in [0, 1], for any k and any score."""
    x = k * (v_hat if -REACH <= v_hat <= REACH else max(-REACH, min(REACH, v_hat)))
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    odds = exp(x)
    return odds / (1.0 + odds)


def inverse_sigmoid(p: float, k: float = 2.0) -> float:
    """Return the score whose probability is p: ln(p / (1 - p)) / k.

    Raises ValueError unless 0 < p < 1 and k is not 0: no score has that probability.
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"only a p between 0 and 1, both excluded, has a score; got {p}")
    if k == 0.0:
        raise ValueError("with k = 0 every score has p = 0.5; the inverse needs another k")
    return log(p / (1.0 - p)) / k


def sigmoid_derivative(v_hat: float, k: float = 2.0) -> float:
    """Return dp / dv_hat = k · p · (1 - p): how much p moves for a small change of the score."""
    p = sigmoid(v_hat, k)
    return k * p * (1.0 - p)


def sigmoid_bounds(k: float = 2.0) -> tuple[float, float]:
    """Return the least and the greatest p that a score in [-1, 1] can reach."""
    return sigmoid(-1.0, k), sigmoid(1.0, k)


def uncertainty_band(k: float = 2.0, threshold: float = 0.1) -> tuple[float, float]:
    """Return the scores between which p is within `threshold` (in (0, 0.5)) of 0.5."""
    return inverse_sigmoid(0.5 - threshold, k), inverse_sigmoid(0.5 + threshold, k)


Weight = Annotated[float, Field(ge=0.0, le=1e6)]
Decay = Annotated[float, Field(ge=0.0, le=1.0)]


class Observables(NamedTuple):
    """The signs of an interaction that can be seen from downstream, without anyone's intent."""

    task_progress_delta: float = 0.0
    """Progress on the task, -1 (undone) to 1 (done); clamped."""
    rework_count: int = 0
    """Rounds of rework, at least 0."""
    verifier_rejections: int = 0
    """Times a verifier turned the work down, at least 0."""
    tool_misuse_flags: int = 0
    """Times a tool was used against its rules, at least 0."""
    counterparty_engagement_delta: float = 0.0
    """The counterparty's response, -1 (withdrew) to 1 (engaged); clamped."""


class ProxyWeights(Section):
    """Weights of the signals, normalised to a sum of 1; all 0 means equal weights."""

    task_progress: Weight = 0.4
    rework_penalty: Weight = 0.2
    verifier_penalty: Weight = 0.2
    engagement_signal: Weight = 0.2


class ProxyConfig(Section):
    """Computes p from observables."""

    weights: ProxyWeights = ProxyWeights()
    sigmoid_k: float = Field(default=2.0, ge=0.0, le=100.0)
    """Sharpness of the calibration; 0 makes every p 0.5."""
    rework_decay: Decay = 0.3
    """A signal of n counts is 2 · decay^n - 1: the smaller, the harder the first one weighs."""
    rejection_decay: Decay = 0.4
    misuse_decay: Decay = 0.5


class Signals(NamedTuple):
    """The four weighted signals, each in [-1, 1]."""

    task_progress: float
    rework: float
    verifier: float
    engagement: float


class ProxyComputer:
    """Computes soft labels from observables."""

    def __init__(self, config: ProxyConfig | None = None) -> None:
        self.config = config if config is not None else ProxyConfig()
        self._weights = _normalised(self.config.weights)

    def rework_signal(self, count: int) -> float:
        """Return 2 · rework_decay^count - 1, in [-1, 1]; 1 without rework."""
        return 2.0 * self.config.rework_decay**count - 1.0

    def rejection_signal(self, count: int) -> float:
        """Return 2 · rejection_decay^count - 1, in [-1, 1]; 1 without rejections."""
        return 2.0 * self.config.rejection_decay**count - 1.0

    def misuse_signal(self, count: int) -> float:
        """Return 2 · misuse_decay^count - 1, in [-1, 1]; 1 without misuse."""
        return 2.0 * self.config.misuse_decay**count - 1.0

    def signals(self, observables: Observables) -> Signals:
        """Return the signals; the verifier's is the mean of the rejection and the misuse signal."""
        rejection = self.rejection_signal(observables.verifier_rejections)
        misuse = self.misuse_signal(observables.tool_misuse_flags)
        return Signals(
            clamped(observables.task_progress_delta),
            self.rework_signal(observables.rework_count),
            (rejection + misuse) / 2.0,
            clamped(observables.counterparty_engagement_delta),
        )

    def compute(self, observables: Observables) -> tuple[float, float]:
        """Return (v_hat, p): the weighted mean of the signals in [-1, 1] and sigmoid(v_hat, k)."""
        progress, rework, verifier, engagement = self.signals(observables)
        w1, w2, w3, w4 = self._weights
        v_hat = clamped(w1 * progress + w2 * rework + w3 * verifier + w4 * engagement)
        return v_hat, sigmoid(v_hat, self.config.sigmoid_k)


def clamped(signal: float) -> float:
    """Bring a signal into [-1, 1]."""
    return signal if -1.0 <= signal <= 1.0 else max(-1.0, min(1.0, signal))


def _normalised(weights: ProxyWeights) -> tuple[float, float, float, float]:
    progress, rework = weights.task_progress, weights.rework_penalty
    verifier, engagement = weights.verifier_penalty, weights.engagement_signal
    total = progress + rework + verifier + engagement
    if total == 0.0:
        return (0.25, 0.25, 0.25, 0.25)
    return (progress / total, rework / total, verifier / total, engagement / total)
