"""What is read from a store and is more than rows: rankings, explanations, figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from .commands import Statistics
from .decisions import weights_of
from .explanation import explain_lines
from .forms import LedgerView
from .model import GoalState, Weights
from .operation import Operation
from .ranking import Ranked, Score
from .store import counter_rows, goal_rows, ledger_rows, ranking_query

WAITING = (GoalState.ADOPTED, GoalState.PROPOSED)
"""The states of goals that are ranked, unless others are asked for."""


@dataclass(frozen=True)
class RankedGoals:
    """The best goals, in order."""

    items: tuple[Ranked, ...]
    weights: Weights
    considered: int
    """How many goals were scored."""


@dataclass(frozen=True)
class Explained:
    """Why a goal stands where it stands."""

    ranked: Ranked
    weights: Weights
    lines: tuple[str, ...]
    """In words for people."""


def prioritized(
    op: Operation, states: Sequence[GoalState], owner: str | None, limit: int
) -> RankedGoals:
    """The best goals, at most `limit`; all that match are scored."""
    weights = weights_of(op.tx)
    items = ranking_query.ranked_goals(
        op.tx, states=states, owner=owner, weights=weights, policy=op.policy,
        now_us=op.now_us, limit=limit,
    )  # fmt: skip
    considered = ranking_query.count_ranked(op.tx, states=states, owner=owner)
    return RankedGoals(tuple(items), weights, considered)


def explain(op: Operation, goal_id: str) -> Explained:
    """The goal's place, or the one it would have, among the goals that wait to be adopted or
    selected. Raises GoalNotFound."""
    goal = op.goal(goal_id)
    weights = weights_of(op.tx)
    ranked = ranking_query.rank_of(
        op.tx, goal, states=WAITING, owner=None,
        weights=weights, policy=op.policy, now_us=op.now_us,
    )  # fmt: skip
    score = Score(ranked.raw, ranked.priority, ranked.components)
    return Explained(ranked, weights, explain_lines(score, weights, ranked.blocked_by))


def history(
    op: Operation, goal_id: str | None, after: int, limit: int
) -> tuple[list[LedgerView], int | None]:
    """Events of the ledger, and `after` of the next page: of one goal, or of all, deleted ones
    included. Raises GoalNotFound."""
    if goal_id is not None:
        op.goal(goal_id)
    events = ledger_rows.events(op.tx, goal_id=goal_id, after=after, limit=limit + 1)
    more = len(events) > limit
    events = events[:limit]
    return events, events[-1].seq if more else None


def statistics(op: Operation) -> Statistics:
    """The counters, and how many goals are in each state."""
    return Statistics(
        counters=tuple(counter_rows.read_counters(op.tx)), by_state=goal_rows.count_by_state(op.tx)
    )
