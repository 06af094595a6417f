"""What agents of the sandbox can do, with the arguments that each tool takes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ...actions import Tool

MAX_POST_ID = 10**12
MAX_TRANSFER = 10.0


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PostArguments(_Arguments):
    """A new post."""

    content: str = Field(min_length=1, max_length=100_000)


class ReplyArguments(_Arguments):
    """A reply to a post of the feed."""

    post_id: int = Field(ge=1, le=MAX_POST_ID)
    content: str = Field(min_length=1, max_length=100_000)


class VoteArguments(_Arguments):
    """A vote on a post; it replaces the agent's earlier vote on the same post."""

    post_id: int = Field(ge=1, le=MAX_POST_ID)
    value: Literal[-1, 1]


class ProposeArguments(_Arguments):
    """An offer of work to another agent."""

    counterparty: str = Field(min_length=1, max_length=200)
    tau: float = Field(default=0.0, ge=-MAX_TRANSFER, le=MAX_TRANSFER)
    """Transfer to the counterparty, in units of payoff; negative asks it to pay."""
    promise: float = Field(default=0.5, ge=0.0, le=1.0)
    """The quality that the counterparty is promised. Public."""
    effort: float = Field(default=0.5, ge=0.0, le=1.0)
    """The effort that will really be made. Hidden from the counterparty."""
    corners: int = Field(default=0, ge=0, le=3)
    """Corners to be cut (tools misused). Hidden from the counterparty."""
    kind: Literal["collaboration", "service", "trade"] = "collaboration"


TOOLS = (
    Tool("post", "Publish a post in the feed.", PostArguments),
    Tool("reply", "Reply to a post of the feed.", ReplyArguments),
    Tool("vote", "Vote a post up (1) or down (-1).", VoteArguments),
    Tool(
        "propose",
        "Offer another agent to work together, on a promise of quality and with a transfer.",
        ProposeArguments,
    ),
)
