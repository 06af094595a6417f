"""The feed: posts, replies and votes, ranked by visibility.

All posts age at one rate, so the order of two posts changes only by votes and replies. The feed
therefore keeps one sorted index, keyed by the visibility each post would have had at hour 0, and
reading it costs no more than the posts that are read.
"""

from bisect import bisect_left, insort
from typing import NamedTuple

from .config import FeedConfig


def visibility_score(
    net_votes: float, replies: int, age_hours: float, reply_weight: float, age_decay: float
) -> float:
    """score = net votes + α·replies - β·age, in votes (`Feed.get_visible` of the sandbox plan)."""
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
    """When it was posted, in hours since the start."""


Row = list[float | int]
"""A post as the step log keeps it: number, net votes, replies. The text is in its event."""


class _Post:
    """A post with its votes and its place in the index."""

    __slots__ = ("key", "row", "view", "votes")

    def __init__(self, view: PostView, key: tuple[float, int]) -> None:
        self.votes: dict[str, float] = {}
        self.stand(view, key)

    def stand(self, view: PostView, key: tuple[float, int]) -> None:
        self.view = view
        self.key = key
        self.row: Row = [view.post_id, view.net_votes, view.replies]


class Feed:
    """Posts in order of visibility, bounded in number and in age.

    Posts of equal visibility stand newest first, so that a crowded step doesn't show its first
    posters alone.
    """

    def __init__(self, config: FeedConfig) -> None:
        self.config = config
        self._posts: dict[int, _Post] = {}
        self._index: list[tuple[float, int, _Post]] = []
        self._created = 0
        self._cached: tuple[int, tuple[PostView, ...], tuple[Row, ...]] | None = None

    def __len__(self) -> int:
        return len(self._posts)

    def get(self, post_id: int) -> PostView | None:
        """The post, or None where there is none (any more)."""
        post = self._posts.get(post_id)
        return None if post is None else post.view

    def add(self, author: str, content: str, hours: float, parent_id: int | None = None) -> int:
        """Publish and return the number of the post. The parent, if any, must be in the feed.

        Where the feed is full, the lowest-ranked post retires.
        """
        if parent_id is not None:
            parent = self._posts[parent_id]
            view = parent.view
            self._place(parent, view._replace(replies=view.replies + 1))
        self._created += 1
        number = self._created
        view = PostView(number, author, content, parent_id, 0.0, 0, hours)
        post = _Post(view, self._key(view))
        self._posts[number] = post
        insort(self._index, (*post.key, post))
        self._cached = None
        if len(self._index) > self.config.retention:
            del self._posts[self._index.pop()[2].view.post_id]
        return number

    def vote(self, post_id: int, voter: str, value: int, weight: float = 1.0) -> float:
        """Cast or replace a vote of value ±1; returns by how much the post's net votes moved.

        Raises KeyError for a post that is not in the feed.
        """
        post = self._posts[post_id]
        change = value * weight - post.votes.get(voter, 0.0)
        post.votes[voter] = value * weight
        if change:
            self._place(post, post.view._replace(net_votes=post.view.net_votes + change))
        return change

    def retire(self, now: float) -> int:
        """Drop the posts older than `max_age_hours`; returns how many there were."""
        oldest = now - self.config.max_age_hours
        retired = 0
        while self._posts:
            post = next(iter(self._posts.values()))  # numbers ascend, so the first is the oldest
            if post.view.hours >= oldest:
                break
            del self._posts[post.view.post_id]
            del self._index[bisect_left(self._index, post.key)]
            retired += 1
        if retired:
            self._cached = None
        return retired

    def visible(self, count: int) -> tuple[PostView, ...]:
        """The `count` posts of highest visibility, best first."""
        return self._top(count)[1]

    def rows(self, count: int) -> tuple[Row, ...]:
        """The visible posts as the step log keeps them."""
        return self._top(count)[2]

    def _top(self, count: int) -> tuple[int, tuple[PostView, ...], tuple[Row, ...]]:
        cached = self._cached
        if cached is None or cached[0] != count:
            posts = [entry[2] for entry in self._index[:count]]
            views = tuple([post.view for post in posts])
            cached = self._cached = (count, views, tuple([post.row for post in posts]))
        return cached

    def _key(self, view: PostView) -> tuple[float, int]:
        config = self.config
        score = visibility_score(
            view.net_votes, view.replies, -view.hours, config.reply_weight, config.age_decay
        )
        return (-score, -view.post_id)

    def _place(self, post: _Post, view: PostView) -> None:
        """Move a post whose votes or replies changed to its place in the index."""
        del self._index[bisect_left(self._index, post.key)]
        post.stand(view, self._key(view))
        insort(self._index, (*post.key, post))
        self._cached = None
