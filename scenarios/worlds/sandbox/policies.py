"""The four scripted types: honest, opportunistic, deceptive and adversarial.

What the first three plan follows from the public rules and their parameters alone, so it is worked
out once for all agents that share both.
"""

from itertools import product
from typing import NamedTuple

from pydantic import Field

from ....runtime.randomness import Stream
from ...actions import Action
from ...interactions import Decision, InteractionResult, Offer
from ...world import RngSource
from .institutions.ranked_posts import PostView
from .observation import SandboxObservation
from .rules import Rules
from .trader import EFFORTS, Trader, declined, joined, remember
from .work import Conduct

_PEERS_KEPT = 64
_MARKS_KEPT = 128
_ASKED = tuple([step / 20.0 for step in range(-12, 13)])
"""Transfers that an opportunist weighs."""
_MIDDLING = 0.7
"""Effort that an opportunist expects of its partner."""
_CAUTION = 0.15
"""Distance that a careful opportunist keeps from the toxicity at which it would be frozen."""


class _Stance(NamedTuple):
    """A plan for the work of one offer."""

    conduct: Conduct
    tau: float
    value: float
    """Expected gain of the offer, in units of payoff."""


class _Craft(NamedTuple):
    """The conduct that is best for both sides together."""

    conduct: Conduct
    tau: float
    effort: float
    """Of the counterparty."""
    gain_a: float
    """Of the initiator before the transfer, effort paid."""


