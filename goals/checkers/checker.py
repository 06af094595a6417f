"""The protocol of belief checkers, what they report, the default one, and several as one."""

from collections.abc import Awaitable, Iterable, Sequence
from inspect import isawaitable
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from ..model import Belief

_T = TypeVar("_T")


class Pattern(BaseModel):
    """One conflict that was found between a text and a belief."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    belief_id: str
    pattern_type: str
    """Kind of conflict: negation, antonym, numbers, judged, …"""
    severity: float = Field(ge=0.0, le=1.0)
    rationale: str
    """Reason in words for people."""
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


class LexicalChecker:
    """The default: compares a text with beliefs by negations, antonyms, numbers, quantifiers and
    order.

    Deterministic and without dependencies; English only. It sees what words say, not what follows
    from them: docs/belief-checker.md has its measured quality and what it misses.
    """

    checker_id = "lexical"
    version = "1"

    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        """Report the conflicts of `query` with each belief; at most one per belief and kind.

        Activity and confidence of a belief don't matter: the caller chooses the beliefs.
        """
        # Here, for the cost of a start: the rules load the lexicon, which few runs need.
        from .rules import Text

        text = Text.read(query)
        found = tuple(
            Pattern(belief_id=belief.id, **conflict._asdict())
            for belief in beliefs
            for conflict in text.conflicts_with(Text.read(belief.text))
        )
        return ConsistencyReport(patterns=found, checker_id=self.checker_id, version=self.version)


class MaxOf:
    """All patterns of all checkers, so that the severity is the highest of any.

    All are asked; if one fails, the whole check does.
    """

    def __init__(self, checkers: Sequence[BeliefConsistencyChecker]) -> None:
        self._checkers = _some(checkers)

    def check_consistency(self, **question: Any) -> ConsistencyReport:
        """Ask each in turn. Raises CheckFailed for a checker that has to be awaited."""
        reports = []
        for checker in self._checkers:
            report: object = checker.check_consistency(**question)
            if isawaitable(report):
                if hasattr(report, "close"):
                    report.close()
                raise CheckFailed(f"{type(checker).__name__} is asynchronous: take AsyncMaxOf")
            reports.append(_vouched(checker, report))
        return _merged(reports)


class AsyncMaxOf:
    """The same of checkers of which some, or all, have to be awaited."""

    def __init__(
        self, checkers: Sequence[BeliefConsistencyChecker | AsyncBeliefConsistencyChecker]
    ) -> None:
        self._checkers = _some(checkers)

    async def check_consistency(self, **question: Any) -> ConsistencyReport:
        """Ask each in turn, one after the other."""
        reports = []
        for checker in self._checkers:
            report: object = checker.check_consistency(**question)
            if isinstance(report, Awaitable):
                report = await report
            reports.append(_vouched(checker, report))
        return _merged(reports)


def _some(checkers: Sequence[_T]) -> tuple[_T, ...]:
    if not checkers:
        raise ValueError("a combination needs at least one checker: with none, nothing is checked")
    return tuple(checkers)


def _vouched(checker: object, report: object) -> ConsistencyReport:
    if not isinstance(report, ConsistencyReport):
        raise CheckFailed(f"{type(checker).__name__} gave no report")
    return report


def _merged(reports: Sequence[ConsistencyReport]) -> ConsistencyReport:
    return ConsistencyReport(
        patterns=tuple(pattern for report in reports for pattern in report.patterns),
        checker_id=f"max({','.join(report.checker_id for report in reports)})",
        version=",".join(report.version for report in reports),
    )
