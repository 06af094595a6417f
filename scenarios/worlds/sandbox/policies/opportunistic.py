"""Opportunistic: maximises its own payoff under the rules as they are."""

from typing import NamedTuple

from pydantic import Field

from .....runtime.randomness import Stream
from ....actions import Action
from ....interactions import Decision, InteractionResult, Offer
from ....world import RngSource
from ..institutions.ranked_posts import PostView
from ..observation import SandboxObservation
from ..rules import Prospect, Rules
from ..work import Conduct
from .trader import EFFORTS, Stance, Trader, TraderParams, remember

_PARTNERS_KEPT = 64
_PARTNER_EFFORT = 0.7
_TRANSFERS = tuple([step / 20.0 for step in range(-12, 13)])
_DECLINED = Decision(accept=False, reason="too little in it for me")
_ROOM = 0.15
"""Distance that a careful agent keeps from the toxicity at which it would be frozen."""


class _Plans(NamedTuple):
    """The conduct that pays best."""

    free: Stance
    careful: Stance
    """The best among conduct that will not get it frozen."""
    joined: Decision
    """The acceptance, with the counterparty's effort that pays best."""


class Opportunistic(Trader):
    """Maximises its own π: shirks, exaggerates and haggles as far as it pays."""

    class Params(TraderParams):
        threshold: float = Field(default=0.05, ge=-10.0, le=10.0)
        """Own gain that an offer must promise before it is made or accepted."""
        exaggeration: float = Field(default=0.4, ge=0.0, le=1.0)
        """Most by which it promises more than it will do."""
        foresight: float = Field(default=0.2, ge=0.0, le=1.0)
        """Share of its real effort, as opposed to its promise, that it expects others to see."""
        haggle: float = Field(default=0.03, ge=0.0, le=1.0)
        """Change of the transfer it asks after each offer, down when refused, up when accepted."""

    params: Params

    def __init__(self, agent: str, params: Params | None = None) -> None:
        super().__init__(agent, params)
        self._partners: dict[str, None] = {}
        self._shift = 0.0
        self._question = ("opportunistic", self.params.exaggeration, self.params.foresight)

    def propose(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        plans = self._plans()
        stance = plans.careful if self.risks_freeze(_ROOM) else plans.free
        if stance.value < self.params.threshold:
            return None
        best = self.most_trusted(observation.peers)
        kind = "trade" if stance.tau < 0.0 else "service"
        tau = stance.tau + self._shift
        return self.offer_action(observation, best, stance.conduct, tau, kind)

    def decide(self, offer: Offer, rng: RngSource) -> Decision:
        joined = self._plans().joined
        gain = self.gain_of_joining(offer, joined.effort)
        return joined if gain > self.params.threshold else _DECLINED

    def update(self, outcome: InteractionResult) -> None:
        super().update(outcome)
        if not self.counts(outcome):
            return
        haggle = self.params.haggle
        if outcome.accepted:
            self._shift = max(-0.3, self._shift - haggle)
            remember(self._partners, outcome.other, None, _PARTNERS_KEPT)
        else:
            self._shift = min(0.3, self._shift + 2.0 * haggle)
            self._partners.pop(outcome.other, None)

    def judge(self, post: PostView) -> int:
        """Vote for those who deal with it, and against rivals whose posts draw attention."""
        if post.author in self._partners:
            return 1
        return -1 if post.net_votes >= 2.0 else 0

    def words(self, observation: SandboxObservation) -> str:
        return (
            f"Hour {observation.moment.hours:g}, {self.agent}: top work at the best price, "
            "ask me first."
        )

    def _plans(self) -> _Plans:
        return self.rules.once(self._question, lambda: _search(self.rules, self.params))


def _search(rules: Rules, params: Opportunistic.Params) -> _Plans:
    limit = rules.terms.freeze_threshold_toxicity
    kept_p = 0.0 if limit is None else 1.0 - limit + _ROOM
    # Where nothing stays as far from the limit as it likes, the safest must do.
    kept_p = min(kept_p, rules.expected_p(Conduct(1.0, 1.0, 0), _PARTNER_EFFORT))
    free = careful = Stance(Conduct(1.0, 1.0, 0), 0.0, float("-inf"))
    for effort in EFFORTS:
        for excess in (0.0, 0.5, 1.0):
            promise = min(1.0, effort + excess * params.exaggeration)
            for corners in range(4):
                conduct = Conduct(effort, promise, corners)
                prospect = rules.prospect(conduct, _PARTNER_EFFORT)
                for tau in _TRANSFERS:
                    value = _value(rules, params, conduct, prospect, tau)
                    if value > free.value:
                        free = Stance(conduct, tau, value)
                    if prospect.p >= kept_p and value > careful.value:
                        careful = Stance(conduct, tau, value)
    return _Plans(free, careful, Decision(accept=True, effort=_joining(rules)))


def _value(
    rules: Rules, params: Opportunistic.Params, conduct: Conduct, prospect: Prospect, tau: float
) -> float:
    """Return an offer's expected gain: its chance of being accepted times what it then brings."""
    p, penalty = prospect
    promised = rules.promised_p(conduct.promise)
    believed = promised + params.foresight * (p - promised)
    other = rules.gain_counterparty(believed, tau, rules.terms.tax(tau)[1])
    chance = 0.5 + other - rules.work.cost_counterparty(_PARTNER_EFFORT)
    own = rules.gain_initiator(p, tau, penalty) - rules.work.cost_initiator(conduct)
    return max(0.0, min(1.0, chance)) * own


def _joining(rules: Rules) -> float:
    """Return the counterparty's effort that pays best, with an initiator of middling effort."""
    conduct = Conduct(_PARTNER_EFFORT, _PARTNER_EFFORT, 0)

    def gain(effort: float) -> float:
        p = rules.expected_p(conduct, effort)
        return rules.gain_counterparty(p, 0.0, 0.0) - rules.work.cost_counterparty(effort)

    return max(EFFORTS, key=gain)
