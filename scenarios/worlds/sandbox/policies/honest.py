"""Honest: works for the gain of both sides, promises what it delivers."""

from itertools import product
from typing import NamedTuple

from pydantic import Field

from .....runtime.randomness import Stream
from ....actions import Action
from ....interactions import Decision, InteractionResult, Offer
from ....world import RngSource
from ..institutions.ranked_posts import PostView
from ..observation import SandboxObservation
from ..rules import Rules
from ..work import Conduct
from .trader import EFFORTS, Trader, TraderParams, remember

_REFUSALS_KEPT = 64
_FRUITLESS = Decision(accept=False, reason="no joint gain to be expected")
_TOO_DEAR = Decision(accept=False, reason="the transfer asked is too high")


class _Craft(NamedTuple):
    """The conduct that is best for both sides together."""

    conduct: Conduct
    tau: float
    joined: Decision
    """The acceptance, with the counterparty's effort."""
    gain_a: float
    """Of the initiator before the transfer, effort paid."""


class Honest(Trader):
    """Maximises π_a + π_b; accepts where E[S] exceeds the costs."""

    class Params(TraderParams):
        least_effort: float = Field(default=0.8, ge=0.0, le=1.0)
        """Effort that it never stays below, whatever pays."""
        fairness: float = Field(default=0.25, ge=0.0, le=100.0)
        """Weight of equal shares against the tax that a transfer costs; 0 makes none."""
        sweetener: float = Field(default=0.08, ge=0.0, le=10.0)
        """Added to the transfer for each time a peer has refused in a row, up to 3."""
        generosity: float = Field(default=0.1, ge=0.0, le=10.0)
        """Own loss that it accepts where the other side gains more."""
        comparisons: int = Field(default=3, ge=1, le=100)
        """Peers among which it looks for the most trusted."""

    params: Params

    def __init__(self, agent: str, params: Params | None = None) -> None:
        super().__init__(agent, params)
        self._refusals: dict[str, int] = {}
        self._kept = 0
        self._question = ("honest", self.params.least_effort, self.params.fairness)

    def propose(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        craft = self._craft()
        best = self.most_trusted(observation.peers[: self.params.comparisons])
        tau = craft.tau
        refused = self._refusals.get(best)
        if refused:
            # No more than the work is worth to it: honest agents don't buy consent at a loss.
            tau = min(tau + self.params.sweetener * refused, max(tau, craft.gain_a))
        return self.offer_action(observation, best, craft.conduct, tau, "collaboration")

    def decide(self, offer: Offer, rng: RngSource) -> Decision:
        rules, craft = self.rules, self._craft()
        p = self.expected_p(offer)
        cost_a, cost_b = self.quoted(offer)
        effort_cost = rules.work.cost_counterparty(craft.joined.effort)
        surplus = rules.engine.expected_surplus(p) - cost_a - cost_b - effort_cost
        if surplus <= 0.0:
            return _FRUITLESS
        own = rules.gain_counterparty(p, offer.tau, cost_b) - effort_cost
        if own < -self.params.generosity:
            return _TOO_DEAR
        return craft.joined

    def update(self, outcome: InteractionResult) -> None:
        super().update(outcome)
        if outcome.accepted:
            self._kept += 1
        if not outcome.initiated:
            return
        if outcome.accepted:
            self._refusals.pop(outcome.other, None)
        else:
            refused = min(3, self._refusals.get(outcome.other, 0) + 1)
            remember(self._refusals, outcome.other, refused, _REFUSALS_KEPT)

    def judge(self, post: PostView) -> int:
        known = self.trust.experience(post.author)
        if known is None:
            return 0
        return 1 if known >= 0.6 else -1 if known < 0.4 else 0

    def words(self, observation: SandboxObservation) -> str:
        return (
            f"Hour {observation.moment.hours:g}, {self.agent}: {self._kept} pieces of work done "
            "with others; I promise what I can keep."
        )

    def _craft(self) -> _Craft:
        return self.rules.once(self._question, lambda: _best(self.rules, self.params))


def _best(rules: Rules, params: Honest.Params) -> _Craft:
    """Return the efforts that leave both sides together the most, and the transfer that shares
    it."""
    efforts = [effort for effort in EFFORTS if effort >= params.least_effort] or [1.0]

    def joint_gain(pair: tuple[float, float]) -> float:
        conduct = Conduct(pair[0], pair[0], 0)
        p = rules.expected_p(conduct, pair[1])
        gross = rules.gain_initiator(p, 0.0) + rules.gain_counterparty(p, 0.0, 0.0)
        return gross - rules.work.cost_initiator(conduct) - rules.work.cost_counterparty(pair[1])

    effort_a, effort_b = max(product(efforts, efforts), key=joint_gain)
    conduct = Conduct(effort_a, effort_a, 0)
    p = rules.expected_p(conduct, effort_b)
    gain_a = rules.gain_initiator(p, 0.0) - rules.work.cost_initiator(conduct)
    gain_b = rules.gain_counterparty(p, 0.0, 0.0) - rules.work.cost_counterparty(effort_b)
    joined = Decision(accept=True, effort=effort_b)
    return _Craft(conduct, _fair(gain_a - gain_b, rules, params.fairness), joined, gain_a)


def _fair(advantage: float, rules: Rules, fairness: float) -> float:
    """Return the τ that minimises fairness · (advantage - 2τ)² + rate · |τ|."""
    if not fairness:
        return 0.0
    wanted = advantage / 2.0
    size = max(0.0, abs(wanted) - rules.terms.transaction_tax_rate / (8.0 * fairness))
    return size if wanted > 0.0 else -size
