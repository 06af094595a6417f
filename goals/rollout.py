"""Whether goals may go on deciding: what the canary phase has shown, and the verdict on it."""

from dataclasses import dataclass
from sqlite3 import Connection
from typing import Literal

from .store import ledger_rows

Verdict = Literal["keep", "roll_back", "insufficient"]
ENOUGH_SELECTIONS = 20
"""Fewer say nothing about success."""
LEAST_SUCCESS = 0.8
"""Share of the finished executions that must have succeeded."""

BEGINNING = ""
_SELECTED = """SELECT count(*) FROM ledger
WHERE event = 'goal_selected_for_execution' AND ts >= ?"""
_BLOCKS = """SELECT count(*) FROM ledger
WHERE event = 'goal_blocked_by_belief' AND reason IN ('severity', 'active_contradiction')
AND ts >= ?"""
_ENDINGS = """SELECT json_extract(outcome_data, '$.ended') AS ended, count(*) AS times
FROM decision_records WHERE outcome IS NOT NULL AND ts >= ? GROUP BY ended"""
# Not by the column `contra`, which selection goes by: what it missed must not be missed here.
_FORBIDDEN = """SELECT count(DISTINCT goals.id) FROM goals
JOIN goal_beliefs AS link ON link.goal_id = goals.id AND link.relation = 'contradicts'
JOIN beliefs ON beliefs.id = link.belief_id AND beliefs.active
WHERE goals.state = 'executing' AND goals.deleted_at IS NULL"""


@dataclass(frozen=True, kw_only=True)
class RolloutStats:
    """What is watched while goals begin to decide; counts."""

    selections: int = 0
    finished: int = 0
    """Executions whose end was told, or that ended by their lease; not those that were given
    back, called off or stopped by a belief."""
    successes: int = 0
    """Those that satisfied their goal."""
    safety_blocks: int = 0
    """Times a belief stood against a goal. They are no fault: the vetting works."""
    violations: int = 0
    """Goals that are executing while an active belief forbids them, and broken ledger links."""
    crashes: int = 0
    """Executions that ended by their lease: nobody told what became of them."""

    @property
    def success_rate(self) -> float | None:
        """Successes / finished; None while nothing has finished."""
        return self.successes / self.finished if self.finished else None


def verdict(stats: RolloutStats) -> tuple[Verdict, tuple[str, ...]]:
    """What to do, and why, in words for people.

    One violation or crash is enough to roll back, at any time. Success is judged from 20
    selections on: below 80 % is rolled back.
    """
    alarms = []
    if stats.violations:
        alarms.append(f"{_times(stats.violations, 'safety violation')}; none is allowed")
    if stats.crashes:
        alarms.append(f"{_times(stats.crashes, 'execution')} ended without a word; none may")
    rate = stats.success_rate
    enough = stats.selections >= ENOUGH_SELECTIONS and rate is not None
    share = f"{stats.successes} of {_times(stats.finished, 'execution')} succeeded"
    if enough and rate is not None and rate < LEAST_SUCCESS:
        alarms.append(f"{share}; at least {LEAST_SUCCESS:.0%} must")
    if alarms:
        return "roll_back", tuple(alarms)
    if not enough:
        waiting = f"{_times(stats.selections, 'selection')}, {stats.finished} finished"
        return "insufficient", (f"{waiting}; {ENOUGH_SELECTIONS} selections are needed to judge",)
    return "keep", (f"{share}, no violation, no crash",)


def read_stats(tx: Connection, *, since: str = BEGINNING) -> RolloutStats:
    """What the ledger and the decision records show, from a time (RFC 3339) on; violations are
    looked for in the store as it is, and in the whole ledger."""
    ended = {row["ended"]: row["times"] for row in tx.execute(_ENDINGS, (since,))}
    successes, crashes = ended.get("satisfied", 0), ended.get("lease", 0)
    return RolloutStats(
        selections=_count(tx, _SELECTED, since),
        finished=successes + ended.get("failed", 0) + crashes,
        successes=successes,
        safety_blocks=_count(tx, _BLOCKS, since),
        violations=_count(tx, _FORBIDDEN) + (ledger_rows.verify(tx) is not None),
        crashes=crashes,
    )


def _count(tx: Connection, query: str, *parameters: str) -> int:
    (number,) = tx.execute(query, parameters).fetchone()
    return int(number)


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
