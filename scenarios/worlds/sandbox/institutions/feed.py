"""The feed: agents post, reply and vote, and compete for attention."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, JsonValue

from ....actions import Applied, Arguments, Event
from ....observation import Source, rounded
from ..accounts import Holder
from ..config import LimitsConfig
from ..roles import Move, SandboxTool
from .institution import Handler, Institution, Seen, Society, View
from .ranked_posts import PostView, RankedPosts, Row

_MAX_POST_ID = 10**12
_SECONDS = 3600.0


class PostArguments(Arguments):
    """A new post."""

    content: str = Field(min_length=1, max_length=100_000)


class ReplyArguments(Arguments):
    """A reply to a post of the feed."""

    post_id: int = Field(ge=1, le=_MAX_POST_ID)
    content: str = Field(min_length=1, max_length=100_000)


class VoteArguments(Arguments):
    """A vote on a post; it replaces the agent's earlier vote on the same post."""

    post_id: int = Field(ge=1, le=_MAX_POST_ID)
    value: Literal[-1, 1]


@dataclass(slots=True)
class FeedView(View):
    """The feed as one agent sees it."""

    posts: tuple[PostView, ...]
    """The most visible posts, best first; shared by all who see the same feed."""
    rows: tuple[Row, ...]
    """The same posts as the step log keeps them: number, net votes, replies."""
    posts_left: int
    """Posts and replies that the agent has left in the epoch."""
    votes_left: int
    last_post: float | None
    """Hour of its last post, counted from the start."""

    def remaining(self) -> tuple[int, int]:
        return self.posts_left, self.votes_left

    def panels(self) -> dict[str, JsonValue]:
        """Return the feed without texts, which are in the `post_created` events."""
        return {"feed": self.rows}  # type: ignore[dict-item]  # JSON writes a tuple as a list

    def reading(self) -> dict[str, JsonValue]:
        return {"feed": [_shown(post) for post in self.posts]}

    def options(self, seen: Seen) -> list[str]:
        found = []
        limits, hours = seen.rules.config.limits, seen.moment.hours
        if self.posts_left > 0 and not _too_soon(limits, self.last_post, hours):
            found.append("post")
            if self.posts:
                found.append("reply")
        if self.votes_left > 0 and any(post.author != seen.agent for post in self.posts):
            found.append("vote")
        return found

    def choices(self, seen: Seen) -> dict[str, tuple[JsonValue, ...]]:
        """Return the posts in sight, of which the agent can vote on others' alone."""
        posts, own = self.posts, seen.agent
        return {
            "post_id": tuple([post.post_id for post in posts]),
            "vote.post_id": tuple([post.post_id for post in posts if post.author != own]),
        }

    def sources(self) -> tuple[Source, ...]:
        return tuple([Source("post", str(post.post_id), post.author) for post in self.posts])


@dataclass(slots=True)
class _Member:
    """One agent's acts in the feed and their echo; all but its last post is per epoch."""

    max_posts: int
    max_votes: int
    last_post: float | None = None
    last_content: str = ""
    posts: int = 0
    votes: int = 0
    votes_received: float = 0.0
    """Net votes on its posts, by weight."""
    replies: int = 0
    """Replies of others to its posts."""


