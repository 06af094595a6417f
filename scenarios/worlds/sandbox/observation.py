"""What an agent of the sandbox sees before it acts."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from ...interactions import Account
from ...observation import CurrentGoal, Source
from ...rounding import rounded, shortened
from ...world import Moment
from .accounts import PeerView
from .feed import PostView, Row
from .limits import Left, too_soon
from .roles import ALL_TOOLS
from .rules import Rules


@dataclass(slots=True)
class SandboxObservation:
    """The stage as one agent sees it. Nobody's declared type or role is on it.

    A plain class with the methods of `Observation`, since one is made for every turn.
    """

    agent: str
    messages: tuple[str, ...]
    moment: Moment
    account: Account
    posts: tuple[PostView, ...]
    """The most visible posts, best first; shared by all who see the same feed."""
    rows: tuple[Row, ...]
    """The same posts as the step log keeps them: number, net votes, replies."""
    peers: tuple[PeerView, ...]
    """Some of the other agents, others in each step, in random order."""
    left: Left
    rules: Rules
    """The public rules, with governance's terms."""
    tools: tuple[str, ...] = ALL_TOOLS
    """What the agent's role lets it use."""
    actions: int = 0
    """Actions that it has tried in this epoch."""
    last_post: float | None = None
    """When it posted last, in hours since the start."""
    dealt: int = 0
    """Offers that it has made and received in this step."""
    goal: CurrentGoal | None = None
    """As of `Observation`."""

    @property
    def policy_terms(self) -> dict[str, JsonValue]:
        """The terms of governance that agents reckon with."""
        return self.rules.terms._asdict()

    def panels(self) -> dict[str, JsonValue]:
        """The feed (text left out: it is in the `post_created` events), account, peers, limits."""
        _, resources, reputation, frozen = self.account
        return {
            "feed": self.rows,  # type: ignore[dict-item]  # JSON writes a tuple as a list
            "account": {"resources": resources, "reputation": reputation, "frozen": frozen},
            "peers": self.peers,  # type: ignore[dict-item]
            "left": self.left,  # type: ignore[dict-item]
        }

    def reading(self) -> dict[str, JsonValue]:
        """The hour, the own account, what is left of the limits, governance's terms that do
        anything, the peers' reputations, and the feed with its texts."""
        return {
            "hour": rounded(self.moment.hours),
            "account": self._own_account(),
            "left": self._left(),
            "terms": shortened(self.rules.terms.in_force),
            "peers": shortened(dict(self.peers)),
            "feed": [_shown(post) for post in self.posts],
        }

    def _own_account(self) -> dict[str, JsonValue]:
        _, resources, reputation, frozen = self.account
        shown: dict[str, JsonValue] = {
            "resources": rounded(resources),
            "reputation": rounded(reputation),
        }
        if frozen:
            shown["frozen"] = True
        return shown

    def _left(self) -> dict[str, JsonValue]:
        """What is left of this epoch's limits, of what the agent may do at all."""
        left, tools, cap = self.left, self.tools, self.rules.terms.bandwidth_cap
        shown: dict[str, JsonValue] = {}
        if cap is not None:
            shown["actions"] = max(0, cap - self.actions)
        if "post" in tools or "reply" in tools:
            shown["posts"] = left.posts
        if "vote" in tools:
            shown["votes"] = left.votes
        shown["interactions"] = left.interactions
        shown["budget"] = rounded(left.budget)
        return shown

    def options(self) -> tuple[str, ...]:
        """The tools of its role that the rules, the limits and what it sees leave it."""
        terms, account, left = self.rules.terms, self.account, self.left
        spent = terms.bandwidth_cap is not None and self.actions >= terms.bandwidth_cap
        if account.frozen or spent or account.resources < terms.min_stake_to_participate:
            return ()
        limits = self.rules.config.limits
        speaks = left.posts > 0 and not too_soon(limits, self.last_post, self.moment.hours)
        deals = left.interactions > 0 and self.dealt < limits.max_interactions_per_step
        can = {
            "post": speaks,
            "reply": speaks and bool(self.posts),
            "vote": left.votes > 0 and any(post.author != self.agent for post in self.posts),
            "propose": deals and bool(self.peers),
        }
        return tuple([tool for tool in self.tools if can[tool]])

    def choices(self) -> Mapping[str, tuple[JsonValue, ...]]:
        """The posts that it sees, of which it can vote on others' alone, and its peers."""
        return {
            "post_id": tuple([post.post_id for post in self.posts]),
            "vote.post_id": tuple(
                [post.post_id for post in self.posts if post.author != self.agent]
            ),
            "counterparty": tuple([peer.agent for peer in self.peers]),
        }

    def sources(self) -> tuple[Source, ...]:
        """The posts that it sees, then its messages by their place among them."""
        posts = [Source("post", str(post.post_id), post.author) for post in self.posts]
        messages = [Source("message", str(nth)) for nth in range(len(self.messages))]
        return (*posts, *messages)


def _shown(post: PostView) -> JsonValue:
    """A post with what is not the same for most posts left out where it is."""
    shown: dict[str, JsonValue] = {
        "post_id": post.post_id,
        "author": post.author,
        "content": post.content,
    }
    if post.parent_id is not None:
        shown["reply_to"] = post.parent_id
    if post.net_votes:
        shown["votes"] = rounded(post.net_votes)
    if post.replies:
        shown["replies"] = post.replies
    return shown
