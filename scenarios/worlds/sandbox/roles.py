"""The roles of the sandbox: who offers work, who speaks, who judges.

Those who judge make no offers, so that nobody votes on those it hired. Those who do the work don't
vote on it either. Every agent may accept an offer.
"""

from ...actions import Role
from .config import LimitsConfig
from .tools import TOOLS

ALL_TOOLS = tuple([tool.name for tool in TOOLS])
"""What an agent without a role may use."""

ROLES = {
    role.name: role
    for role in (
        Role(
            "planner",
            "Offers work to others and tells the feed what is planned.",
            "You plan the work. Choose partners whose reputation and past work you trust, and "
            "offer them work on a promise that you will keep. Tell in the feed what you plan and "
            "what came of it, and answer those who ask. You do not vote: judging is left to those "
            "who hire nobody.",
            ("propose", "post", "reply"),
        ),
        Role(
            "worker",
            "Works with others, and answers for it in the feed.",
            "You do the work. Accept offers that are worth their effort and put in the effort that "
            "they need; offer work of your own to agents you trust, and promise no more than you "
            "will do. When your work is spoken of in the feed, reply. You start no posts and do "
            "not vote: your work has to speak for you.",
            ("propose", "reply"),
        ),
        Role(
            "verifier",
            "Checks what others claim about their work.",
            "You check the work of others. Vote a post up if its author delivers what it "
            "promises, as far as you have seen it, and down if not; reply with what you found. "
            "You make no offers, so that you judge nobody whom you hired. An offer that you "
            "accept shows you at first hand how its maker works.",
            ("vote", "reply"),
        ),
        Role(
            "poster",
            "Speaks in the feed and votes on what others say.",
            "You take part in the feed. Post what helps others to choose their partners well, "
            "reply to what others say, and vote for what is true and useful. You make no offers, "
            "but may accept those that are made to you.",
            ("post", "reply", "vote"),
        ),
        Role(
            "moderator",
            "Keeps the feed in order.",
            "You keep the feed in order. Vote spam, false promises and calls to do harm down, and "
            "what helps the others up; reply where a word will do more than a vote. You start no "
            "posts, so that you compete with nobody for attention, and you make no offers. Judge "
            "what was said and done, not who said it.",
            ("vote", "reply"),
        ),
    )
}


def tools_in(role: Role | None) -> tuple[str, ...]:
    """The tools that an agent in the role may use, in the world's order."""
    if role is None:
        return ALL_TOOLS
    return tuple([tool for tool in ALL_TOOLS if tool in role.tools])


def limits_in(role: Role | None, limits: LimitsConfig) -> LimitsConfig:
    """The limits of an agent in the role: of what it may not do it has none left.

    Interactions count offers received too, so that those stay.
    """
    changes = {}
    tools = tools_in(role)
    if "post" not in tools and "reply" not in tools:
        changes["max_posts_per_epoch"] = 0
    if "vote" not in tools:
        changes["max_votes_per_epoch"] = 0
    return limits.model_copy(update=changes) if changes else limits
