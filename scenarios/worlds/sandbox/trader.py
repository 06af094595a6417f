"""The base of the sandbox's scripted agents: the turn, beliefs about others, voting."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from pydantic import BaseModel, Field

from ....runtime.randomness import Stream
from ...actions import NOOP, Action
from ...interactions import Decision, InteractionResult, Offer
from ...schema.sections import Section
from ...world import Policy, RngSource
from .accounts import PeerView
from .config import SandboxConfig
from .institutions.exchange import MAX_TRANSFER, ExchangeView
from .institutions.ranked_posts import PostView
from .observation import SandboxObservation
from .rules import Rules, Terms
from .work import Conduct

K = TypeVar("K")
T = TypeVar("T")

_CAPACITY = 128


class Trust:
    """A moving estimate of p per peer, mixed with a prior where little is known.

    Old evidence fades, so that a peer that was burned can win trust back. Beyond 128 peers the
    one met first is forgotten.
    """

    def __init__(self, strength: float, memory: float) -> None:
        self._strength = strength
        self._memory = memory
        self._known: dict[str, tuple[float, float]] = {}

    def belief(self, peer: str, prior: float) -> float:
        """Return the expected p of work with the peer."""
        known = self._known.get(peer)
        if known is None:
            return prior
        weight, total = known
        return (self._strength * prior + total) / (self._strength + weight)

    def experience(self, peer: str) -> float | None:
        """Return the p of the peer's work alone; None for a peer never worked with."""
        known = self._known.get(peer)
        return None if known is None else known[1] / known[0]

    def learn(self, peer: str, p: float, weight: float) -> None:
        """Take in the p of one piece of work, with a weight above 0."""
        if peer not in self._known and len(self._known) >= _CAPACITY:
            del self._known[next(iter(self._known))]
        kept, (known, total) = self._memory, self._known.get(peer, (0.0, 0.0))
        self._known[peer] = (kept * known + weight, kept * total + weight * p)


EFFORTS = tuple([step / 10.0 for step in range(11)])
_VOTES_KEPT = 256
_UNSEEN = Rules(SandboxConfig(), Terms())
"""The rules for an agent that is asked before it has seen anything."""


