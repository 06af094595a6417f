"""The ranking in the database: `ranking.py`'s formula as SQL, over the derived columns. No goal
that is asked for is left out before the limit, and rows are read of those alone that are given
back.

In a large store, some promising goals are scored first. The last of the best among them sets a
floor: a goal that would stay below it even with the most that urgency, alignment and age can give
is passed over by its value, effort and risk alone.
"""

from collections.abc import Sequence
from sqlite3 import Connection, Row
from typing import Any

from pydantic_core import to_json

from ..model import Goal, GoalState
from ..ranking import DAY_US, Formula
from ..schemas import RankedView
from .goal_rows import GOALS

RANKED_STATES = (GoalState.ADOPTED, GoalState.PROPOSED)
"""The states whose goals are ranked unless others are asked for."""
_AGE = " + :age_weight * min(max(:now_us - created_us, 0) / :age_full_us, 1.0)"
_BASE = ":value * value + :effort * (1.0 - effort) + :risk * (1.0 - risk)"
_ORDER = "ORDER BY raw DESC, created_us, id LIMIT :limit"
_LARGE, _SAMPLE = 20_000, 1_000
_ROUNDING = 1e-9
"""More than the rounding of a sum of weights comes to."""


def ranked_goals(
    tx: Connection, formula: Formula, *, states: Sequence[GoalState], owner: str | None, limit: int
) -> list[RankedView]:
    """Find the best goals in these states, at most `limit`; of one owner, or of everybody.

    The alignment that the rows hold is taken as it is: `goal_rows.py` keeps it right for the
    policy's `belief_min_confidence`.
    """
    where, parameters = _which(states, owner)
    rows = _best(tx, formula, where, parameters, limit)
    hindrances = _hindrances(tx, rows)
    ranked = []
    for number, row in enumerate(rows, start=1):
        goal = GOALS.form_of(row)
        scored = formula.score(goal, row["align"], bool(row["contra"]))
        scored = scored._replace(raw=row["raw"])  # what the order was made by; it is the same
        ranked.append(formula.placed(goal, number, scored, *_own_order(goal, hindrances)))
    return ranked


def ready_goals(tx: Connection, formula: Formula, *, owner: str | None, limit: int) -> list[Goal]:
    """Find the best adopted goals that nothing keeps from being selected now, at most `limit`."""
    where, parameters = _which((GoalState.ADOPTED,), owner)
    where += " AND +contra = 0 AND +open_dependencies = 0 AND starts_us <= :now_us"
    if formula.policy.approve_all:
        where += " AND approved_by IS NOT NULL"
    else:
        where += " AND (requires_approval = 0 OR approved_by IS NOT NULL)"
    if formula.policy.overdue in ("skip", "abandon"):
        where += " AND (deadline_us IS NULL OR deadline_us > :now_us)"
    return [GOALS.form_of(row) for row in _best(tx, formula, where, parameters, limit)]


def rank_of(
    tx: Connection, formula: Formula, goal: Goal,
    *, states: Sequence[GoalState] = RANKED_STATES, owner: str | None = None,
) -> RankedView:  # fmt: skip
    """Rank one goal among those in these states, of one owner or of everybody: its rank is 1 + the
    number of them that come before it."""
    columns = "id, align, contra, open_dependencies, created_us"
    row = tx.execute(f"SELECT {columns} FROM goals WHERE id = ?", (goal.id,)).fetchone()
    scored = formula.score(goal, row["align"], bool(row["contra"]))
    where, parameters = _which(states, owner)
    parameters |= _filled(formula)
    parameters |= {"raw": scored.raw, "created_us": row["created_us"], "id": goal.id}
    (before,) = tx.execute(
        f"SELECT count(*) FROM goals WHERE {where}"
        f" AND (-({_raw(formula)}), created_us, id) < (-:raw, :created_us, :id)",
        parameters,
    ).fetchone()
    hindrances = _own_order(goal, _hindrances(tx, [row]))
    return formula.placed(goal, before + 1, scored, *hindrances)


def count_ranked(tx: Connection, *, states: Sequence[GoalState], owner: str | None) -> int:
    """Count the goals that `ranked_goals` scores."""
    where, parameters = _which(states, owner)
    (count,) = tx.execute(f"SELECT count(*) FROM goals WHERE {where}", parameters).fetchone()
    return int(count)


def _best(
    tx: Connection, formula: Formula, where: str, parameters: dict[str, Any], limit: int
) -> list[Row]:
    """Return the rows of the best goals, in their order."""
    parameters = parameters | _filled(formula) | {"limit": limit}
    floor = _floor(tx, formula, where, parameters)
    if floor is not None:
        where += f" AND {_BASE} >= :base_floor"
        parameters["base_floor"] = floor - _most_beside_base(formula) - _ROUNDING
    return tx.execute(
        f"""
        WITH best AS MATERIALIZED (
          SELECT id, {_raw(formula)} AS raw, created_us FROM goals WHERE {where} {_ORDER})
        SELECT {GOALS.columns}, align, contra, open_dependencies, best.raw
        FROM best CROSS JOIN goals USING (id)
        ORDER BY best.raw DESC, best.created_us, best.id
        """,
        parameters,
    ).fetchall()


