"""A goal's score in words for people: the sum, term by term, and what keeps the goal back."""

from collections.abc import Iterable

from .model import Weights
from .ranking import DAY_US, MINUTE_US, Score

_BLOCKS = {
    "belief": "the active belief {} stands against it",
    "dependency": "it waits for the goal {}",
    "approval": "it needs approval",
    "not_started": "its earliest start has not come yet",
    "overdue": "its deadline has passed",
}
_DAY_H = DAY_US // (60 * MINUTE_US)


def explain_lines(score: Score, weights: Weights, blocked_by: Iterable[str]) -> tuple[str, ...]:
    """One line per term (its size, its weight, their product), their sum, the priority, and one for
    each thing in `blocked_by`. The age and the penalty are left out where they are 0."""
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
    """What an urgency says of the deadline."""
    urgency = term / weights.urgency if weights.urgency else 0.0
    if urgency == 0.0:
        return f"no deadline within {_DAY_H} hours"
    if 0.0 < urgency < 1.0:
        return f"{_DAY_H * (1.0 - urgency):.1f} hours to the deadline"
    return "the deadline has passed"


def _reason(text: str) -> str:
    kind, _, what = text.partition(":")
    return _BLOCKS[kind].format(what)