class Feed(Institution):
    """Publishes posts and replies, and moves reputations a little by votes."""

    name: ClassVar[str] = "feed"
    tools: ClassVar[tuple[SandboxTool, ...]] = (
        SandboxTool("post", "Publish a post in the feed.", PostArguments, move=Move.SPEAK),
        SandboxTool("reply", "Reply to a post of the feed.", ReplyArguments, move=Move.ANSWER),
        SandboxTool("vote", "Vote a post up (1) or down (-1).", VoteArguments, move=Move.JUDGE),
    )
    limits: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "posts": ("post", "reply"),
        "votes": ("vote",),
    }

    def __init__(self, society: Society) -> None:
        super().__init__(society)
        config = society.config
        self.posts = RankedPosts(config.feed)
        readable = config.feed.limit * (1.0 - config.environment.attention_scarcity)
        self._attention = max(1, round(readable))
        self._opening: tuple[PostView, ...] = ()
        """The feed as it was shown when the step began."""
        self._members: dict[str, _Member] = {}
        for agent, holder in society.holders.items():
            # An agent whose role lets it neither post nor reply, or not vote, has none of them.
            speaks, votes = {"post", "reply"} & set(holder.tools), "vote" in holder.tools
            self._members[agent] = _Member(
                max_posts=config.limits.max_posts_per_epoch if speaks else 0,
                max_votes=config.limits.max_votes_per_epoch if votes else 0,
            )

    def handlers(self) -> Mapping[str, Handler]:
        return {"post": self._publish, "reply": self._publish, "vote": self._vote}

    def open_step(self) -> list[Event]:
        self.posts.retire(self.society.moment.hours)
        self._opening = self.posts.visible(self._attention)
        return []

    def view(self, holder: Holder, *, opening: bool = False) -> FeedView:
        member = self._members[holder.agent]
        posts, rows = (self._opening, ()) if opening else self.posts.top(self._attention)
        posts_left, votes_left = member.max_posts - member.posts, member.max_votes - member.votes
        return FeedView(posts, rows, posts_left, votes_left, member.last_post)

    def has_room(self, holder: Holder) -> bool:
        member = self._members[holder.agent]
        return member.posts < member.max_posts or member.votes < member.max_votes

    def influence(self, holder: Holder) -> float:
        """Return net votes on own posts (by weight, at least 0) + replies by others to them."""
        member = self._members[holder.agent]
        return max(0.0, member.votes_received) + member.replies

    def close_epoch(self) -> dict[str, Any]:
        for member in self._members.values():
            member.posts = member.votes = member.replies = 0
            member.votes_received = 0.0
        return {}

    def faults(self) -> Iterator[str]:
        yield from self.posts.faults()
        for agent, member in self._members.items():
            if member.posts > member.max_posts or member.votes > member.max_votes:
                yield f"{agent} posted or voted more often than its limits allow"

    def _publish(self, holder: Holder, arguments: PostArguments | ReplyArguments) -> Applied:
        """Publish a post, or a reply if the arguments name a post."""
        content, parent_id, parent = arguments.content, None, None
        if isinstance(arguments, ReplyArguments):
            parent_id = arguments.post_id
            parent = self.posts.get(parent_id)
            if parent is None:
                return _no_post(parent_id)
        hours, member = self.society.moment.hours, self._members[holder.agent]
        refusal = self._refuse_post(member, content, hours)
        if refusal is not None:
            return Applied(ok=False, error=refusal)
        member.posts += 1
        member.last_post = hours
        if content == member.last_content:
            holder.record.add("sabotage", 0.5)
        member.last_content = content
        number = self.posts.add(holder.agent, content, hours, parent_id)
        if parent is not None and parent.author != holder.agent:
            self._members[parent.author].replies += 1
        data = {"post_id": number, "parent_id": parent_id, "content": content}
        return Applied(
            result={"post_id": number},
            events=[Event("post_created", data, holder.agent, told=True)],
        )

    def _refuse_post(self, member: _Member, content: str, hours: float) -> str | None:
        limits = self.society.config.limits
        if len(content) > limits.max_content_length:
            return (
                f"a post may have {limits.max_content_length} characters, this one has "
                f"{len(content)}; shorten it"
            )
        if member.posts >= member.max_posts:
            return _used_up("post", member.max_posts)
        if _too_soon(limits, member.last_post, hours):
            passed = (hours - (member.last_post or 0.0)) * _SECONDS
            return (
                f"only {passed:g} s have passed since the last post, "
                f"{limits.min_time_between_posts:g} s must; wait"
            )
        return None

    def _vote(self, holder: Holder, arguments: VoteArguments) -> Applied:
        post, value = self.posts.get(arguments.post_id), arguments.value
        if post is None:
            return _no_post(arguments.post_id)
        if post.author == holder.agent:
            error = "an agent can't vote on its own post; vote on another's"
            return Applied(ok=False, error=error)
        member = self._members[holder.agent]
        if member.votes >= member.max_votes:
            return Applied(ok=False, error=_used_up("vote", member.max_votes))
        member.votes += 1
        config, weight = self.society.config, holder.vote_weight
        author = self.society.holders[post.author]
        if value < 0 and author.delivered >= config.scoring.good_work_p:
            holder.record.add("sabotage", 1.0)
        change = self.posts.vote(post.post_id, holder.agent, value, weight)
        self._members[post.author].votes_received += change
        moved = author.damped(change * config.reputation.vote_gain)
        if moved:
            author.move_reputation(moved)
        data = {
            "post_id": post.post_id,
            "author": post.author,
            "value": value,
            "weight": weight,
            "change": change,
            "reputation_delta": moved,
        }
        event = Event("vote_cast", data, holder.agent, told=True)
        return Applied(result={"weight": weight}, events=[event])


def _too_soon(limits: LimitsConfig, last_post: float | None, hours: float) -> bool:
    """Say whether an agent that posted last at one hour may not yet post at another."""
    if last_post is None:
        return False
    return (hours - last_post) * _SECONDS < limits.min_time_between_posts


def _used_up(act: str, most: int) -> str:
    return f"all {most} {act}s of this epoch are used up; {act} again in the next epoch"


def _no_post(post_id: int) -> Applied:
    error = (
        f"there is no post {post_id} in the feed, or it has retired; see the feed for those that "
        "there are"
    )
    return Applied(ok=False, error=error, unknown=True)


def _shown(post: PostView) -> JsonValue:
    """Return a post without what is the same for most posts."""
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
