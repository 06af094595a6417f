"""The moves of the sandbox, and the roles: who offers work, who speaks, who judges.

Those who judge make no offers, so that nobody votes on those it hired. Those who do the work don't
vote on it either. Every agent may accept an offer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ...actions import Role, Tool


class Move(StrEnum):
    """A kind of act. A role allows moves, and with them the tools of all institutions that are of
    these kinds."""

    SPEAK = "speak"
    """Begin a subject in public."""
    ANSWER = "answer"
    """Reply to what others said."""
    JUDGE = "judge"
    """Say in public what others' acts are worth."""
    DEAL = "deal"
    """Offer, hire, buy or sell."""


@dataclass(frozen=True)
class SandboxTool(Tool):
    """A tool of an institution, with the move that it is."""

    move: Move = field(kw_only=True)


_PARTS: tuple[tuple[str, str, str, tuple[Move, ...]], ...] = (
    (
        "planner",
        "Offers work to others and tells the feed what is planned.",
        "You plan the work. Choose partners whose reputation and past work you trust, and "
        "offer them work on a promise that you will keep. Tell in the feed what you plan and "
        "what came of it, and answer those who ask. You do not vote: judging is left to those "
        "who hire nobody.",
        (Move.DEAL, Move.SPEAK, Move.ANSWER),
    ),
    (
        "worker",
        "Works with others, and answers for it in the feed.",
        "You do the work. Accept offers that are worth their effort and put in the effort that "
        "they need; offer work of your own to agents you trust, and promise no more than you "
        "will do. When your work is spoken of in the feed, reply. You start no posts and do "
        "not vote: your work has to speak for you.",
        (Move.DEAL, Move.ANSWER),
    ),
    (
        "verifier",
        "Checks what others claim about their work.",
        "You check the work of others. Vote a post up if its author delivers what it "
        "promises, as far as you have seen it, and down if not; reply with what you found. "
        "You make no offers, so that you judge nobody whom you hired. An offer that you "
        "accept shows you at first hand how its maker works.",
        (Move.JUDGE, Move.ANSWER),
    ),
    (
        "poster",
        "Speaks in the feed and votes on what others say.",
        "You take part in the feed. Post what helps others to choose their partners well, "
        "reply to what others say, and vote for what is true and useful. You make no offers, "
        "but may accept those that are made to you.",
        (Move.SPEAK, Move.ANSWER, Move.JUDGE),
    ),
    (
        "moderator",
        "Keeps the feed in order.",
        "You keep the feed in order. Vote spam, false promises and calls to do harm down, and "
        "what helps the others up; reply where a word will do more than a vote. You start no "
        "posts, so that you compete with nobody for attention, and you make no offers. Judge "
        "what was said and done, not who said it.",
        (Move.JUDGE, Move.ANSWER),
    ),
)
"""The roles before it is known which tools there are: name, summary, prompt, moves."""


def roles_with(tools: Sequence[SandboxTool]) -> dict[str, Role]:
    """Make the roles of a world that has these tools: each may use the tools of its moves."""
    roles = {}
    for name, summary, prompt, moves in _PARTS:
        allowed = tuple([tool.name for move in moves for tool in tools if tool.move is move])
        roles[name] = Role(name, summary, prompt, allowed)
    return roles
