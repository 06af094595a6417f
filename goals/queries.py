"""Reads from a store that are more than rows: rankings, explanations, statistics."""

from collections.abc import Iterable, Sequence

from .decisions import weights_of
from .model import GoalState, Weights
from .operation import Operation
from .ranking import DAY_US, MINUTE_US, Score, weights_view
from .schemas import Explanation, LedgerView, Ranking, Statistics
from .store import bookkeeping, goal_rows, ledger_rows, ranking_query

WAITING = (GoalState.ADOPTED, GoalState.PROPOSED)
"""The states of goals that are ranked, unless others are asked for."""
_BLOCKS = {
    "belief": "the active belief {} stands against it",
    "dependency": "it waits for the goal {}",
    "approval": "it needs approval",
    "not_started": "its earliest start has not come yet",
    "overdue": "its deadline has passed",
}
_DAY_H = DAY_US // (60 * MINUTE_US)


def prioritized(
    op: Operation, states: Sequence[GoalState], owner: str | None, limit: int
) -> Ranking:
    """Rank the best goals, at most `limit`; all that match are scored."""
    weights = weights_of(op.tx)
    items = ranking_query.ranked_goals(
        op.tx, states=states, owner=owner, weights=weights, policy=op.policy,
        now_us=op.now_us, limit=limit,
    )  # fmt: skip
    considered = ranking_query.count_ranked(op.tx, states=states, owner=owner)
    return Ranking(
        items=tuple(items),
        weights_used=weights_view(weights, op.policy),
        considered=considered,
    )


def explain(op: Operation, goal_id: str) -> Explanation:
    """Explain the goal's place, or the one it would have, among the goals that wait to be adopted
    or selected. Raises GoalNotFound."""
    goal = op.goal(goal_id)
    weights = weights_of(op.tx)
    ranked = ranking_query.rank_of(
        op.tx, goal, states=WAITING, owner=None,
        weights=weights, policy=op.policy, now_us=op.now_us,
    )  # fmt: skip
    score = Score(ranked.raw_score, ranked.priority, ranked.components)
    return Explanation(
        ranked=ranked,
        weights_used=weights_view(weights, op.policy),
        lines=explain_lines(score, weights, ranked.blocked_by),
    )


def history(
    op: Operation, goal_id: str | None, after: int, limit: int
) -> tuple[list[LedgerView], int | None]:
    """Return events of the ledger, and `after` of the next page: of one goal, or of all, deleted
    ones included. Raises GoalNotFound."""
    if goal_id is not None:
        op.goal(goal_id)
    events = ledger_rows.events(op.tx, goal_id=goal_id, after=after, limit=limit + 1)
    more = len(events) > limit
    events = events[:limit]
    return events, events[-1].seq if more else None


def statistics(op: Operation) -> Statistics:
    """Return the counters, and how many goals are in each state."""
    return Statistics(
        counters=tuple(bookkeeping.read_counters(op.tx)), by_state=goal_rows.count_by_state(op.tx)
    )


def explain_lines(score: Score, weights: Weights, blocked_by: Iterable[str]) -> tuple[str, ...]:
    """Explain a score: one line per term (its size, its weight, their product), their sum, the
    priority, and one for each thing in `blocked_by`. The age and the penalty are left out where
    they are 0."""
    terms = score.components
    lines = [
        _product("value", terms.value, weights.value),
        _product("1 - effort", terms.effort, weights.effort),
        _product("1 - risk", terms.risk, weights.risk),
        _product("urgency", terms.urgency, weights.urgency, _deadline(terms.urgency, weights)),
        _product("alignment", terms.alignment, weights.alignment),
    ]
    if terms.age:
        lines.append(_line("age", "", terms.age, "grows while the goal waits"))
    if terms.penalty:
        lines.append(_line("penalty", "", terms.penalty, "an active belief stands against it"))
    lines.append(_line("sum", "", score.raw, "goals are ordered by it"))
    lines.append(_line("priority", "", score.priority, "the sum, kept within 0 and 1", sign="-"))
    blocks = [f"blocked: {_reason(text)}" for text in blocked_by]
    return (*lines, *(blocks or ["not blocked"]))


def _product(name: str, term: float, weight: float, note: str = "") -> str:
    if weight == 0.0:
        return _line(name, "", 0.0, "its weight is 0")
    return _line(name, f"{term / weight:.4f} × {weight:.4f}", term, note)


def _line(name: str, factors: str, term: float, note: str, sign: str = "+") -> str:
    return f"{name:<10} {factors:>15} = {term:>{sign}7.4f}  {note}".rstrip()


def _deadline(term: float, weights: Weights) -> str:
    """Explain an urgency by the deadline."""
    urgency = term / weights.urgency if weights.urgency else 0.0
    if urgency == 0.0:
        return f"no deadline within {_DAY_H} hours"
    if 0.0 < urgency < 1.0:
        return f"{_DAY_H * (1.0 - urgency):.1f} hours to the deadline"
    return "the deadline has passed"


def _reason(text: str) -> str:
    kind, _, what = text.partition(":")
    return _BLOCKS[kind].format(what)
