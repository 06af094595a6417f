"""The feed's index, against sorting everything anew."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdg_runtime.scenarios.worlds.sandbox.config import FeedConfig
from gdg_runtime.scenarios.worlds.sandbox.institutions.ranked_posts import (
    RankedPosts,
    visibility_score,
)

# Dyadic settings, so that no score depends on the order of rounding.
CONFIG = FeedConfig(reply_weight=0.5, age_decay=0.125, retention=1000, max_age_hours=8.0)
VOTERS = ("ann", "ben", "cem", "dee")

moves = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.sampled_from(VOTERS)),
        st.tuples(st.just("reply"), st.sampled_from(VOTERS), st.integers(0, 30)),
        st.tuples(
            st.just("vote"),
            st.sampled_from(VOTERS),
            st.integers(0, 30),
            st.sampled_from([-1, 1]),
            st.sampled_from([1.0, 0.5, 0.25]),
        ),
        st.tuples(st.just("hour")),
    ),
    max_size=60,
)


class Naive:
    """The same feed without an index: everything is recomputed at each look."""

    def __init__(self) -> None:
        self.posts: dict[int, tuple[str, int | None, float]] = {}
        self.votes: dict[tuple[int, str], float] = {}
        self.replies: dict[int, int] = {}
        self.created = 0

    def ranking(self, now: float) -> list[tuple[int, float, int]]:
        rows = []
        for number, (_, _, hours) in self.posts.items():
            net = sum(value for (post, _), value in self.votes.items() if post == number)
            replies = self.replies[number]
            score = visibility_score(
                net, replies, now - hours, CONFIG.reply_weight, CONFIG.age_decay
            )
            rows.append((-score, -number, (number, net, replies)))
        return [row[2] for row in sorted(rows)]


@settings(max_examples=60, deadline=None)
@given(moves)
def test_the_index_ranks_as_sorting_everything_anew_would(script):
    feed, naive, now = RankedPosts(CONFIG), Naive(), 0.0
    for move in script:
        alive = sorted(naive.posts)
        if move[0] == "hour":
            now += 1.0
            feed.retire(now)
            old = [n for n, post in naive.posts.items() if post[2] < now - CONFIG.max_age_hours]
            for number in old:
                del naive.posts[number]
        elif move[0] == "vote" and alive:
            _, voter, pick, value, weight = move
            number = alive[pick % len(alive)]
            feed.vote(number, voter, value, weight)
            naive.votes[number, voter] = value * weight
        elif move[0] in ("post", "reply"):
            parent = None
            if move[0] == "reply" and alive:
                parent = alive[move[2] % len(alive)]
                naive.replies[parent] += 1
            naive.created += 1
            naive.posts[naive.created] = (move[1], parent, now)
            naive.replies[naive.created] = 0
            assert feed.add(move[1], "text", now, parent) == naive.created
        shown = [(post.post_id, post.net_votes, post.replies) for post in feed.visible(1000)]
        assert shown == naive.ranking(now)
        assert [list(row) for row in shown] == list(feed.top(1000)[1])


def test_recency_lets_a_new_post_pass_an_old_one_with_more_votes():
    feed = RankedPosts(FeedConfig(age_decay=0.1))
    old = feed.add("ann", "old", 0.0)
    feed.vote(old, "ben", 1)
    assert feed.visible(1)[0].post_id == old
    new = feed.add("cem", "new", 11.0)
    assert feed.visible(1)[0].post_id == new


def test_without_decay_votes_alone_decide():
    feed = RankedPosts(FeedConfig(age_decay=0.0))
    old = feed.add("ann", "old", 0.0)
    feed.vote(old, "ben", 1)
    feed.add("cem", "new", 11.0)
    assert feed.visible(1)[0].post_id == old


def test_replies_count_by_their_weight():
    feed = RankedPosts(FeedConfig(reply_weight=3.0))
    answered, voted = feed.add("ann", "a", 0.0), feed.add("ben", "b", 0.0)
    feed.vote(voted, "cem", 1)
    feed.vote(voted, "dee", 1)
    feed.add("cem", "re", 0.0, answered)
    assert feed.visible(1)[0].post_id == answered


def test_a_second_vote_replaces_the_first():
    feed = RankedPosts(FeedConfig())
    post = feed.add("ann", "a", 0.0)
    assert feed.vote(post, "ben", 1, 0.5) == 0.5
    assert feed.vote(post, "ben", -1) == -1.5
    assert feed.visible(1)[0].net_votes == -1.0


def test_a_full_feed_drops_the_post_of_lowest_rank():
    feed = RankedPosts(FeedConfig(retention=3))
    first = feed.add("ann", "1", 0.0)
    feed.vote(first, "ben", 1)
    second = feed.add("ann", "2", 0.0)
    feed.add("ann", "3", 0.0)
    feed.add("ann", "4", 0.0)
    assert feed.get(second) is None
    assert feed.get(first) is not None
    assert len(feed) == 3


def test_no_number_of_votes_keeps_a_post_beyond_its_age():
    feed = RankedPosts(FeedConfig(max_age_hours=2.0))
    post = feed.add("ann", "a", 0.0)
    for voter in range(100):
        feed.vote(post, f"v{voter}", 1)
    assert feed.retire(2.0) == 0
    assert feed.retire(2.5) == 1
    assert feed.visible(10) == ()
    with pytest.raises(KeyError):
        feed.vote(post, "late", 1)


def test_readers_of_an_unchanged_feed_share_one_view():
    feed = RankedPosts(FeedConfig())
    post = feed.add("ann", "a", 0.0)
    assert feed.visible(5) is feed.visible(5)
    before = feed.visible(5)
    feed.vote(post, "ben", 1)
    assert feed.visible(5) is not before
    assert before[0].net_votes == 0.0


@pytest.mark.parametrize(
    ("net", "replies", "hours", "expected"), [(0, 0, 2.0, -0.02), (5, 4, 10.0, 6.9)]
)
def test_visibility_is_votes_and_replies_less_age(net, replies, hours, expected):
    assert visibility_score(net, replies, hours, 0.5, 0.01) == pytest.approx(expected, abs=1e-12)
