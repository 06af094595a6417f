"""Observations of the sandbox: what an agent sees before it acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from pydantic import JsonValue

from ...interactions import Account
from ...observation import CurrentGoal, Source, rounded, shortened
from ...world import Moment
from .accounts import PeerView
from .institutions.exchange import ExchangeView
from .institutions.feed import FeedView
from .institutions.institution import Institution, View
from .institutions.ranked_posts import PostView
from .rules import Rules

V = TypeVar("V", bound=View)


class Left(NamedTuple):
    """The rest of an agent's limits of feed and exchange in this epoch."""

    posts: int
    votes: int
    interactions: int
    """Offers made or received; the limit per step may bind before."""
    budget: float
    """Transfers to pay, in units of payoff."""


@dataclass(slots=True)
class SandboxObservation:
    """The world as one agent sees it, without any agent's declared type or role.

    A plain class with the methods of `Observation`, since one is made for every turn.
    """

    agent: str
    messages: tuple[str, ...]
    moment: Moment
    account: Account
    peers: tuple[PeerView, ...]
    """Some of the other agents, others in each step, in random order."""
    rules: Rules
    """The public rules, with governance's terms."""
    tools: tuple[str, ...]
    """The tools that the agent's role allows."""
    actions: int
    """Actions that it has tried in this epoch."""
    institutions: tuple[type[Institution], ...]
    """The institutions of the world."""
    views: tuple[View, ...]
    """The agent's view of each of them, in the same order."""
    goal: CurrentGoal | None = None
    """As of `Observation`."""

    def view(self, kind: type[V]) -> V:
        """Return what the agent sees of an institution, by the class of the view.

        Raises LookupError where the world does not have the institution.
        """
        for view in self.views:
            if isinstance(view, kind):
                return view
        raise LookupError(f"no institution of this world gives a {kind.__name__}")

    @property
    def feed(self) -> FeedView:
        """The feed as the agent sees it."""
        return self.view(FeedView)

    @property
    def posts(self) -> tuple[PostView, ...]:
        """The most visible posts, best first."""
        return self.view(FeedView).posts

    @property
    def left(self) -> Left:
        """The rest of the limits of feed and exchange."""
        return Left(*self.view(FeedView).remaining(), *self.view(ExchangeView).remaining())

    def panels(self) -> dict[str, JsonValue]:
        """Return the institutions' panels, the account, the peers and what is left of limits."""
        shown: dict[str, JsonValue] = {}
        left: list[JsonValue] = []
        for view in self.views:
            shown |= view.panels()
            left += view.remaining()
        _, resources, reputation, frozen = self.account
        shown["account"] = {"resources": resources, "reputation": reputation, "frozen": frozen}
        shown["peers"] = self.peers  # type: ignore[assignment]  # JSON writes a tuple as a list
        shown["left"] = left
        return shown

    def reading(self) -> dict[str, JsonValue]:
        """Return the hour, the own account, what is left of the limits, governance's terms that
        do anything, the peers' reputations, and the readings of the institutions."""
        _, resources, reputation, frozen = self.account
        account: dict[str, JsonValue] = {
            "resources": rounded(resources),
            "reputation": rounded(reputation),
        }
        if frozen:
            account["frozen"] = True
        shown: dict[str, JsonValue] = {
            "hour": rounded(self.moment.hours),
            "account": account,
            "left": self._left_in_words(),
            "terms": shortened(self.rules.terms.in_force),
            "peers": shortened(dict(self.peers)),
        }
        for view in self.views:
            shown |= view.reading()
        return shown

    def _left_in_words(self) -> dict[str, JsonValue]:
        """Return what is left of this epoch's limits, of what the agent may do at all."""
        tools, cap = self.tools, self.rules.terms.bandwidth_cap
        shown: dict[str, JsonValue] = {}
        if cap is not None:
            shown["actions"] = max(0, cap - self.actions)
        for institution, view in zip(self.institutions, self.views, strict=True):
            limits = zip(institution.limits.items(), view.remaining(), strict=True)
            for (limit, users), left in limits:
                if not users or any(tool in tools for tool in users):
                    shown[limit] = shortened(left)
        return shown

    def options(self) -> tuple[str, ...]:
        """Return the tools of its role that governance and the institutions leave it."""
        terms, account = self.rules.terms, self.account
        spent = terms.bandwidth_cap is not None and self.actions >= terms.bandwidth_cap
        if account.frozen or spent or account.resources < terms.min_stake_to_participate:
            return ()
        can = [tool for view in self.views for tool in view.options(self)]
        return tuple([tool for tool in self.tools if tool in can])

    def choices(self) -> Mapping[str, tuple[JsonValue, ...]]:
        """Return the values that the institutions know for the arguments of their tools."""
        known: dict[str, tuple[JsonValue, ...]] = {}
        for view in self.views:
            known |= view.choices(self)
        return known

    def sources(self) -> tuple[Source, ...]:
        """Return the institutions' texts, then its messages by their place among them."""
        shown = [source for view in self.views for source in view.sources()]
        messages = [Source("message", str(nth)) for nth in range(len(self.messages))]
        return (*shown, *messages)
