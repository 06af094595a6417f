"""The rows of goals: written with their links to beliefs and other goals, found and listed."""

import json
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from sqlite3 import Connection
from typing import Any, TypeVar, get_origin

from pydantic import AwareDatetime
from pydantic_core import to_json

from ...runtime.canonical import canonical_json
from ..errors import BadRequest, BeliefNotFound, GoalNotFound, VersionConflict
from ..fields import UtcTime, utc_text
from ..identity import microseconds
from ..model import Belief, Goal, GoalState
from . import derived_columns
from .database import insert

V = TypeVar("V", Goal, Belief)
_LONGEST = 2000
_MINUTE_US = 60_000_000
_FIELDS = tuple(Goal.model_fields)
GOAL_COLUMNS = ", ".join(_FIELDS)
"""The columns that `goal_of` needs of a row."""
_TYPES: dict[str, Any] = {name: field.annotation for name, field in Goal.model_fields.items()}
_TUPLES = [name for name, kind in _TYPES.items() if get_origin(kind) is tuple]
_OBJECTS = [name for name, kind in _TYPES.items() if get_origin(kind) is dict]
_TIMES = [name for name, kind in _TYPES.items() if kind in (AwareDatetime, UtcTime | None)]
_SCALARS: list[tuple[str, Any]] = [
    (name, kind) for name, kind in _TYPES.items()
    if isinstance(kind, type) and (kind is bool or issubclass(kind, Enum))
]  # fmt: skip
"""Fields that SQLite has no type for, with what makes them of a stored number or text."""
STORED_AS_JSON = (*_TUPLES, *_OBJECTS)
"""Columns of goals that hold JSON."""
_COLUMNS = ", ".join(f"goals.{name.strip()}" for name in GOAL_COLUMNS.split(","))


def make_cursor(*place: str) -> str:
    """Make the cursor of a row with these values in the columns that the page is ordered by."""
    return urlsafe_b64encode(canonical_json(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str, columns: int) -> list[str]:
    """Return the values in a cursor. Raises BadRequest (bad-cursor)."""
    try:
        if len(cursor) > _LONGEST:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        place = json.loads(urlsafe_b64decode(padded).decode())
        if make_cursor(*place) != cursor or len(place) != columns:
            raise ValueError
        if not all(isinstance(value, str) for value in place):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise BadRequest(
            "bad-cursor",
            "the cursor is not one that a page of this list gave: take `next_cursor` as it is, or "
            "begin without one",
        ) from None
    return list(place)


def goal_of(row: sqlite3.Row) -> Goal:
    """Return the goal in a row that has at least the GOAL_COLUMNS."""
    known: dict[str, Any] = {name: row[name] for name in _FIELDS}
    for name in _TUPLES:
        known[name] = () if known[name] == "[]" else tuple(json.loads(known[name]))
    for name in _OBJECTS:
        known[name] = {} if known[name] == "{}" else json.loads(known[name])
    for name in _TIMES:
        known[name] = None if known[name] is None else datetime.fromisoformat(known[name])
    for name, kind in _SCALARS:
        known[name] = kind(known[name])
    return Goal.model_construct(**known)


def insert_goal(tx: sqlite3.Connection, goal: Goal) -> None:
    """Write a new goal. Raises sqlite3.IntegrityError if its id is taken or it breaks a rule of
    the schema, such as one belief both aligned with and contradicted."""
    insert(tx, "goals", _row_of(goal))
    if goal.aligns_with or goal.contradicts or goal.depends_on:
        _link_beliefs(tx, goal)
        _link_dependencies(tx, goal)
        derived_columns.refresh_goal(tx, goal.id)
    if _counts_as_done(goal):
        derived_columns.refresh_for_dependency(tx, goal.id)


def find_goal(
    tx: sqlite3.Connection, goal_id: str, *, include_deleted: bool = False
) -> Goal | None:
    """Find the goal with this id."""
    row = tx.execute(f"SELECT {GOAL_COLUMNS} FROM goals WHERE id = ?", (goal_id,)).fetchone()
    if row is None or (row["deleted_at"] is not None and not include_deleted):
        return None
    return goal_of(row)


def update_goal(tx: sqlite3.Connection, before: Goal, after: Goal) -> None:
    """Write what changed, provided that the goal is still at the version it was read at.

    A goal that does not execute any more holds no lease. Raises VersionConflict, GoalNotFound, and
    ValueError unless `after` is the next version of the same goal.
    """
    old, new = _row_of(before), _row_of(after)
    changed = {name: value for name, value in new.items() if value != old[name]}
    if after.state != GoalState.EXECUTING:
        changed["lease_until_us"] = None
    write_next_version(tx, "goals", before, after, changed)
    if "aligns_with" in changed or "contradicts" in changed:
        tx.execute("DELETE FROM goal_beliefs WHERE goal_id = ?", (after.id,))
        _link_beliefs(tx, after)
        derived_columns.refresh_goal(tx, after.id)
    if "depends_on" in changed:
        tx.execute("DELETE FROM goal_dependencies WHERE goal_id = ?", (after.id,))
        _link_dependencies(tx, after)
        derived_columns.refresh_goal(tx, after.id)
    if _counts_as_done(before) != _counts_as_done(after):
        derived_columns.refresh_for_dependency(tx, after.id)


def write_next_version(
    tx: sqlite3.Connection, table: str, before: V, after: V, changed: Mapping[str, Any]
) -> None:
    """Write what changed of a goal or a belief, as `update_goal` and `update_belief` say."""
    if after.id != before.id or after.version != before.version + 1:
        raise ValueError(
            f"expected version {before.version + 1} of {before.id}, "
            f"got version {after.version} of {after.id}"
        )
    written = tx.execute(
        f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in changed)} "
        f"WHERE id = ? AND version = ?",
        (*changed.values(), before.id, before.version),
    )
    if written.rowcount:
        return
    is_goal = isinstance(before, Goal)
    current = tx.execute(f"SELECT version FROM {table} WHERE id = ?", (before.id,)).fetchone()
    if current is None:
        raise GoalNotFound(before.id) if is_goal else BeliefNotFound(before.id)
    what = f"{'goal' if is_goal else 'belief'} {before.id}"
    raise VersionConflict(what, before.version, current["version"])


