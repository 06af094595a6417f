"""The protocol of belief checkers, and what they report."""

from collections.abc import Awaitable, Iterable, Sequence
from inspect import isawaitable
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from ..model import Belief


class Pattern(BaseModel):
    """One conflict that was found between a text and a belief."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    belief_id: str
    pattern_type: str
    """Kind of conflict: negation, antonym, numbers, judged, …"""
    severity: float = Field(ge=0.0, le=1.0)
    rationale: str
    """Why, in words for people."""
    evidence: tuple[str, ...] = ()
    """The words of the text and of the belief that conflict."""


class ConsistencyReport(BaseModel):
    """Report of a checker."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    patterns: tuple[Pattern, ...] = ()
    checker_id: str
    version: str

    @property
    def severity(self) -> float:
        """Severity of the worst pattern; 0 if there is none."""
        return max((pattern.severity for pattern in self.patterns), default=0.0)


class BeliefConsistencyChecker(Protocol):
    """Compares a text with beliefs. May not change anything; what it raises blocks the goal."""

    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        """Report the conflicts between `query` and each of the beliefs."""


class AsyncBeliefConsistencyChecker(Protocol):
    """A checker that has to wait, as for a language model."""

    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> Awaitable[ConsistencyReport]:
        """Report the conflicts between `query` and each of the beliefs."""


class Unvetted(Exception):  # no error: a question that has to be answered first
    """Raised by a `DeferredChecker` inside a transaction, which is rolled back: whoever called
    must have the question answered, and call again."""

    def __init__(self, query: str, beliefs: tuple[Belief, ...]) -> None:
        self.query, self.beliefs = query, beliefs
        super().__init__(query)


class DeferredChecker:
    """Lets a store, which is synchronous, work with checkers that are not.

    Answers what it was taught, and raises `Unvetted` for the rest. An answer holds for exactly
    this text and these beliefs as they were, so that what changes meanwhile is asked about again.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[tuple[str, int], ...]], ConsistencyReport | None] = {}

    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        """Report what was learned. Raises Unvetted, and CheckFailed where there is no answer."""
        place = _place(query, beliefs)
        if place not in self._known:
            raise Unvetted(query, tuple(beliefs))
        report = self._known[place]
        if report is None:
            raise CheckFailed("the checker did not answer")
        return report

    def learn(self, question: Unvetted, report: ConsistencyReport | None) -> None:
        """Keep the answer to a question; None: there is none to be had."""
        self._known[_place(question.query, question.beliefs)] = report

    def forget(self, questions: Iterable[Unvetted]) -> None:
        """Forget the answers to these; called when the command that asked is through, so that what
        could not be answered is asked again by the next one."""
        for question in questions:
            self._known.pop(_place(question.query, question.beliefs), None)


class CheckFailed(Exception):
    """A checker could not answer."""


def _place(query: str, beliefs: Sequence[Belief]) -> tuple[str, tuple[tuple[str, int], ...]]:
    return query, tuple((belief.id, belief.version) for belief in beliefs)


_T = TypeVar("_T")
_AnyChecker = BeliefConsistencyChecker | AsyncBeliefConsistencyChecker


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

    def __init__(self, checkers: Sequence[_AnyChecker]) -> None:
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
