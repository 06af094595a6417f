"""Goals, beliefs and events to put into a store, and rows to look at."""

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from gdg_runtime.goals.model import Belief, Goal, GoalCategory, GoalState
from gdg_runtime.goals.schemas import TaskView

NOON = datetime(2025, 11, 8, 12, tzinfo=UTC)
NOON_US = 1_762_603_200_000_000
TS = "2025-11-08T12:00:00.000000Z"


def make_goal(number: int = 1, **different: Any) -> Goal:
    """A goal that was made `number` seconds after noon."""
    moment = NOON + timedelta(seconds=number)
    given: dict[str, Any] = {
        "id": f"goal_{number:03}", "text": f"Keep watch {number}", "value": 0.8, "effort": 0.3,
        "category": GoalCategory.MAINTENANCE, "risk": 0.1, "created_at": moment,
        "updated_at": moment,
    }  # fmt: skip
    return Goal.model_construct(**{**given, **different})


def make_belief(name: str, **different: Any) -> Belief:
    given: dict[str, Any] = {
        "text": f"I hold {name}", "active": True, "confidence": 1.0, "immutable": False,
        "created_at": NOON, "updated_at": NOON, "version": 1,
    }  # fmt: skip
    return Belief(id=name, **{**given, **different})


def make_event(**different: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "ts": TS, "event": "goal_created", "goal_id": "goal_001", "version": 1, "actor": "local",
        "state_to": GoalState.PROPOSED, "trace_id": "0" * 32, "span_id": "0" * 16,
        "state_from": None, "reason": None, "data": {},
    }  # fmt: skip
    return {**given, **different}


def find_task(tx: sqlite3.Connection, task_id: str) -> TaskView | None:
    """Return a goal's task, open or closed."""
    row = tx.execute("SELECT payload FROM tasks WHERE task_id = ?", (task_id,)).fetchone()
    return None if row is None else TaskView.model_validate_json(row["payload"])


def open_task_of(tx: sqlite3.Connection, goal_id: str) -> TaskView | None:
    """Return the task that a goal is executed by."""
    row = tx.execute(
        "SELECT payload FROM tasks WHERE goal_id = ? AND closed_at IS NULL", (goal_id,)
    ).fetchone()
    return None if row is None else TaskView.model_validate_json(row["payload"])


def dependents(tx: sqlite3.Connection, goal_id: str) -> list[str]:
    """List ids of the goals that wait for this one, or did."""
    rows = tx.execute(
        "SELECT goal_id FROM goal_dependencies WHERE on_id = ? ORDER BY goal_id", (goal_id,)
    )
    return [row["goal_id"] for row in rows]


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
_SHARES = st.floats(0, 1)
_IDS = st.lists(st.sampled_from([f"belief_{n}" for n in range(8)]), unique=True, max_size=6)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_MOMENTS = st.datetimes(
    datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip


@st.composite
def goal_fields(draw: st.DrawFn) -> dict[str, Any]:
    """Whatever a goal may hold, but for its id, state and version."""
    beliefs, earliest = draw(_IDS), draw(st.integers(0, 10**9))
    cut = draw(st.integers(0, len(beliefs)))
    created_at = draw(_MOMENTS)
    return {
        "text": draw(_TEXTS.filter(lambda text: text.strip() != "")),
        "category": draw(st.sampled_from(GoalCategory)),
        "value": draw(_SHARES),
        "effort": draw(_SHARES),
        "risk": draw(_SHARES),
        "horizon_min_min": earliest,
        "horizon_max_min": draw(st.none() | st.integers(max(earliest, 1), 10**9)),
        "aligns_with": tuple(beliefs[:cut]),
        "contradicts": tuple(beliefs[cut:]),
        "success_metrics": draw(st.dictionaries(_TEXTS, st.floats(-1e300, 1e300), max_size=3)),
        "created_at": created_at,
        "updated_at": created_at + draw(st.timedeltas(timedelta(0), timedelta(days=9))),
        "metadata": draw(st.dictionaries(_TEXTS, _JSON, max_size=3)),
        "owner": draw(st.none() | st.sampled_from(["agent_1", "agent_2"])),
        "repeat_every_min": draw(st.none() | st.integers(1, 10**9)),
        "requires_approval": draw(st.booleans()),
        "approved_by": draw(st.none() | _TEXTS),
        "previous_id": draw(st.none() | _TEXTS),
        "attempts": draw(st.integers(0, 9)),
        "selection_key": draw(st.none() | _TEXTS),
    }
