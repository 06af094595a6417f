"""How much an agent may still do: rate limits and the spending limit."""

from typing import NamedTuple

from .config import LimitsConfig

_SECONDS = 3600.0


class Left(NamedTuple):
    """What an agent may still do in this epoch."""

    posts: int
    votes: int
    interactions: int
    """Offers made or received; the limit per step may bind before."""
    budget: float
    """Transfers to pay, in units of payoff."""


def too_soon(limits: LimitsConfig, last_post: float | None, hours: float) -> bool:
    """Whether an agent that posted last at one hour may not yet post at another."""
    if last_post is None:
        return False
    return (hours - last_post) * _SECONDS < limits.min_time_between_posts


class Usage:
    """What one agent has used up of its limits. Checks answer with the refusal, or None."""

    __slots__ = (
        "actions",
        "interactions",
        "last_post",
        "limits",
        "made",
        "paid",
        "posts",
        "step",
        "stepped",
        "votes",
    )

    def __init__(self, limits: LimitsConfig) -> None:
        self.limits = limits
        self.last_post: float | None = None
        self.step = -1
        self.stepped = 0
        """Offers made and received in the step."""
        self.made = 0
        """Offers made in the step."""
        self.reset()

    def reset(self) -> None:
        """Begin an epoch."""
        self.actions = 0
        """Actions tried, refused ones included."""
        self.posts = 0
        self.votes = 0
        self.interactions = 0
        self.paid = 0.0

    def left(self) -> Left:
        limits = self.limits
        return Left(
            limits.max_posts_per_epoch - self.posts,
            limits.max_votes_per_epoch - self.votes,
            limits.max_interactions_per_epoch - self.interactions,
            limits.budget_per_epoch - self.paid,
        )

    def stepped_in(self, step: int) -> int:
        """Offers made and received in the step with this index."""
        return self.stepped if self.step == step else 0

    def refuse_post(self, content: str, hours: float) -> str | None:
        limits = self.limits
        if len(content) > limits.max_content_length:
            return (
                f"a post may have {limits.max_content_length} characters, this one has "
                f"{len(content)}; shorten it"
            )
        if self.posts >= limits.max_posts_per_epoch:
            return (
                f"all {limits.max_posts_per_epoch} posts of this epoch are used up; "
                "post again in the next epoch"
            )
        if too_soon(limits, self.last_post, hours):
            passed = (hours - (self.last_post or 0.0)) * _SECONDS
            return (
                f"only {passed:g} s have passed since the last post, "
                f"{limits.min_time_between_posts:g} s must; wait"
            )
        return None

    def count_post(self, hours: float) -> None:
        self.posts += 1
        self.last_post = hours

    def refuse_vote(self) -> str | None:
        limits = self.limits
        if self.votes >= limits.max_votes_per_epoch:
            return (
                f"all {limits.max_votes_per_epoch} votes of this epoch are used up; "
                "vote again in the next epoch"
            )
        return None

    def count_vote(self) -> None:
        self.votes += 1

    def refuse_interaction(self, who: str, step: int) -> str | None:
        """Whether one more offer, made or received, is too much for `who` at the step's index."""
        limits = self.limits
        if self.interactions >= limits.max_interactions_per_epoch:
            return (
                f"{who} has had all {limits.max_interactions_per_epoch} interactions of this epoch"
            )
        if self.stepped_in(step) >= limits.max_interactions_per_step:
            return f"{who} has had all {limits.max_interactions_per_step} interactions of this step"
        return None

    def count_received(self, step: int) -> None:
        """Count an offer received in the step with this index."""
        if self.step != step:
            self.step = step
            self.stepped = self.made = 0
        self.stepped += 1
        self.interactions += 1

    def count_made(self, step: int) -> int:
        """Count an offer made; returns how many the agent made in the step before."""
        self.count_received(step)
        self.made += 1
        return self.made - 1

    def refuse_payment(self, who: str, amount: float, resources: float) -> str | None:
        """Whether `who` may not, or can't, pay the amount (at least 0)."""
        left = self.limits.budget_per_epoch - self.paid
        if amount > left:
            return f"{who} may pay {left:g} more in this epoch, not {amount:g}"
        if amount > resources:
            return f"{who} has {resources:g} and can't pay {amount:g}"
        return None
