"""What each agent has and is known for."""

from typing import NamedTuple

from ...actions import Role
from ...interactions import Account
from .config import LimitsConfig, ReputationConfig
from .limits import Usage
from .roles import limits_in, tools_in
from .scoring import Record


class PeerView(NamedTuple):
    """Another agent as everyone sees it."""

    agent: str
    reputation: float
    """In [-1, 1], to three digits."""


class Holder:
    """An agent of the world: its account, what it used up, what it did in the step."""

    __slots__ = (
        "agent",
        "delivered",
        "frozen",
        "heard",
        "initiated",
        "last_content",
        "owed",
        "peer",
        "place",
        "record",
        "replies",
        "reputation",
        "resources",
        "role",
        "tools",
        "usage",
        "vote_weight",
        "votes",
    )

    def __init__(
        self,
        agent: str,
        place: int,
        resources: float,
        limits: LimitsConfig,
        role: Role | None = None,
    ) -> None:
        self.agent = agent
        self.place = place
        """Position among the seats."""
        self.resources = resources
        self.owed = 0.0
        """Transfers agreed but not yet booked."""
        self.reputation = 0.0
        self.frozen = False
        self.peer = PeerView(agent, 0.0)
        self.role = role
        self.tools = tools_in(role)
        """Those that it may use."""
        self.usage = Usage(limits_in(role, limits))
        self.record = Record()
        self.vote_weight = 1.0
        self.heard: tuple[str, ...] = ()
        self.last_content = ""
        self.delivered = 0.5
        """Moving average of the p of its accepted offers."""
        self.votes = 0.0
        self.replies = 0
        self.initiated = 0

    @property
    def account(self) -> Account:
        return Account(self.agent, self.resources, self.reputation, self.frozen)

    def move_reputation(self, change: float) -> None:
        """Add to the reputation, which stays within [-1, 1]."""
        moved = self.reputation + change
        moved = -1.0 if moved < -1.0 else 1.0 if moved > 1.0 else moved
        self.reputation = moved
        self.peer = PeerView(self.agent, round(moved, 3))

    def damped(self, change: float) -> float:
        """The part of a reputation change that the room to ±1 leaves."""
        if change >= 0.0:
            return change * (1.0 - self.reputation)
        return change * (1.0 + self.reputation)

    @property
    def influence(self) -> float:
        """Influence gained in the epoch.

        Net votes on own posts (by weight, at least 0) + replies by others to own posts + own
        offers that were accepted.
        """
        return max(0.0, self.votes) + self.replies + self.initiated

    def close_epoch(self) -> None:
        """Forget what counts per epoch."""
        self.usage.reset()
        self.votes = 0.0
        self.replies = 0
        self.initiated = 0


def reputation_gain(config: ReputationConfig, p: float, reputation: float) -> float:
    """r_a: what an accepted interaction brings its initiator, work_gain · (target - reputation).

    The target is 2p - 1 + status_gain, at most 1.
    """
    target = min(1.0, 2.0 * p - 1.0 + config.status_gain)
    return config.work_gain * (target - reputation)
