"""Interactions of two agents: an offer, its answer, the costs, and the result for each side."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from ..runtime.message import Message


class Offer(BaseModel):
    """A proposal to another agent, as the counterparty sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offer_id: str
    initiator: str
    counterparty: str
    tau: float = 0.0
    """Transfer from initiator to counterparty, in units of payoff."""
    terms: SkipValidation[dict[str, Any]] = Field(default_factory=dict)
    """The facts of the offer and of the initiator that the counterparty may know: plain JSON data,
    from the world itself and so not validated again."""


class Decision(BaseModel):
    """A counterparty's answer to an offer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accept: bool
    effort: float = Field(default=0.0, ge=0.0, le=1.0)
    """The effort that the counterparty will put into the work, 0 (nothing) to 1."""
    reason: str = ""


REJECT = Decision(accept=False)


class Charges(NamedTuple):
    """Costs and changes that governance adds to an interaction or to accounts."""

    cost_a: float = 0.0
    cost_b: float = 0.0
    reputation_deltas: Mapping[str, float] = {}
    resource_deltas: Mapping[str, float] = {}
    freeze: tuple[str, ...] = ()
    unfreeze: tuple[str, ...] = ()


class Account(NamedTuple):
    """The part of an agent's state that governance may know before it rules on its actions."""

    agent: str
    resources: float = 0.0
    reputation: float = 0.0
    """In [-1, 1] in the sandbox."""
    frozen: bool = False


class InteractionResult(Message, name="episode.outcome"):
    """The result of an interaction, as one of its two sides learns it."""

    interaction_id: str
    other: str
    initiated: bool
    accepted: bool
    p: float = Field(ge=0.0, le=1.0)
    """P(v = +1), from the observables."""
    payoff: float
    """The side's own π."""
    tau: float
    cost: float
    promise: float | None = None
