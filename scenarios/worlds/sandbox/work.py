"""From conduct to observables: what the work of two agents looks like from downstream.

Nothing here knows an agent's declared type. With e_a, e_b the sides' efforts, s the initiator's
share of the work, m the promise and k the corners cut:

    quality q     s·e_a + (1 - s)·e_b       (e_a alone where the offer was declined)
    progress      2q - 1 + noise
    rework        of `reviews`, each with chance rework_chance·(1 - q)
    rejections    of `reviews`, each with chance
                  rejection_base·(1 - q) + rejection_gap·max(0, m - q) + rejection_corner·k
    misuse        of k, each with chance corner_detection
    engagement    (2q - 1 + 2·e_b - 1) / 2 + noise   (engagement_rejected + noise if declined)

Each line takes one uniform draw, always the same one, and counts are quantiles of it. So under
the same noise more effort never looks worse, and two runs that differ in conduct alone can be
compared draw by draw.
"""

from typing import NamedTuple

from ....runtime.randomness import Draws, Stream
from ...economy.proxy import Observables, clamped
from .config import WorkConfig


class Noise(NamedTuple):
    """The random part of an interaction: five draws, uniform in [0, 1)."""

    progress: float
    rework: float
    rejection: float
    misuse: float
    engagement: float


class Conduct(NamedTuple):
    """The work that an initiator puts behind its offer."""

    effort: float
    """0 to 1, hidden."""
    promise: float
    """Quality promised, 0 to 1, public."""
    corners: int
    """Corners cut, 0 to 3, hidden."""


class Work:
    """The process by which work becomes visible, and what it costs those who do it."""

    def __init__(self, config: WorkConfig) -> None:
        self.config = config

    def observe(self, conduct: Conduct, effort_b: float | None, noise: Noise) -> Observables:
        """Return what can be seen of the work; `effort_b` is None where the offer was declined."""
        config = self.config
        effort_a, promise, corners = conduct
        quality, share = effort_a, config.initiator_share
        if effort_b is not None:
            quality = share * effort_a + (1.0 - share) * effort_b
        flaws = 1.0 - quality
        rejection = config.rejection_base * flaws + config.rejection_corner * corners
        if promise > quality:
            rejection += config.rejection_gap * (promise - quality)
        engagement = config.engagement_rejected if effort_b is None else quality + effort_b - 1.0
        return Observables(
            clamped(2.0 * quality - 1.0 + config.progress_noise * (2.0 * noise.progress - 1.0)),
            _count(noise.rework, config.reviews, config.rework_chance * flaws),
            _count(noise.rejection, config.reviews, rejection),
            _count(noise.misuse, corners, config.corner_detection),
            clamped(engagement + config.engagement_noise * (2.0 * noise.engagement - 1.0)),
        )

    def cost_initiator(self, conduct: Conduct) -> float:
        """Return the initiator's private cost; below 0 where the corners cut save more."""
        config = self.config
        spent = config.effort_cost * config.initiator_share * conduct.effort
        return spent - config.corner_saving * conduct.corners

    def cost_counterparty(self, effort: float) -> float:
        """Return the counterparty's private cost, at least 0."""
        config = self.config
        return config.effort_cost * (1.0 - config.initiator_share) * effort


class NoiseSource:
    """Draws the noise of interactions, keyed by initiator and step."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._streams: dict[tuple[str, int], Stream] = {}

    def draw(self, initiator: str, step: int, nth: int) -> Noise:
        """Draw the noise of the initiator's nth offer (from 0) in the step with this index."""
        key = (initiator, nth)
        if key not in self._streams:
            purpose = initiator if not nth else f"{initiator}\0{nth}"
            self._streams[key] = self._draws.stream("world/work", purpose)
        uniform = self._streams[key].at(step).random
        return Noise(*[uniform() for _ in Noise._fields])


def _count(uniform: float, trials: int, chance: float) -> int:
    """Return a binomial count's quantile at `uniform`: it never falls when the chance rises."""
    if not trials or chance <= 0.0:
        return 0
    if chance >= 1.0:
        return trials
    miss = 1.0 - chance
    odds = chance / miss
    term = miss**trials
    reached = term
    count = 0
    while uniform >= reached and count < trials:
        term *= odds * (trials - count) / (count + 1)
        count += 1
        reached += term
    return count
