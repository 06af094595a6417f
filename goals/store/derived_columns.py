"""Columns of goals that are derived from others: the share of its beliefs that hold, whether one
forbids it, and how many goals it still waits for. They are kept so that ranking reads one index and
joins nothing.

The functions that write goals and beliefs keep the columns right by themselves.
"""

import sqlite3
from collections.abc import Sequence

_THRESHOLD = "(SELECT value FROM settings WHERE name = 'belief_min_confidence')"
_ALIGN = f"""
  CASE WHEN json_array_length(aligns_with) = 0 THEN 0.0 ELSE (
    SELECT count(*) FROM goal_beliefs AS link JOIN beliefs AS belief ON belief.id = link.belief_id
    WHERE link.goal_id = goals.id AND link.relation = 'aligns'
    AND belief.active AND belief.confidence >= {_THRESHOLD}
  ) * 1.0 / json_array_length(aligns_with) END"""
_CONTRA = """
  EXISTS (
    SELECT 1 FROM goal_beliefs AS link JOIN beliefs AS belief ON belief.id = link.belief_id
    WHERE link.goal_id = goals.id AND link.relation = 'contradicts' AND belief.active)"""
_OPEN = """(
    SELECT count(*) FROM goal_dependencies AS link WHERE link.goal_id = goals.id
    AND NOT EXISTS (
      SELECT 1 FROM goals AS other WHERE other.id = link.on_id
      AND other.state = 'satisfied' AND other.deleted_at IS NULL))"""


def refresh_goal(tx: sqlite3.Connection, goal_id: str) -> None:
    """Work out the standing of one goal."""
    _refresh_beliefs(tx, "id = ?", (goal_id,))
    _refresh_dependencies(tx, "id = ?", (goal_id,))


def refresh_for_changed_belief(tx: sqlite3.Connection, belief_id: str) -> None:
    """Work out the standing of the goals that name a belief."""
    named = "id IN (SELECT goal_id FROM goal_beliefs WHERE belief_id = ?)"
    _refresh_beliefs(tx, named, (belief_id,))


def refresh_for_dependency(tx: sqlite3.Connection, goal_id: str) -> None:
    """Work out the standing of the goals that wait for this one."""
    waiting = "id IN (SELECT goal_id FROM goal_dependencies WHERE on_id = ?)"
    _refresh_dependencies(tx, waiting, (goal_id,))


def refresh_all(tx: sqlite3.Connection, min_confidence: float) -> None:
    """Work out the standing of all goals, and work with this confidence from now on."""
    tx.execute(
        "UPDATE settings SET value = ? WHERE name = 'belief_min_confidence'", (min_confidence,)
    )
    _refresh_beliefs(tx, "true", ())
    _refresh_dependencies(tx, "true", ())


def confidence_of(tx: sqlite3.Connection) -> float:
    """Return the confidence from which on a belief counts towards alignment, 0 to 1."""
    return float(tx.execute(f"SELECT {_THRESHOLD}").fetchone()[0])


def settle(tx: sqlite3.Connection, min_confidence: float) -> bool:
    """Call `refresh_all` if the store worked with another confidence so far. Returns whether it
    did."""
    if confidence_of(tx) == min_confidence:
        return False
    refresh_all(tx, min_confidence)
    return True


def _refresh_beliefs(tx: sqlite3.Connection, which: str, parameters: Sequence[str]) -> None:
    # A row whose standing is right is not written, nor is the index that holds it.
    tx.execute(
        f"""
        UPDATE goals SET align = fresh.align, contra = fresh.contra,
          blocked_noted = blocked_noted AND fresh.contra
        FROM (SELECT id, {_ALIGN} AS align, {_CONTRA} AS contra FROM goals WHERE {which}) AS fresh
        WHERE goals.id = fresh.id AND (goals.align <> fresh.align OR goals.contra <> fresh.contra)
        """,
        parameters,
    )


def _refresh_dependencies(tx: sqlite3.Connection, which: str, parameters: Sequence[str]) -> None:
    tx.execute(
        f"""
        UPDATE goals SET open_dependencies = fresh.count
        FROM (SELECT id, {_OPEN} AS count FROM goals WHERE {which}) AS fresh
        WHERE goals.id = fresh.id AND goals.open_dependencies <> fresh.count
        """,
        parameters,
    )
