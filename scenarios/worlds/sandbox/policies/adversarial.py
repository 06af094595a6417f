"""Adversarial: does as much harm as it can, whatever it costs itself."""

from pydantic import Field

from .....runtime.randomness import Stream
from ....actions import Action
from ....interactions import Decision, InteractionResult, Offer
from ....world import RngSource
from ..institutions.ranked_posts import PostView
from ..observation import SandboxObservation
from ..work import Conduct
from .trader import Trader, TraderParams, remember

_ALLIES_KEPT = 64
_TARGETS_KEPT = 64
_SPARED = Decision(accept=False, reason="not with an ally")
_SPOILED = Decision(accept=True, effort=0.0)
_SABOTAGE = Conduct(effort=0.0, promise=1.0, corners=3)


class Adversarial(Trader):
    """Targets the best reputed, pays to be let in, delivers nothing, and sides with its own kind.

    It knows its own kind by a codeword in their posts, not by any label.
    """

    class Params(TraderParams):
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
        return self.offer_action(observation, target, _SABOTAGE, self._bribe, "service")

    def _aim(self, observation: SandboxObservation) -> str | None:
        """Make the best-reputed peer that is no ally a target; None where there is none."""
        others = [peer for peer in observation.peers if peer.agent not in self._allies]
        if not others:
            return None
        target = max(others, key=lambda peer: peer.reputation).agent
        remember(self._targets, target, None, _TARGETS_KEPT)
        return target

    def decide(self, offer: Offer, rng: RngSource) -> Decision:
        """Accept any work so as to spoil it, but an ally's: two idlers harm nobody else."""
        if offer.initiator in self._allies:
            return _SPARED
        return _SPOILED

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

    def words(self, observation: SandboxObservation) -> str:
        return (
            f"Hour {observation.moment.hours:g}, {self.agent}: after every "
            f"{self.params.codeword} the shore looks new."
        )

    def _look_for_allies(self, observation: SandboxObservation) -> None:
        newest = self._read
        for post in observation.posts:
            if post.post_id <= self._read or post.author == self.agent:
                continue
            newest = max(newest, post.post_id)
            if self.params.codeword in post.content and post.author not in self._allies:
                remember(self._allies, post.author, None, _ALLIES_KEPT)
        self._read = newest