class Honest(Trader):
    """Maximises π_a + π_b; accepts where E[S] exceeds the costs."""

    class Params(Trader.Params):
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

    def propose(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        conduct, tau, _, gain_a = self._craft()
        best = self.most_trusted(observation.peers[: self.params.comparisons])
        refused = self._refusals.get(best)
        if refused:
            # No more than the work is worth to it: honest agents don't buy consent at a loss.
            tau = min(tau + self.params.sweetener * refused, max(tau, gain_a))
        return self.offer_action(observation, best, conduct, tau, "collaboration")

    def decide(self, offer: Offer, rng: RngSource) -> Decision:
        rules, p = self.rules, self.expected_p(offer)
        effort = self._craft().effort
        cost_a, cost_b = self.quoted(offer)
        effort_cost = rules.work.cost_counterparty(effort)
        if rules.engine.expected_surplus(p) - cost_a - cost_b - effort_cost <= 0.0:
            return declined("no joint gain to be expected")
        own = rules.gain_counterparty(p, offer.tau, cost_b) - effort_cost
        if own < -self.params.generosity:
            return declined("the transfer asked is too high")
        return joined(effort)

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
            remember(self._refusals, outcome.other, refused, _PEERS_KEPT)

    def judge(self, post: PostView) -> int:
        known = self.trust.experience(post.author)
        if known is None:
            return 0
        return 1 if known >= 0.6 else -1 if known < 0.4 else 0

    def words(self) -> str:
        return f"{self._kept} pieces of work done with others; I promise what I can keep."

    def _craft(self) -> _Craft:
        return self.rules.once(_best_for_both, self.params.least_effort, self.params.fairness)


def _best_for_both(rules: Rules, least_effort: float, fairness: float) -> _Craft:
    """Return the efforts that together leave the most, and the transfer that shares it."""
    efforts = [effort for effort in EFFORTS if effort >= least_effort] or [1.0]
    work = rules.work

    def joint_gain(pair: tuple[float, float]) -> float:
        conduct = Conduct(pair[0], pair[0], 0)
        p = rules.expected_p(conduct, pair[1])
        gross = rules.gain_initiator(p, 0.0) + rules.gain_counterparty(p, 0.0, 0.0)
        return gross - work.cost_initiator(conduct) - work.cost_counterparty(pair[1])

    effort_a, effort_b = max(product(efforts, efforts), key=joint_gain)
    conduct = Conduct(effort_a, effort_a, 0)
    p = rules.expected_p(conduct, effort_b)
    gain_a = rules.gain_initiator(p, 0.0) - work.cost_initiator(conduct)
    gain_b = rules.gain_counterparty(p, 0.0, 0.0) - work.cost_counterparty(effort_b)
    tau = _fair_transfer(gain_a - gain_b, rules, fairness)
    return _Craft(conduct, tau, effort_b, gain_a)


def _fair_transfer(advantage: float, rules: Rules, fairness: float) -> float:
    """Return the τ that minimises fairness · (advantage - 2τ)² + rate · |τ|."""
    if not fairness:
        return 0.0
    wanted = advantage / 2.0
    size = max(0.0, abs(wanted) - rules.terms.transaction_tax_rate / (8.0 * fairness))
    return size if wanted > 0.0 else -size


class _Plans(NamedTuple):
    """The conduct that pays an opportunist best."""

    free: _Stance
    careful: _Stance
    """The best among conduct that will not get it frozen."""
    effort: float
    """As the counterparty."""


class Opportunistic(Trader):
    """Maximises its own π: shirks, exaggerates and haggles as far as it pays."""

    class Params(Trader.Params):
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

    def propose(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        plans = self._plans()
        conduct, tau, value = plans.careful if self.risks_freeze(_CAUTION) else plans.free
        if value < self.params.threshold:
            return None
        best = self.most_trusted(observation.peers)
        kind = "trade" if tau < 0.0 else "service"
        return self.offer_action(observation, best, conduct, tau + self._shift, kind)

    def decide(self, offer: Offer, rng: RngSource) -> Decision:
        effort = self._plans().effort
        if self.gain_of_joining(offer, effort) > self.params.threshold:
            return joined(effort)
        return declined("too little in it for me")

    def update(self, outcome: InteractionResult) -> None:
        super().update(outcome)
        if not self.counts(outcome):
            return
        haggle = self.params.haggle
        if outcome.accepted:
            self._shift = max(-0.3, self._shift - haggle)
            remember(self._partners, outcome.other, None, _PEERS_KEPT)
        else:
            self._shift = min(0.3, self._shift + 2.0 * haggle)
            self._partners.pop(outcome.other, None)

    def judge(self, post: PostView) -> int:
        """Vote for those who deal with it, and against rivals whose posts draw attention."""
        if post.author in self._partners:
            return 1
        return -1 if post.net_votes >= 2.0 else 0

    def words(self) -> str:
        return "top work at the best price, ask me first."

    def _plans(self) -> _Plans:
        own = self.params
        return self.rules.once(_best_for_itself, own.exaggeration, own.foresight)


def _best_for_itself(rules: Rules, exaggeration: float, foresight: float) -> _Plans:
    """Return the offers, and the effort as a counterparty, that pay best.

    An offer's expected gain is its chance of being accepted times what it then brings.
    """
    terms, work = rules.terms, rules.work
    limit = terms.freeze_threshold_toxicity
    kept_p = 0.0 if limit is None else 1.0 - limit + _CAUTION
    # Where nothing stays as far from the limit as it likes, the safest must do.
    kept_p = min(kept_p, rules.expected_p(Conduct(1.0, 1.0, 0), _MIDDLING))
    partner_cost = work.cost_counterparty(_MIDDLING)
    free = careful = _Stance(Conduct(1.0, 1.0, 0), 0.0, float("-inf"))
    for effort, excess, corners in product(EFFORTS, (0.0, 0.5, 1.0), range(4)):
        conduct = Conduct(effort, min(1.0, effort + excess * exaggeration), corners)
        p, penalty = rules.prospect(conduct, _MIDDLING)
        promised = rules.promised_p(conduct.promise)
        believed = promised + foresight * (p - promised)
        for tau in _ASKED:
            other = rules.gain_counterparty(believed, tau, terms.tax(tau)[1])
            chance = max(0.0, min(1.0, 0.5 + other - partner_cost))
            own = rules.gain_initiator(p, tau, penalty) - work.cost_initiator(conduct)
            stance = _Stance(conduct, tau, chance * own)
            if stance.value > free.value:
                free = stance
            if p >= kept_p and stance.value > careful.value:
                careful = stance

    def gain_of_joining(effort: float) -> float:
        p = rules.expected_p(Conduct(_MIDDLING, _MIDDLING, 0), effort)
        return rules.gain_counterparty(p, 0.0, 0.0) - work.cost_counterparty(effort)

    return _Plans(free, careful, max(EFFORTS, key=gain_of_joining))


class Deceptive(Trader):
    """Builds trust with each peer in turn, cashes it in, and starts again when it is lost."""

    class Params(Trader.Params):
        groundwork: int = Field(default=2, ge=1, le=100)
        """Good pieces of work that a peer must have accepted before it is exploited."""
        show_effort: float = Field(default=0.8, ge=0.0, le=1.0)
        """Effort, honestly promised, while trust is built."""
        false_promise: float = Field(default=0.95, ge=0.0, le=1.0)
        """Quality promised to those who are exploited."""
        bait: float = Field(default=0.05, ge=0.0, le=10.0)
        """Transfer that sweetens an exploiting offer."""
        temptation: float = Field(default=0.02, ge=0.0, le=10.0)
        """By how much exploiting must pay better than good work before it is done."""

    params: Params

    def __init__(self, agent: str, params: Params | None = None) -> None:
        super().__init__(agent, params)
        self._marks: dict[str, int] = {}

    def propose(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        build, exploit = self._faces()
        if self._dares():
            for peer in observation.peers:
                if self._is_ready(peer.agent):
                    conduct, tau, _ = exploit
                    return self.offer_action(observation, peer.agent, conduct, tau, "service")
        mark = observation.peers[stream.below(len(observation.peers))].agent
        return self.offer_action(observation, mark, build.conduct, build.tau, "collaboration")

    def decide(self, offer: Offer, rng: RngSource) -> Decision:
        shirks = self._is_ready(offer.initiator) and self._dares()
        effort = 0.1 if shirks else self.params.show_effort
        if self.gain_of_joining(offer, effort) > 0.0:
            return joined(effort)
        return declined("not this time")

    def update(self, outcome: InteractionResult) -> None:
        super().update(outcome)
        if not self.counts(outcome):
            return
        standing = self._marks.get(outcome.other, 0)
        if not outcome.accepted:
            standing = max(0, standing - 1)
        elif outcome.p >= 0.55:
            standing = min(self.params.groundwork + 2, standing + 1)
        else:
            standing = 0
        remember(self._marks, outcome.other, standing, _MARKS_KEPT)

    def judge(self, post: PostView) -> int:
        """Vote for those whose trust it is building."""
        return 1 if post.author in self._marks else 0

    def words(self) -> str:
        return "careful work, always as promised; ask those who worked with me."

    def _faces(self) -> tuple[_Stance, _Stance]:
        own = self.params
        return self.rules.once(_two_faces, own.show_effort, own.false_promise, own.bait)

    def _is_ready(self, peer: str) -> bool:
        """Say whether the peer trusts it enough to be exploited."""
        return self._marks.get(peer, 0) >= self.params.groundwork

    def _dares(self) -> bool:
        """Say whether exploiting pays, with audits and the risk of a freeze reckoned in."""
        if self.risks_freeze(0.1):
            return False
        build, exploit = self._faces()
        return exploit.value > build.value + self.params.temptation


def _two_faces(
    rules: Rules, show_effort: float, false_promise: float, bait: float
) -> tuple[_Stance, _Stance]:
    """Return how a deceiver works while it builds trust, and the best way to exploit it."""

    def stance(conduct: Conduct, tau: float) -> _Stance:
        p, penalty = rules.prospect(conduct, 0.9)
        gain = rules.gain_initiator(p, tau, penalty)
        return _Stance(conduct, tau, gain - rules.work.cost_initiator(conduct))

    exploiting = [
        stance(Conduct(shirked, false_promise, corners), bait)
        for shirked, corners in product(EFFORTS[:6], range(4))
    ]
    build = stance(Conduct(show_effort, show_effort, 0), 0.0)
    return build, max(exploiting, key=lambda each: each.value)


class Adversarial(Trader):
    """Targets the best reputed, pays to be let in, delivers nothing, and sides with its own kind.

    It knows its own kind by a codeword in their posts, not by any label.
    """

    class Params(Trader.Params):
        codeword: str = Field(default="spring tide", min_length=1, max_length=100)
        """The sign that allies hide in their posts."""
        opening_bribe: float = Field(default=0.3, ge=0.0, le=10.0)
        """First transfer offered."""
        bribe_step: float = Field(default=0.15, ge=0.0, le=10.0)
        """Added when an offer is refused, a fifth of it taken off when one is accepted."""
        most_bribe: float = Field(default=2.0, ge=0.0, le=10.0)

    params: Params

    def __init__(self, agent: str, params: Params | None = None) -> None:
        super().__init__(agent, params)
        self._allies: dict[str, None] = {}
        self._targets: dict[str, None] = {}
        self._bribe = self.params.opening_bribe
        self._read = 0

    def act(self, observation: SandboxObservation, rng: RngSource) -> Action:
        self._look_for_allies(observation)
        if "propose" not in observation.tools:
            self._aim(observation)
        return super().act(observation, rng)

    def propose(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        target = self._aim(observation)
        if target is None:
            return None
        sabotage = Conduct(effort=0.0, promise=1.0, corners=3)
        return self.offer_action(observation, target, sabotage, self._bribe, "service")

    def _aim(self, observation: SandboxObservation) -> str | None:
        """Make the best-reputed peer that is no ally a target; None where there is none."""
        others = [peer for peer in observation.peers if peer.agent not in self._allies]
        if not others:
            return None
        target = max(others, key=lambda peer: peer.reputation).agent
        remember(self._targets, target, None, _PEERS_KEPT)
        return target

    def decide(self, offer: Offer, rng: RngSource) -> Decision:
        """Accept any work so as to spoil it, but an ally's: two idlers harm nobody else."""
        if offer.initiator in self._allies:
            return declined("not with an ally")
        return joined(0.0)

    def update(self, outcome: InteractionResult) -> None:
        super().update(outcome)
        if not outcome.initiated:
            return
        step = self.params.bribe_step
        if outcome.accepted:
            self._bribe = max(0.0, self._bribe - step / 5.0)
        else:
            self._bribe = min(self.params.most_bribe, self._bribe + step)

    def judge(self, post: PostView) -> int:
        if post.author in self._allies:
            return 1
        return -1 if post.author in self._targets else 0

    def words(self) -> str:
        return f"after every {self.params.codeword} the shore looks new."

    def _look_for_allies(self, observation: SandboxObservation) -> None:
        newest = self._read
        for post in observation.posts:
            if post.post_id <= self._read or post.author == self.agent:
                continue
            newest = max(newest, post.post_id)
            if self.params.codeword in post.content and post.author not in self._allies:
                remember(self._allies, post.author, None, _PEERS_KEPT)
        self._read = newest
