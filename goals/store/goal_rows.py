"""The rows of goals, with their links to beliefs and other goals, and the rows of beliefs: written,
found and listed.

Some columns are derived from others: the share of a goal's beliefs that hold, whether one forbids
it, and how many goals it still waits for. They are kept so that ranking reads one index and joins
nothing. The functions that write goals and beliefs keep them right by themselves.
"""

from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import Any

from ..errors import BeliefNotFound, GoalNotFound
from ..fields import utc_text
from ..identity import microseconds
from ..model import Belief, Goal, GoalState
from .rows import Table, read_cursor

_MINUTE_US = 60_000_000
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


def _times_of(goal: Goal) -> dict[str, Any]:
    created, deadline = microseconds(goal.created_at), goal.horizon_max_min
    return {
        "created_us": created,
        "starts_us": created + goal.horizon_min_min * _MINUTE_US,
        "deadline_us": None if deadline is None else created + deadline * _MINUTE_US,
    }


GOALS = Table("goals", Goal, GoalNotFound, _times_of)
BELIEFS = Table("beliefs", Belief, BeliefNotFound)


def insert_goal(tx: Connection, goal: Goal) -> None:
    """Write a new goal. Raises sqlite3.IntegrityError, as `Table.insert`."""
    GOALS.insert(tx, goal)
    if goal.aligns_with or goal.contradicts or goal.depends_on:
        _link(tx, goal)
    if _counts_as_done(goal):
        refresh_for_dependency(tx, goal.id)


def find_goal(tx: Connection, goal_id: str, *, include_deleted: bool = False) -> Goal | None:
    """Find the goal with this id."""
    goal = GOALS.find(tx, goal_id)
    return goal if include_deleted or goal is None or goal.deleted_at is None else None


def update_goal(tx: Connection, before: Goal, after: Goal) -> None:
    """Write what changed; a goal that does not execute any more holds no lease. Raises
    VersionConflict, GoalNotFound and ValueError, as `Table.update`."""
    lease = {} if after.state == GoalState.EXECUTING else {"lease_until_us": None}
    changed = GOALS.update(tx, before, after, **lease)
    if not changed.keys().isdisjoint(("aligns_with", "contradicts", "depends_on")):
        _link(tx, after)
    if _counts_as_done(before) != _counts_as_done(after):
        refresh_for_dependency(tx, after.id)


