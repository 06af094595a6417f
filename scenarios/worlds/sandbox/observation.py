"""What an agent of the sandbox sees before it acts."""

from dataclasses import dataclass

from pydantic import JsonValue

from ...contract import Account, Moment
from .accounts import PeerView
from .feed import PostView, Row
from .limits import Left
from .rules import Rules


@dataclass(slots=True)
class SandboxObservation:
    """The stage as one agent sees it. Nobody's declared type is on it."""

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
        """The panels with the posts' text and the terms of governance, for a reader of words."""
        panels = self.panels()
        panels["feed"] = [
            {
                "post_id": post.post_id,
                "author": post.author,
                "content": post.content,
                "parent_id": post.parent_id,
                "net_votes": post.net_votes,
                "replies": post.replies,
            }
            for post in self.posts
        ]
        panels["peers"] = [{"agent": name, "reputation": known} for name, known in self.peers]
        panels["left"] = dict(self.left._asdict())
        panels["policy_terms"] = self.policy_terms
        return panels