def page_of_goals(
    tx: sqlite3.Connection,
    *,
    states: Sequence[GoalState] = (),
    category: str | None = None,
    owner: str | None = None,
    include_deleted: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[Goal], str | None]:
    """Find goals, newest first, and the cursor of the next page; no states: all of them.

    Goals that come in while somebody turns the pages are neither shown twice nor do they hide
    others. Raises BadRequest (bad-cursor).
    """
    where, parameters = _filter(states, category, owner, include_deleted)
    if cursor is not None:
        created_at, goal_id = read_cursor(cursor, 2)
        where.append("created_at <= ? AND (created_at < ? OR id > ?)")
        parameters += [created_at, created_at, goal_id]
    goals = _goals(
        tx,
        f"WHERE {' AND '.join(where) or 'true'} ORDER BY created_at DESC, id LIMIT ?",
        (*parameters, limit + 1),
    )
    if len(goals) <= limit:
        return goals, None
    last = goals[limit - 1]
    return goals[:limit], make_cursor(utc_text(last.created_at), last.id)


def count_by_state(tx: sqlite3.Connection) -> dict[str, int]:
    """Count the goals in each of the five states, deleted ones left out."""
    counts = {str(state): 0 for state in GoalState}
    counts.update(
        tx.execute("SELECT state, count(*) FROM goals WHERE deleted_at IS NULL GROUP BY state")
    )
    return counts


def set_lease(tx: sqlite3.Connection, goal_id: str, until_us: int | None) -> None:
    """Set the time until which the goal's execution need not report; None: for ever. No new
    version."""
    tx.execute("UPDATE goals SET lease_until_us = ? WHERE id = ?", (until_us, goal_id))


def expired_leases(tx: sqlite3.Connection, now_us: int) -> list[Goal]:
    """Find executing goals whose lease is over, the first to end first."""
    return _goals(
        tx,
        "WHERE lease_until_us <= ? AND state = 'executing' ORDER BY lease_until_us, id",
        (now_us,),
    )


def note_blocked(tx: sqlite3.Connection, goal_id: str, noted: bool) -> None:
    """Note whether the ledger has the goal's block already. No new version."""
    tx.execute("UPDATE goals SET blocked_noted = ? WHERE id = ?", (noted, goal_id))


def contradicted(
    tx: sqlite3.Connection,
    states: Sequence[GoalState],
    *,
    owner: str | None = None,
    unnoted_only: bool = False,
) -> list[Goal]:
    """Find goals in these states that an active belief forbids, oldest first."""
    where, parameters = _filter(states, None, owner, False)
    where.append("contra = 1")
    if unnoted_only:
        where.append("blocked_noted = 0")
    return _goals(tx, f"WHERE {' AND '.join(where)} ORDER BY created_us, id", parameters)