class Trader(Policy):
    """A scripted agent: offers work, votes or speaks, one thing per turn."""

    class Params(Section):
        """Settings that all scripted agents have."""

        propose_rate: float = Field(default=0.55, ge=0.0, le=1.0)
        """Share of turns in which the agent first thinks of an offer."""
        vote_rate: float = Field(default=0.25, ge=0.0, le=1.0)
        """Share of turns in which it first thinks of a vote; in the rest it speaks."""
        credulity: float = Field(default=0.5, ge=0.0, le=1.0)
        """Weight of a stranger's promise, as opposed to its reputation, in what it expects of
        it."""
        prior_strength: float = Field(default=2.0, gt=0.0, le=1000.0)
        """Pieces of work that it takes to weigh as much as the first impression."""
        memory: float = Field(default=0.9, ge=0.0, le=1.0)
        """Share of the weight of old experience that each new one leaves."""

    params: Params

    def __init__(self, agent: str, params: BaseModel | None = None) -> None:
        super().__init__(agent, params)
        self.rules = _UNSEEN
        self.trust = Trust(self.params.prior_strength, self.params.memory)
        self._propose_below = self.params.propose_rate
        self._vote_below = self.params.propose_rate + self.params.vote_rate
        self._voted: dict[int, None] = {}
        self._toxicity = 0.0
        """Moving average of 1 - p of its own offers."""
        self.hires = True
        """True if its role lets it make offers; if not, it knows others by the offers it takes."""

    def act(self, observation: SandboxObservation, rng: RngSource) -> Action:
        self.rules = observation.rules
        self.hires = "propose" in observation.tools
        account = observation.account
        if account.frozen or account.resources < self.rules.terms.min_stake_to_participate:
            return NOOP
        stream = rng("act")
        roll = stream.random()
        if roll < self._propose_below:
            thoughts = self._offer, self._vote, self._speak
        elif roll < self._vote_below:
            thoughts = self._vote, self._offer, self._speak
        else:
            thoughts = self._speak, self._offer, self._vote
        for thought in thoughts:
            action = thought(observation, stream)
            if action is not None:
                return action
        return NOOP

    @abstractmethod
    def propose(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        """Return an offer to one of the peers shown (there is at least one), or None."""

    @abstractmethod
    def judge(self, post: PostView) -> int:
        """Return the vote on another's post: 1, -1, or 0 for none."""

    @abstractmethod
    def words(self) -> str:
        """Return a text for the feed; the hour and the agent's name will stand before it."""

    def answer(self, observation: SandboxObservation, stream: Stream) -> PostView | None:
        """Return the post to reply to, or None to post."""
        posts = observation.posts
        if "reply" not in observation.tools:
            return None
        if "post" not in observation.tools:
            others = [post for post in posts if post.author != self.agent]
            return others[stream.below(len(others))] if others else None
        if posts and stream.random() < 0.4:
            post = posts[stream.below(len(posts))]
            if post.author != self.agent:
                return post
        return None

    def update(self, outcome: InteractionResult) -> None:
        """Learn the quality of work with the other side.

        Of an offer that was declined, the side that declined sees something; the initiator learns
        nothing about the other's work.
        """
        if outcome.accepted:
            self.trust.learn(outcome.other, outcome.p, 1.0)
        elif not outcome.initiated:
            self.trust.learn(outcome.other, outcome.p, 0.3)
        if outcome.initiated:
            self._toxicity += 0.1 * (1.0 - outcome.p - self._toxicity)

    def risks_freeze(self, room: float) -> bool:
        """Say whether its toxicity is within `room` of that at which governance freezes agents."""
        limit = self.rules.terms.freeze_threshold_toxicity
        return limit is not None and self._toxicity > limit - room

    def counts(self, outcome: InteractionResult) -> bool:
        """Say whether a result shows how the other side takes this agent: by its answers to offers,
        or, where it can't make any, by its offers."""
        return outcome.initiated or (outcome.accepted and not self.hires)

    def expected_p(self, offer: Offer) -> float:
        """Return what the agent believes the offered work will come to."""
        credulity = self.params.credulity
        promised = self.rules.promised_p(_between(offer.terms.get("promise"), 0.0, 1.0, 0.5))
        known = by_reputation(_between(offer.terms.get("reputation"), -1.0, 1.0, 0.0))
        prior = credulity * promised + (1.0 - credulity) * known
        return self.trust.belief(offer.initiator, prior)

    def most_trusted(self, peers: Sequence[PeerView]) -> str:
        """Return the peer, of at least one, whose work it expects most of; of equals the first."""
        belief, known = self.trust.belief, by_reputation
        return max(peers, key=lambda peer: belief(peer.agent, known(peer.reputation))).agent

    def gain_of_joining(self, offer: Offer, effort: float) -> float:
        """Return the expected gain, in units of payoff, of accepting an offer with this effort."""
        p, cost = self.expected_p(offer), self.quoted(offer)[1]
        gain = self.rules.gain_counterparty(p, offer.tau, cost)
        return gain - self.rules.work.cost_counterparty(effort)

    def quoted(self, offer: Offer) -> tuple[float, float]:
        """Return the costs of the two sides: as governance quoted them, else by its terms."""
        quote = offer.terms.get("quote")
        if isinstance(quote, list) and len(quote) == 2:
            cost_a, cost_b = quote
            if isinstance(cost_a, float | int) and isinstance(cost_b, float | int):
                return float(cost_a), float(cost_b)
        return self.rules.terms.tax(offer.tau)

    def offer_action(
        self, observation: SandboxObservation, peer: str, conduct: Conduct, tau: float, kind: str
    ) -> Action:
        """Return the action that proposes this, with a transfer that the agent can pay."""
        if tau > 0.0:
            budget = observation.view(ExchangeView).budget_left
            tau = min(tau, MAX_TRANSFER, budget, observation.account.resources)
            tau = max(tau, 0.0)
        return Action(
            tool="propose",
            args={
                "counterparty": peer,
                "tau": max(tau, -MAX_TRANSFER),
                "promise": conduct.promise,
                "effort": conduct.effort,
                "corners": conduct.corners,
                "kind": kind,
            },
        )

    def _offer(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        asks = self.hires and bool(observation.peers)
        if asks and observation.view(ExchangeView).interactions_left > 0:
            return self.propose(observation, stream)
        return None

    def _vote(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        feed, voted = observation.feed, self._voted
        if feed.votes_left <= 0:
            return None
        for post in feed.posts:
            if post.author == self.agent or post.post_id in voted:
                continue
            value = self.judge(post)
            if value:
                remember(voted, post.post_id, None, _VOTES_KEPT)
                return Action(tool="vote", args={"post_id": post.post_id, "value": value})
        return None

    def _speak(self, observation: SandboxObservation, stream: Stream) -> Action | None:
        if observation.feed.posts_left <= 0:
            return None
        parent = self.answer(observation, stream)
        words = f"Hour {observation.moment.hours:g}, {self.agent}: {self.words()}"
        if parent is not None:
            return Action(tool="reply", args={"post_id": parent.post_id, "content": words})
        can_post = "post" in observation.tools
        return Action(tool="post", args={"content": words}) if can_post else None


def _between(value: object, low: float, high: float, absent: float) -> float:
    """Bring a number that another agent's offer states into its range."""
    if not isinstance(value, float | int):
        return absent
    return low if value < low else high if value > high else float(value)


def remember(memory: dict[K, T], key: K, value: T, most: int) -> None:
    """Put an entry last; drop the oldest where there are then more than `most`."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > most:
        del memory[next(iter(memory))]


@lru_cache(maxsize=256)
def joined(effort: float) -> Decision:
    """Accept an offer; agents share the decision, which is validated once and never changes."""
    return Decision(accept=True, effort=effort)


@lru_cache(maxsize=256)
def declined(reason: str) -> Decision:
    """Decline an offer; agents share the decision, which is validated once and never changes."""
    return Decision(accept=False, reason=reason)


def by_reputation(reputation: float) -> float:
    """Return the p that a public reputation in [-1, 1] leads a stranger to expect."""
    return 0.5 + 0.45 * reputation
