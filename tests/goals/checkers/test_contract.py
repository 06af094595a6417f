"""What every checker has to do, whichever it is."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any

import pytest

from gdg_runtime.goals.checkers.checker import (
    AsyncMaxOf,
    ConsistencyReport,
    LexicalChecker,
    MaxOf,
    Pattern,
)
from gdg_runtime.goals.checkers.model_checkers import LLMJudgeChecker, NLIChecker
from gdg_runtime.goals.model import Belief

DAY = datetime(2025, 1, 1, tzinfo=UTC)
HELD = {"active": True, "confidence": 1.0, "immutable": False, "version": 1}
GOAL = "Delete all backups to free disk space"


def belief(belief_id: str, text: str, **fields: Any) -> Belief:
    return Belief(id=belief_id, text=text, created_at=DAY, updated_at=DAY, **{**HELD, **fields})


KEPT = belief("core.backups", "Backups must never be deleted.")
OTHER = belief("core.sleep", "Students should sleep eight hours before an exam.")


def model_says(premise: str, hypothesis: str) -> float:
    return 0.9 if "never" in premise and "Delete" in hypothesis else 0.02


async def judge_says(messages: list[dict[str, str]], schema: dict[str, Any]) -> dict[str, Any]:
    severity = 0.9 if "never" in messages[-1]["content"] else 0
    return {"rationale": "because", "evidence": [], "severity": severity}


class OnlyMemories:
    """The mistake that the contract is there to catch: it looks at memories, not at the query."""

    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        patterns = tuple(
            Pattern(belief_id=held.id, pattern_type="memory", severity=0.9, rationale="remembered")
            for held in beliefs
            for memory in memories
            if "delete" in str(memory).lower() and "never" in held.text
        )
        return ConsistencyReport(patterns=patterns, checker_id="memories", version="1")


async def ask(checker: Any, query: str, beliefs: Sequence[Belief]) -> ConsistencyReport:
    """As the store asks: these keywords and no memories."""
    report = checker.check_consistency(query=query, beliefs=beliefs, memories=[])
    found = await report if isawaitable(report) else report
    assert isinstance(found, ConsistencyReport)
    return found


async def hold_to_contract(checker: Any) -> None:
    """Raises AssertionError for a checker that does not do what a store relies on."""
    held, before = [OTHER, KEPT], (OTHER, KEPT)
    report = await ask(checker, GOAL, held)
    assert report.severity >= 0.6, "a text that contradicts a belief is to be found"
    assert report.severity == max(pattern.severity for pattern in report.patterns)
    worst = max(report.patterns, key=lambda pattern: pattern.severity)
    assert worst.belief_id == KEPT.id, "the belief that is contradicted is to be named"
    assert worst.pattern_type and worst.rationale
    assert report.checker_id and report.version
    assert await ask(checker, GOAL, held) == report, "the same question has the same answer"
    assert tuple(held) == before, "nothing may be changed"
    assert (await ask(checker, GOAL, [OTHER])).severity < 0.4, "a text may be without conflict"
    assert (await ask(checker, GOAL, [])).patterns == (), "without beliefs there is no conflict"
    inactive = belief("core.backups", KEPT.text, active=False, confidence=0.0)
    assert (await ask(checker, GOAL, [inactive])).severity == report.severity
    wanted = ConsistencyReport.model_validate_json(report.model_dump_json())
    assert wanted == report, "a report is plain data"


CHECKERS: dict[str, Callable[[], Any]] = {
    "lexical": LexicalChecker,
    "nli": lambda: NLIChecker(model_says, model="small-nli-1"),
    "judge": lambda: LLMJudgeChecker(judge_says, model="judge-1"),
    "max": lambda: MaxOf([LexicalChecker(), NLIChecker(model_says, model="small-nli-1")]),
    "async max": lambda: AsyncMaxOf(
        [LexicalChecker(), LLMJudgeChecker(judge_says, model="judge-1")]
    ),
}


@pytest.mark.parametrize("name", sorted(CHECKERS))
async def test_B1_the_query_is_compared_with_each_belief(name: str) -> None:
    await hold_to_contract(CHECKERS[name]())


async def test_B1_a_checker_that_looks_only_at_memories_fails_the_contract() -> None:
    with pytest.raises(AssertionError, match="is to be found"):
        await hold_to_contract(OnlyMemories())
