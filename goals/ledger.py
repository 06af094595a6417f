"""The ledger: what happened to goals, in a chain that shows if a link of it is changed."""

from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from ..runtime.canonical import canonical_json
from .model import GoalState

CREATED = "goal_created"
UPDATED = "goal_updated"
ADOPTED = "goal_adopted"
SELECTED = "goal_selected_for_execution"
SATISFIED = "goal_satisfied"
ABANDONED = "goal_abandoned"
BLOCKED = "goal_blocked_by_belief"
APPROVED = "goal_approved"
RELEASED = "goal_released"
FAILED = "goal_failed"
"""An execution failed, and the goal may be tried again."""
DELETED = "goal_deleted"

GENESIS = "0" * 64
"""The value in the place of a hash before the first link's."""


@dataclass(frozen=True, kw_only=True)
class LedgerEvent:
    """Something that happened to a goal."""

    ts: str
    """RFC 3339 in UTC with microseconds."""
    event: str
    goal_id: str
    version: int
    """The goal's, after what happened."""
    state_from: GoalState | None = None
    """None: there was no goal before."""
    state_to: GoalState | None = None
    actor: str
    reason: str | None = None
    trace_id: str
    span_id: str
    data: dict[str, Any] = field(default_factory=dict)
    """Plain JSON data."""


def link_hash(prev_hash: str, event: LedgerEvent, seq: int) -> str:
    """Return the SHA-256, as hexadecimal, of the event's canonical JSON with its place in the
    chain."""
    link = {**asdict(event), "seq": seq, "prev_hash": prev_hash}
    return sha256(canonical_json(link).encode()).hexdigest()
