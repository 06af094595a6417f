"""The rows of beliefs. Writing one brings the standing of the goals that name it up to date."""

from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any

from ..errors import BeliefNotFound
from ..model import Belief
from .goal_rows import refresh_for_changed_belief
from .rows import Table, read_cursor

_BELIEFS = Table("beliefs", Belief, BeliefNotFound)


def insert_belief(tx: Connection, belief: Belief) -> None:
    """Write a new belief. Raises sqlite3.IntegrityError if its id is taken."""
    _BELIEFS.insert(tx, belief)
    if belief.active:
        refresh_for_changed_belief(tx, belief.id)


def find_belief(tx: Connection, belief_id: str) -> Belief | None:
    """Find the belief with this id."""
    return _BELIEFS.find(tx, belief_id)


def find_beliefs(tx: Connection, ids: Sequence[str]) -> list[Belief]:
    """Find the beliefs with these ids that exist, in the order asked."""
    return [belief for belief in (find_belief(tx, known) for known in ids) if belief is not None]


def active_beliefs(tx: Connection) -> list[Belief]:
    """Find all active beliefs, by id."""
    return _BELIEFS.select(tx, "WHERE active = 1 ORDER BY id")


def update_belief(tx: Connection, before: Belief, after: Belief) -> None:
    """Write a belief. Raises VersionConflict, BeliefNotFound and ValueError, as `Table.update`."""
    changed = _BELIEFS.update(tx, before, after)
    if "active" in changed or "confidence" in changed:
        refresh_for_changed_belief(tx, after.id)


def page_of_beliefs(
    tx: Connection, *, active: bool | None = None, limit: int = 50, cursor: str | None = None
) -> tuple[list[Belief], str | None]:
    """Find beliefs by id, and the cursor of the next page; `active` None: both kinds.

    Raises BadRequest (bad-cursor).
    """
    where, parameters = "true", list[Any]()
    if active is not None:
        where, parameters = "active = ?", [active]
    if cursor is not None:
        where += " AND id > ?"
        parameters += read_cursor(cursor, 1)
    clause = f"WHERE {where} ORDER BY id"
    return _BELIEFS.page(tx, clause, parameters, limit, lambda last: (last.id,))
