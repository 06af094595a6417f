"""Deceptive: wins trust by good work, then exploits those who trust it."""

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
from .trader import EFFORTS, Stance, Trader, TraderParams, remember

_MARKS_KEPT = 128
_PARTNER_EFFORT = 0.9
_ROOM = 0.1
_SHIRKED = Decision(accept=True, effort=0.1)
_DECLINED = Decision(accept=False, reason="not this time")


class _Scheme(NamedTuple):
    """The two faces."""

    build: Stance
    exploit: Stance


class Deceptive(Trader):
    """Builds trust with each peer in turn, cashes it in, and starts again when it is lost."""

    class Params(TraderParams):
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
        self._joined = Decision(accept=True, effort=self.params.show_effort)
        own = self.params
        self._question = ("deceptive", own.show_effort, own.false_promise, own.bait)

    def propose(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        scheme = self._scheme()
        if self._dares(scheme):
            for peer in observation.peers:
                if self._marks.get(peer.agent, 0) >= self.params.groundwork:
                    conduct, tau, _ = scheme.exploit
                    return self.offer_action(observation, peer.agent, conduct, tau, "service")
        mark = observation.peers[stream.below(len(observation.peers))].agent
        conduct, tau, _ = scheme.build
        return self.offer_action(observation, mark, conduct, tau, "collaboration")

    def decide(self, offer: Offer, rng: RngSource) -> Decision:
        scheme = self._scheme()
        trusted = self._marks.get(offer.initiator, 0) >= self.params.groundwork
        joined = _SHIRKED if trusted and self._dares(scheme) else self._joined
        return joined if self.gain_of_joining(offer, joined.effort) > 0.0 else _DECLINED

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

    def words(self, observation: SandboxObservation) -> str:
        return (
            f"Hour {observation.moment.hours:g}, {self.agent}: careful work, always as promised; "
            "ask those who worked with me."
        )

    def _dares(self, scheme: _Scheme) -> bool:
        """Say whether exploiting pays, with audits and the risk of a freeze reckoned in."""
        if self.risks_freeze(_ROOM):
            return False
        return scheme.exploit.value > scheme.build.value + self.params.temptation

    def _scheme(self) -> _Scheme:
        return self.rules.once(self._question, lambda: _devise(self.rules, self.params))


def _devise(rules: Rules, params: Deceptive.Params) -> _Scheme:
    effort = params.show_effort
    build = _stance(rules, Conduct(effort, effort, 0), 0.0)
    stances = [
        _stance(rules, Conduct(shirked, params.false_promise, corners), params.bait)
        for shirked in EFFORTS[:6]
        for corners in range(4)
    ]
    return _Scheme(build, max(stances, key=lambda stance: stance.value))


def _stance(rules: Rules, conduct: Conduct, tau: float) -> Stance:
    p, penalty = rules.prospect(conduct, _PARTNER_EFFORT)
    value = rules.gain_initiator(p, tau, penalty) - rules.work.cost_initiator(conduct)
    return Stance(conduct, tau, value)
