"""Decisions: the weights of the ranking as parameters within bounds, what executions came to, and
the verdict on the rollout.

Parameters change when they are set, never by themselves: nothing here learns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from sqlite3 import Connection
from typing import Any, Literal

from .errors import BadRequest, DecisionNotFound
from .model import Weights
from .schemas import ParameterView
from .store import ledger_rows, task_rows

GOAL_SELECTED = "goal_selected"
SUBSYSTEM = "goal_store"
SUCCESS_METRICS = ("coherence", "goal_satisfaction", "task_completion_rate")
_STARTING = Weights()
PARAMETERS = (
    ParameterView(name="value_weight", current=_STARTING.value, min=0.0, max=1.0, step=0.05),
    ParameterView(name="effort_weight", current=_STARTING.effort, min=0.0, max=1.0, step=0.05),
    ParameterView(name="risk_weight", current=_STARTING.risk, min=0.0, max=1.0, step=0.05),
    ParameterView(name="urgency_weight", current=_STARTING.urgency, min=0.0, max=0.3, step=0.02),
    ParameterView(
        name="alignment_weight", current=_STARTING.alignment, min=0.0, max=0.3, step=0.02
    ),
)
"""The parameters of the specification, in the order of `Weights`."""
_DECIMALS = 12
Ending = Literal["satisfied", "failed", "released", "belief", "lease", "abandoned"]
"""The end of an execution: as it should; not so; given back; stopped by a belief; not reported
before its lease was over; called off."""
_SHORT, _FAILED, _CRASHED, _UNDECIDED = -0.5, -1.0, -1.0, 0.0
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


def register_goal_selected(tx: Connection, starting: Weights = _STARTING) -> None:
    """Make the decision known, with the weights to begin with, each held within its bounds.
    Registered again, it keeps the values that it has."""
    parameters = [
        known.changed(current=within(known, weight)[0])
        for known, weight in zip(PARAMETERS, starting, strict=True)
    ]
    task_rows.register(tx, GOAL_SELECTED, SUBSYSTEM, parameters, SUCCESS_METRICS)


def is_registered(tx: Connection) -> bool:
    """Return whether the decision is registered as here, whatever its parameters' values."""
    try:
        known = task_rows.read_decision(tx, GOAL_SELECTED)
    except DecisionNotFound:
        return False
    values = {parameter.name: parameter.current for parameter in known.parameters}
    ours = tuple(known.changed(current=values.get(known.name)) for known in PARAMETERS)
    return known == known.changed(
        subsystem=SUBSYSTEM, success_metrics=SUCCESS_METRICS, parameters=ours
    )


def weights_of(tx: Connection) -> Weights:
    """Return the weights as they are set now. Raises DecisionNotFound before the registration."""
    return Weights(
        *(task_rows.parameter(tx, GOAL_SELECTED, known.name).current for known in PARAMETERS)
    )


def set_parameter(
    tx: Connection, decision_id: str, name: str, value: float
) -> tuple[ParameterView, bool]:
    """Set a parameter to a value within its bounds: the nearest one, and whether that is another.

    Raises DecisionNotFound, and BadRequest (invalid-parameter) for a value that is not finite.
    """
    before = task_rows.parameter(tx, decision_id, name)
    current, clamped = within(before, value)
    if current != before.current:
        task_rows.set_current(tx, decision_id, name, current)
    return before.changed(current=current), clamped


def within(parameter: ParameterView, value: float) -> tuple[float, bool]:
    """Return the value nearest to this one that the bounds allow, and whether it is another one.

    Raises BadRequest (invalid-parameter).
    """
    if not isfinite(value):
        raise BadRequest(
            "invalid-parameter",
            f"{parameter.name} can't be {value}; give a number from {parameter.min} "
            f"to {parameter.max}",
            parameter=parameter.name, min=parameter.min, max=parameter.max,
        )  # fmt: skip
    current = min(max(value, parameter.min), parameter.max)
    return current, current != value


def stepped(parameter: ParameterView, direction: Literal[1, -1]) -> ParameterView:
    """Return the parameter one step further up or down, or at its bound."""
    moved = round(parameter.current + direction * parameter.step, _DECIMALS)
    return parameter.changed(current=within(parameter, moved)[0])


@dataclass(frozen=True)
class Outcome:
    """The outcome of an execution, as a decision record keeps it."""

    score: float
    """-1 to 1."""
    data: dict[str, Any]
    """`ended` (an `Ending`) and, of a finished execution, `success`, `measured` and `missed`."""


def met(targets: Mapping[str, float], measured: Mapping[str, float]) -> tuple[bool, list[str]]:
    """Return whether each target was reached, and the names of those that were not, sorted.

    Reached: what was measured is at least the target. What was not measured was not reached.
    """
    missed = [
        name for name in sorted(targets)
        if name not in measured or not measured[name] >= targets[name]
    ]  # fmt: skip
    return not missed, missed


def outcome_score(
    success: bool, targets: Mapping[str, float], measured: Mapping[str, float]
) -> float:
    """Score the selection of a goal by its result, from -1 to 1.

    With s, the share of the targets that were reached (1 if there are none):
    -0.5 + 1.5 s if the execution succeeded, -1 + 0.5 s if it failed.

    So a satisfied goal gives +1, and a success that reached no target no more than a failure that
    reached all: -0.5. Those two values are Astra's; the share between them is ours.
    """
    _, missed = met(targets, measured)
    share = 1.0 - len(missed) / len(targets) if targets else 1.0
    return _SHORT + (1.0 - _SHORT) * share if success else _FAILED + (_SHORT - _FAILED) * share


def finished(success: bool, targets: Mapping[str, float], measured: Mapping[str, float]) -> Outcome:
    """Make the outcome of an execution whose end was reported."""
    reached, missed = met(targets, measured)
    ended: Ending = "satisfied" if success and reached else "failed"
    return Outcome(
        outcome_score(success, targets, measured),
        {
            "ended": ended,
            "success": success,
            "measured": {name: measured[name] for name in sorted(measured)},
            "missed": missed,
        },
    )


def interrupted(ended: Literal["released", "belief", "lease", "abandoned"]) -> Outcome:
    """Make the outcome of an execution that was interrupted: 0, since it says nothing about the
    decision; -1 for one that was not reported before its lease was over."""
    return Outcome(_CRASHED if ended == "lease" else _UNDECIDED, {"ended": ended})


@dataclass(frozen=True, kw_only=True)
class RolloutStats:
    """The counts that are watched while goals begin to decide, as RolloutAnswer describes them."""

    selections: int = 0
    finished: int = 0
    successes: int = 0
    safety_blocks: int = 0
    violations: int = 0
    crashes: int = 0

    @property
    def success_rate(self) -> float | None:
        """Successes / finished; None while nothing has finished."""
        return self.successes / self.finished if self.finished else None


def verdict(stats: RolloutStats) -> tuple[Verdict, tuple[str, ...]]:
    """Judge the rollout. Returns the verdict and its reasons in words for people.

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
    """Count what the ledger and the decision records show, from a time (RFC 3339) on; violations
    are looked for in the store as it is, and in the whole ledger."""
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