def page_of_goals(
    tx: Connection,
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
    clause = f"WHERE {' AND '.join(where) or 'true'} ORDER BY created_at DESC, id"
    return GOALS.page(
        tx, clause, parameters, limit, lambda last: (utc_text(last.created_at), last.id)
    )


def count_by_state(tx: Connection) -> dict[str, int]:
    """Count the goals in each of the five states, deleted ones left out."""
    counts = {str(state): 0 for state in GoalState}
    counts.update(
        tx.execute("SELECT state, count(*) FROM goals WHERE deleted_at IS NULL GROUP BY state")
    )
    return counts


def set_lease(tx: Connection, goal_id: str, until_us: int | None) -> None:
    """Set the time until which the goal's execution need not report; None: for ever. No new
    version."""
    tx.execute("UPDATE goals SET lease_until_us = ? WHERE id = ?", (until_us, goal_id))


def expired_leases(tx: Connection, now_us: int) -> list[Goal]:
    """Find executing goals whose lease is over, the first to end first."""
    over = "lease_until_us <= ? AND state = 'executing'"
    return GOALS.select(tx, f"WHERE {over} ORDER BY lease_until_us, id", (now_us,))


def note_blocked(tx: Connection, goal_id: str, noted: bool) -> None:
    """Note whether the ledger has the goal's block already. No new version."""
    tx.execute("UPDATE goals SET blocked_noted = ? WHERE id = ?", (noted, goal_id))


def contradicted(
    tx: Connection, states: Sequence[GoalState], *, owner: str | None = None, unnoted: bool = False
) -> list[Goal]:
    """Find goals in these states that an active belief forbids, oldest first; of the `unnoted`,
    the ledger does not have the block yet."""
    where, parameters = _filter(states, None, owner, False)
    where += ["contra = 1", "blocked_noted = 0"] if unnoted else ["contra = 1"]
    return GOALS.select(tx, f"WHERE {' AND '.join(where)} ORDER BY created_us, id", parameters)


def dependency_path(tx: Connection, start_ids: Iterable[str], goal_id: str) -> list[str] | None:
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


def executing_against(tx: Connection, belief_id: str) -> list[Goal]:
    """Find executing goals that contradict a belief, active or not, by id."""
    return GOALS.select(
        tx,
        "JOIN goal_beliefs ON goal_id = id WHERE belief_id = ? AND relation = 'contradicts' "
        "AND state = 'executing' AND deleted_at IS NULL ORDER BY id",
        (belief_id,),
    )


def adopted_and_overdue(tx: Connection, now_us: int) -> list[Goal]:
    """Find adopted goals whose deadline has come, the first to end first."""
    overdue = "state = 'adopted' AND deadline_us <= ? AND deleted_at IS NULL"
    return GOALS.select(tx, f"WHERE {overdue} ORDER BY deadline_us, id", (now_us,))


def alignment(tx: Connection, goal_id: str) -> float:
    """Return the share of the beliefs that the goal serves which is held, 0 to 1."""
    row = tx.execute("SELECT align FROM goals WHERE id = ?", (goal_id,)).fetchone()
    return 0.0 if row is None else float(row["align"])


def insert_belief(tx: Connection, belief: Belief) -> None:
    """Write a new belief. Raises sqlite3.IntegrityError if its id is taken."""
    BELIEFS.insert(tx, belief)
    if belief.active:
        refresh_for_changed_belief(tx, belief.id)


def find_belief(tx: Connection, belief_id: str) -> Belief | None:
    """Find the belief with this id."""
    return BELIEFS.find(tx, belief_id)


def find_beliefs(tx: Connection, ids: Sequence[str]) -> list[Belief]:
    """Find the beliefs with these ids that exist, in the order asked."""
    return [belief for belief in (find_belief(tx, known) for known in ids) if belief is not None]


def active_beliefs(tx: Connection) -> list[Belief]:
    """Find all active beliefs, by id."""
    return BELIEFS.select(tx, "WHERE active = 1 ORDER BY id")


def update_belief(tx: Connection, before: Belief, after: Belief) -> None:
    """Write a belief. Raises VersionConflict, BeliefNotFound and ValueError, as `Table.update`."""
    changed = BELIEFS.update(tx, before, after)
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
    return BELIEFS.page(tx, clause, parameters, limit, lambda last: (last.id,))


def refresh_for_changed_belief(tx: Connection, belief_id: str) -> None:
    """Work out the standing of the goals that name a belief."""
    named = "id IN (SELECT goal_id FROM goal_beliefs WHERE belief_id = ?)"
    _refresh_beliefs(tx, named, (belief_id,))


def refresh_for_dependency(tx: Connection, goal_id: str) -> None:
    """Work out the standing of the goals that wait for this one."""
    waiting = "id IN (SELECT goal_id FROM goal_dependencies WHERE on_id = ?)"
    _refresh_dependencies(tx, waiting, (goal_id,))


def refresh_all(tx: Connection, min_confidence: float) -> None:
    """Work out the standing of all goals, and work with this confidence from now on."""
    tx.execute(
        "UPDATE settings SET value = ? WHERE name = 'belief_min_confidence'", (min_confidence,)
    )
    _refresh_beliefs(tx, "true", ())
    _refresh_dependencies(tx, "true", ())


def confidence_of(tx: Connection) -> float:
    """Return the confidence from which on a belief counts towards alignment, 0 to 1."""
    return float(tx.execute(f"SELECT {_THRESHOLD}").fetchone()[0])


def settle(tx: Connection, min_confidence: float) -> bool:
    """Call `refresh_all` if the store worked with another confidence so far. Returns whether it
    did."""
    if confidence_of(tx) == min_confidence:
        return False
    refresh_all(tx, min_confidence)
    return True


def _refresh_beliefs(tx: Connection, which: str, parameters: Sequence[str]) -> None:
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


def _refresh_dependencies(tx: Connection, which: str, parameters: Sequence[str]) -> None:
    tx.execute(
        f"""
        UPDATE goals SET open_dependencies = fresh.count
        FROM (SELECT id, {_OPEN} AS count FROM goals WHERE {which}) AS fresh
        WHERE goals.id = fresh.id AND goals.open_dependencies <> fresh.count
        """,
        parameters,
    )


def _link(tx: Connection, goal: Goal) -> None:
    """Write which beliefs and goals it names, and work out its standing."""
    for table in ("goal_beliefs", "goal_dependencies"):
        tx.execute(f"DELETE FROM {table} WHERE goal_id = ?", (goal.id,))
    beliefs = [(goal.id, belief, "aligns") for belief in goal.aligns_with]
    beliefs += [(goal.id, belief, "contradicts") for belief in goal.contradicts]
    tx.executemany("INSERT INTO goal_beliefs VALUES (?, ?, ?)", beliefs)
    others = [(goal.id, other) for other in goal.depends_on]
    tx.executemany("INSERT INTO goal_dependencies VALUES (?, ?)", others)
    _refresh_beliefs(tx, "id = ?", (goal.id,))
    _refresh_dependencies(tx, "id = ?", (goal.id,))


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
