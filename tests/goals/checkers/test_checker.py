from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from gdg_runtime.goals.checkers.checker import (
    AsyncMaxOf,
    CheckFailed,
    ConsistencyReport,
    DeferredChecker,
    MaxOf,
    Pattern,
    Unvetted,
)
from gdg_runtime.goals.model import Belief

DAY = datetime(2025, 1, 1, tzinfo=UTC)
HELD = {"active": True, "confidence": 1.0, "immutable": False, "version": 1}
BELIEF = Belief(id="b", text="belief", created_at=DAY, updated_at=DAY, **HELD)


class Says:
    def __init__(self, name: str, *severities: float) -> None:
        self.name, self.severities, self.asked = name, severities, 0

    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        self.asked += 1
        patterns = tuple(
            Pattern(belief_id="b", pattern_type=self.name, severity=severity, rationale="so")
            for severity in self.severities
        )
        return ConsistencyReport(patterns=patterns, checker_id=self.name, version="1")


class SaysLater(Says):
    async def check_consistency(  # type: ignore[override]
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        return super().check_consistency(query=query, beliefs=beliefs, memories=memories)


class Fails:
    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        raise CheckFailed("down")


class Shrugs:
    def check_consistency(self, **_: Any) -> Any:
        return None


QUESTION: dict[str, Any] = {"query": "goal", "beliefs": [BELIEF], "memories": []}


def test_the_worst_severity_counts_and_all_patterns_are_kept() -> None:
    report = MaxOf([Says("one", 0.2), Says("two", 0.7, 0.1)]).check_consistency(**QUESTION)
    assert report.severity == 0.7
    assert [pattern.pattern_type for pattern in report.patterns] == ["one", "two", "two"]
    assert (report.checker_id, report.version) == ("max(one,two)", "1,1")


async def test_the_worst_severity_counts_where_some_have_to_be_awaited() -> None:
    checker = AsyncMaxOf([Says("one", 0.2), SaysLater("later", 0.9)])
    report = await checker.check_consistency(**QUESTION)
    assert report.severity == 0.9
    assert report.checker_id == "max(one,later)"


def test_a_checker_that_fails_fails_the_whole_check() -> None:
    with pytest.raises(CheckFailed):
        MaxOf([Says("one", 0.9), Fails()]).check_consistency(**QUESTION)


def test_a_checker_that_gives_no_report_fails_the_check() -> None:
    with pytest.raises(CheckFailed, match="no report"):
        MaxOf([Shrugs()]).check_consistency(**QUESTION)


async def test_an_awaited_checker_that_gives_no_report_fails_the_check() -> None:
    with pytest.raises(CheckFailed, match="no report"):
        await AsyncMaxOf([Shrugs()]).check_consistency(**QUESTION)


def test_an_asynchronous_checker_among_synchronous_ones_fails_the_check() -> None:
    later: Any = SaysLater("later", 0.0)
    with pytest.raises(CheckFailed, match="AsyncMaxOf"):
        MaxOf([later]).check_consistency(**QUESTION)


def test_a_question_that_is_put_off_goes_through() -> None:
    with pytest.raises(Unvetted):
        MaxOf([Says("one", 0.0), DeferredChecker()]).check_consistency(**QUESTION)


def test_a_combination_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        MaxOf([])
    with pytest.raises(ValueError, match="at least one"):
        AsyncMaxOf([])