def _floor(
    tx: Connection, formula: Formula, where: str, parameters: dict[str, Any]
) -> float | None:
    """Return a raw score that at least `limit` goals reach; None if the store is small, or none is
    known.

    Any sample would do. These are read from the end of the index, where goals of much value are;
    a plus sign before a column keeps SQLite from sorting all goals for that.
    """
    (rows,) = tx.execute("SELECT max(rowid) FROM goals").fetchone()
    if rows is None or rows < _LARGE:
        return None
    found = [
        tx.execute(
            f"""
            SELECT {_raw(formula)} AS raw FROM (
              SELECT value, effort, risk, align, deadline_us, created_us, contra FROM goals
              WHERE {where} AND state = :sampled AND +contra = 0
              ORDER BY owner DESC, contra DESC, open_dependencies DESC, value DESC LIMIT {_SAMPLE})
            ORDER BY raw DESC LIMIT 1 OFFSET max(:limit - 1, 0)
            """,
            parameters | {"sampled": state},
        ).fetchone()
        for name, state in parameters.items() if name.startswith("state_")
    ]  # fmt: skip
    return max([row["raw"] for row in found if row is not None], default=None)


def _most_beside_base(formula: Formula) -> float:
    """Return the most that a goal's raw score exceeds its base by."""
    weights = formula.weights
    return sum(max(most, 0.0) for most in (weights.urgency, weights.alignment, formula.age_weight))


def _raw(formula: Formula) -> str:
    """Return the formula in SQL. A term that is 0 for all goals is left out: no bit changes."""
    return (
        f"{_BASE} + :urgency * CASE WHEN deadline_us <= :day_later_us THEN"
        " CASE WHEN deadline_us <= :now_us THEN :overdue"
        f" ELSE 1.0 - (deadline_us - :now_us) / {float(DAY_US)!r} END ELSE 0.0 END"
        f" + :alignment * align{_AGE if formula.age_weight else ''} + contra * :penalty"
    )


def _filled(formula: Formula) -> dict[str, Any]:
    """Return the parameters of `_raw`."""
    return {
        **formula.weights._asdict(),
        "now_us": formula.now_us, "day_later_us": formula.now_us + DAY_US,
        "overdue": formula.overdue, "penalty": formula.penalty,
        "age_weight": formula.age_weight, "age_full_us": formula.age_full_us,
    }  # fmt: skip


def _which(states: Sequence[GoalState], owner: str | None) -> tuple[str, dict[str, Any]]:
    """Return a condition on goals, and its parameters."""
    parameters: dict[str, Any] = {f"state_{n}": state for n, state in enumerate(states)}
    where = f"deleted_at IS NULL AND state IN ({', '.join(f':{name}' for name in parameters)})"
    if owner is not None:
        where += " AND owner = :owner"
        parameters["owner"] = owner
    return where, parameters


def _hindrances(tx: Connection, goals: Sequence[Row]) -> set[tuple[str, str]]:
    """Find the id of each of these goals with `belief:<id>` of each active belief against it, and
    with `dependency:<id>` of each open goal that it waits for."""
    goal_ids = [row["id"] for row in goals if row["contra"] or row["open_dependencies"]]
    if not goal_ids:
        return set()
    rows = tx.execute(
        """
        WITH asked AS MATERIALIZED (SELECT value AS goal_id FROM json_each(:ids))
        SELECT goal_id, 'belief:' || belief_id AS what
        FROM asked JOIN goal_beliefs USING (goal_id) JOIN beliefs ON beliefs.id = belief_id
        WHERE relation = 'contradicts' AND beliefs.active
        UNION ALL
        SELECT goal_id, 'dependency:' || on_id
        FROM asked JOIN goal_dependencies USING (goal_id)
        WHERE NOT EXISTS (
          SELECT 1 FROM goals WHERE goals.id = on_id
          AND state = 'satisfied' AND deleted_at IS NULL)
        """,
        {"ids": to_json(goal_ids).decode()},
    )
    return {(row["goal_id"], row["what"]) for row in rows}


def _own_order(goal: Goal, found: set[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return beliefs against the goal and goals that it waits for, as the goal names them."""
    against = [name for name in goal.contradicts if (goal.id, f"belief:{name}") in found]
    waiting = [name for name in goal.depends_on if (goal.id, f"dependency:{name}") in found]
    return against, waiting