def dependency_path(
    tx: sqlite3.Connection, start_ids: Iterable[str], goal_id: str
) -> list[str] | None:
    """Find a shortest way from one of the goals to `goal_id`, from dependency to dependency; None:
    there is none, and `goal_id` may depend on them all."""
    came_from: dict[str, str | None] = dict.fromkeys(start_ids)
    queue = list(came_from)
    for current in queue:  # grows while it is gone through
        if current == goal_id:
            return _way_back(came_from, current)
        rows = tx.execute(
            "SELECT on_id FROM goal_dependencies WHERE goal_id = ? ORDER BY on_id", (current,)
        )
        for row in rows:
            if row["on_id"] not in came_from:
                came_from[row["on_id"]] = current
                queue.append(row["on_id"])
    return None


def _way_back(came_from: dict[str, str | None], end: str) -> list[str]:
    way, place = [], end if end in came_from else None
    while place is not None:
        way.append(place)
        place = came_from[place]
    return way[::-1]


def _row_of(goal: Goal) -> dict[str, Any]:
    row = {name: getattr(goal, name) for name in _FIELDS}
    for name in STORED_AS_JSON:
        row[name] = to_json(row[name]).decode() if row[name] else row[name]
    for name in _TUPLES:
        row[name] = row[name] or "[]"
    for name in _OBJECTS:
        row[name] = row[name] or "{}"
    for name in _TIMES:
        row[name] = None if row[name] is None else utc_text(row[name])
    created = microseconds(goal.created_at)
    row["created_us"] = created
    row["starts_us"] = created + goal.horizon_min_min * _MINUTE_US
    deadline = goal.horizon_max_min
    row["deadline_us"] = None if deadline is None else created + deadline * _MINUTE_US
    return row


def _link_beliefs(tx: sqlite3.Connection, goal: Goal) -> None:
    links = [(goal.id, belief, "aligns") for belief in goal.aligns_with]
    links += [(goal.id, belief, "contradicts") for belief in goal.contradicts]
    tx.executemany(
        "INSERT INTO goal_beliefs (goal_id, belief_id, relation) VALUES (?, ?, ?)", links
    )


def _link_dependencies(tx: sqlite3.Connection, goal: Goal) -> None:
    tx.executemany(
        "INSERT INTO goal_dependencies (goal_id, on_id) VALUES (?, ?)",
        [(goal.id, other) for other in goal.depends_on],
    )


def _counts_as_done(goal: Goal) -> bool:
    return goal.state == GoalState.SATISFIED and goal.deleted_at is None


def _filter(
    states: Sequence[GoalState], category: str | None, owner: str | None, include_deleted: bool
) -> tuple[list[str], list[Any]]:
    where = [] if include_deleted else ["deleted_at IS NULL"]
    parameters: list[Any] = [*states]
    if states:
        where.append(f"state IN ({', '.join('?' * len(states))})")
    for column, wanted in (("category", category), ("owner", owner)):
        if wanted is not None:
            where.append(f"{column} = ?")
            parameters.append(wanted)
    return where, parameters


def _goals(tx: sqlite3.Connection, clause: str, parameters: Sequence[Any]) -> list[Goal]:
    rows = tx.execute(f"SELECT {GOAL_COLUMNS} FROM goals {clause}", parameters)
    return [goal_of(row) for row in rows]


def executing_against(tx: Connection, belief_id: str) -> list[Goal]:
    """Find executing goals that contradict a belief, active or not, by id."""
    rows = tx.execute(
        f"""
        SELECT {_COLUMNS} FROM goal_beliefs AS link JOIN goals ON goals.id = link.goal_id
        WHERE link.belief_id = ? AND link.relation = 'contradicts'
        AND goals.state = 'executing' AND goals.deleted_at IS NULL ORDER BY goals.id
        """,
        (belief_id,),
    )
    return [goal_of(row) for row in rows]


def adopted_and_overdue(tx: Connection, now_us: int) -> list[Goal]:
    """Find adopted goals whose deadline has come, the first to end first."""
    rows = tx.execute(
        f"""
        SELECT {_COLUMNS} FROM goals
        WHERE state = 'adopted' AND deadline_us <= ? AND deleted_at IS NULL
        ORDER BY deadline_us, id
        """,
        (now_us,),
    )
    return [goal_of(row) for row in rows]


def alignment(tx: Connection, goal_id: str) -> float:
    """Return the share of the beliefs that the goal serves which is held, 0 to 1."""
    row = tx.execute("SELECT align FROM goals WHERE id = ?", (goal_id,)).fetchone()
    return 0.0 if row is None else float(row["align"])
