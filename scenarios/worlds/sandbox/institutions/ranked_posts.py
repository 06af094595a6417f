"""Posts, replies and votes, ranked by visibility.

All posts age at one rate, so the order of two posts changes only by votes and replies. One sorted
index is therefore kept, by the visibility that each post would have had at hour 0, and reading it
costs no more than the posts that are read.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from ..config import FeedConfig


def visibility_score(
    net_votes: float, replies: int, age_hours: float, reply_weight: float, age_decay: float
) -> float:
    """Return net votes + α·replies - β·age, in votes (`Feed.get_visible` of the sandbox plan)."""
    return net_votes + reply_weight * replies - age_decay * age_hours


class PostView(NamedTuple):
    """A post as readers see it."""

    post_id: int
    author: str
    content: str
    parent_id: int | None
    """The post it replies to."""
    net_votes: float
    """Up-votes less down-votes, each with its weight."""
    replies: int
    """Direct replies."""
    hours: float
    """Hour of the post, counted from the start."""


Row = list[float | int]
"""A post as the step log keeps it: number, net votes, replies. The text is in its event."""


@dataclass(slots=True)
class _Post:
    """A post with its votes by voter."""

    view: PostView
    votes: dict[str, float] = field(default_factory=dict)


class RankedPosts:
    """Posts in order of visibility, bounded in number and in age.

    Posts of equal visibility stand newest first, so that a crowded step doesn't show its first
    posters alone.
    """

    def __init__(self, config: FeedConfig) -> None:
        self.config = config
        self._posts: dict[int, _Post] = {}
        self._index: list[tuple[float, int, _Post]] = []
        self._created = 0
        self._cached: dict[int, tuple[tuple[PostView, ...], tuple[Row, ...]]] = {}
        """The visible posts by their number, until the feed changes."""

    def __len__(self) -> int:
        return len(self._posts)

    def get(self, post_id: int) -> PostView | None:
        """Return the post, or None where there is none (any more)."""
        post = self._posts.get(post_id)
        return None if post is None else post.view

    def add(self, author: str, content: str, hours: float, parent_id: int | None = None) -> int:
        """Publish and return the number of the post. The parent, if any, must be here.

        Where there are too many, the lowest-ranked post retires.
        """
        if parent_id is not None:
            parent = self._posts[parent_id]
            view = parent.view
            self._place(parent, view._replace(replies=view.replies + 1))
        self._created += 1
        number = self._created
        post = _Post(PostView(number, author, content, parent_id, 0.0, 0, hours))
        self._posts[number] = post
        self._insert(post)
        if len(self._index) > self.config.retention:
            del self._posts[self._index.pop()[2].view.post_id]
        return number

    def vote(self, post_id: int, voter: str, value: int, weight: float = 1.0) -> float:
        """Cast or replace a vote of value ±1; return by how much the post's net votes moved.

        Raises KeyError for a post that is not in the feed.
        """
        post = self._posts[post_id]
        change = value * weight - post.votes.get(voter, 0.0)
        post.votes[voter] = value * weight
        if change:
            self._place(post, post.view._replace(net_votes=post.view.net_votes + change))
        return change

    def retire(self, now: float) -> int:
        """Drop the posts older than `max_age_hours`; return how many there were."""
        oldest = now - self.config.max_age_hours
        retired = 0
        while self._posts:
            post = next(iter(self._posts.values()))  # numbers ascend, so the first is the oldest
            if post.view.hours >= oldest:
                break
            del self._posts[post.view.post_id]
            self._remove(post)
            retired += 1
        return retired

    def visible(self, count: int) -> tuple[PostView, ...]:
        """Return the `count` posts of highest visibility, best first."""
        return self.top(count)[0]

    def top(self, count: int) -> tuple[tuple[PostView, ...], tuple[Row, ...]]:
        """Return the visible posts for readers and as the step log keeps them.

        The same tuples are returned until the feed changes: all who see the same feed share them.
        """
        if count not in self._cached:
            views = tuple([entry[2].view for entry in self._index[:count]])
            rows = tuple([[view.post_id, view.net_votes, view.replies] for view in views])
            self._cached[count] = views, rows
        return self._cached[count]

    def faults(self) -> Iterator[str]:
        """Say which of its invariants do not hold."""
        index = self._index
        if len(index) != len(self._posts) or len(index) > self.config.retention:
            yield f"the index has {len(index)} posts, the feed {len(self._posts)}"
        if any(above[:2] >= below[:2] for above, below in pairwise(index)):
            yield "the index is not in the order of visibility"
        for *key, post in index:
            if tuple(key) != self._key(post.view):
                yield f"the post {post.view.post_id} stands where it stood before"

    def _key(self, view: PostView) -> tuple[float, int]:
        config = self.config
        score = visibility_score(
            view.net_votes, view.replies, -view.hours, config.reply_weight, config.age_decay
        )
        return (-score, -view.post_id)

    def _place(self, post: _Post, view: PostView) -> None:
        """Move a post whose votes or replies changed to its place in the index."""
        self._remove(post)
        post.view = view
        self._insert(post)

    def _remove(self, post: _Post) -> None:
        del self._index[bisect_left(self._index, self._key(post.view))]
        self._cached.clear()

    def _insert(self, post: _Post) -> None:
        insort(self._index, (*self._key(post.view), post))
        self._cached.clear()
