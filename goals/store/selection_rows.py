"""What selection needs to know of goals' rows: which may not go on, and how they stand."""

from sqlite3 import Connection

from ..model import Goal
from .goal_rows import GOAL_COLUMNS, goal_of

_COLUMNS = ", ".join(f"goals.{name.strip()}" for name in GOAL_COLUMNS.split(","))


def executing_against(tx: Connection, belief_id: str) -> list[Goal]:
    """Executing goals that contradict a belief, active or not, by id."""
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
    """Adopted goals whose deadline has come, the first to end first."""
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
    """The share of the beliefs that the goal serves which is held, 0 to 1."""
    row = tx.execute("SELECT align FROM goals WHERE id = ?", (goal_id,)).fetchone()
    return 0.0 if row is None else float(row["align"])
