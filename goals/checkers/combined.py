"""Several checkers as one: what any of them finds, counts."""

from collections.abc import Awaitable, Sequence
from inspect import isawaitable, iscoroutinefunction
from typing import Any, TypeVar

from ..model import Belief
from .checker import (
    AsyncBeliefConsistencyChecker,
    BeliefConsistencyChecker,
    CheckFailed,
    ConsistencyReport,
)

_T = TypeVar("_T")
_Any = BeliefConsistencyChecker | AsyncBeliefConsistencyChecker


class MaxOf:
    """All patterns of all checkers, so that the severity is the highest of any.

    All are asked; if one fails, the whole check does.
    """

    def __init__(self, checkers: Sequence[BeliefConsistencyChecker]) -> None:
        self._checkers = _some(checkers)

    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        """Ask each in turn. Raises CheckFailed for a checker that has to be awaited."""
        reports = []
        for checker in self._checkers:
            report: object = checker.check_consistency(
                query=query, beliefs=beliefs, memories=memories
            )
            if isawaitable(report):
                if hasattr(report, "close"):
                    report.close()
                raise CheckFailed(f"{type(checker).__name__} is asynchronous: take AsyncMaxOf")
            if not isinstance(report, ConsistencyReport):
                raise CheckFailed(f"{type(checker).__name__} gave no report")
            reports.append(report)
        return _merged(reports)


class AsyncMaxOf:
    """The same of checkers of which some, or all, have to be awaited."""

    def __init__(self, checkers: Sequence[_Any]) -> None:
        self._checkers = _some(checkers)

    async def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        """Ask each in turn, one after the other."""
        reports = []
        for checker in self._checkers:
            report: object = checker.check_consistency(
                query=query, beliefs=beliefs, memories=memories
            )
            if isinstance(report, Awaitable):
                report = await report
            if not isinstance(report, ConsistencyReport):
                raise CheckFailed(f"{type(checker).__name__} gave no report")
            reports.append(report)
        return _merged(reports)


def max_of(checkers: Sequence[_Any]) -> MaxOf | AsyncMaxOf:
    """MaxOf, or AsyncMaxOf if any of them is a coroutine function."""
    if any(iscoroutinefunction(checker.check_consistency) for checker in checkers):
        return AsyncMaxOf(checkers)
    return MaxOf(checkers)  # type: ignore[arg-type]  # none is asynchronous


def _some(checkers: Sequence[_T]) -> tuple[_T, ...]:
    if not checkers:
        raise ValueError("a combination needs at least one checker: with none, nothing is checked")
    return tuple(checkers)


def _merged(reports: Sequence[ConsistencyReport]) -> ConsistencyReport:
    return ConsistencyReport(
        patterns=tuple(pattern for report in reports for pattern in report.patterns),
        checker_id=f"max({','.join(report.checker_id for report in reports)})",
        version=",".join(report.version for report in reports),
    )
