"""The rows of beliefs. Writing one brings the standing of the goals that name it up to date."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..fields import utc_text
from ..model import Belief
from . import derived_columns
from .database import insert
from .goal_rows import make_cursor, read_cursor, write_next_version

_FIELDS = tuple(Belief.model_fields)
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM beliefs"


def insert_belief(tx: sqlite3.Connection, belief: Belief) -> None:
    """Write a new belief. Raises sqlite3.IntegrityError if its id is taken."""
    insert(tx, "beliefs", _row_of(belief))
    if belief.active:
        derived_columns.refresh_for_changed_belief(tx, belief.id)


def find_belief(tx: sqlite3.Connection, belief_id: str) -> Belief | None:
    """Find the belief with this id."""
    row = tx.execute(f"{_SELECT} WHERE id = ?", (belief_id,)).fetchone()
    return None if row is None else _belief(row)


def find_beliefs(tx: sqlite3.Connection, ids: Sequence[str]) -> list[Belief]:
    """Find the beliefs with these ids that exist, in the order asked."""
    return [belief for belief in (find_belief(tx, known) for known in ids) if belief is not None]


def active_beliefs(tx: sqlite3.Connection) -> list[Belief]:
    """Find all active beliefs, by id."""
    return [_belief(row) for row in tx.execute(f"{_SELECT} WHERE active = 1 ORDER BY id")]


def update_belief(tx: sqlite3.Connection, before: Belief, after: Belief) -> None:
    """Write a belief, provided that it is still at the version it was read at.

    Raises VersionConflict, BeliefNotFound, and ValueError unless `after` is the next version of
    the same belief.
    """
    write_next_version(tx, "beliefs", before, after, _row_of(after))
    if (after.active, after.confidence) != (before.active, before.confidence):
        derived_columns.refresh_for_changed_belief(tx, after.id)


def page_of_beliefs(
    tx: sqlite3.Connection,
    *,
    active: bool | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[Belief], str | None]:
    """Find beliefs by id, and the cursor of the next page; `active` None: both kinds.

    Raises BadRequest (bad-cursor).
    """
    where: list[str] = []
    parameters: list[Any] = []
    if active is not None:
        where.append("active = ?")
        parameters.append(active)
    if cursor is not None:
        where.append("id > ?")
        parameters += read_cursor(cursor, 1)
    rows = tx.execute(
        f"{_SELECT} WHERE {' AND '.join(where) or 'true'} ORDER BY id LIMIT ?",
        (*parameters, limit + 1),
    )
    beliefs = [_belief(row) for row in rows]
    if len(beliefs) <= limit:
        return beliefs, None
    return beliefs[:limit], make_cursor(beliefs[limit - 1].id)


def _row_of(belief: Belief) -> dict[str, Any]:
    row = dict(vars(belief))
    row["created_at"], row["updated_at"] = utc_text(belief.created_at), utc_text(belief.updated_at)
    return row


def _belief(row: sqlite3.Row) -> Belief:
    known: dict[str, Any] = dict(zip(_FIELDS, row, strict=True))
    for name in ("active", "immutable"):
        known[name] = bool(known[name])
    for name in ("created_at", "updated_at"):
        known[name] = datetime.fromisoformat(known[name])
    return Belief.model_construct(**known)
