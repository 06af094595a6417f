"""The default checker: rules on words and numbers."""

from collections.abc import Sequence
from typing import Any

from ..model import Belief
from .checker import ConsistencyReport, Pattern
from .clauses import Clause, clauses_of
from .conflict import Conflict
from .exclusivity import exclusivity_conflict
from .number_conflict import number_conflict
from .ordering import ordering_conflict
from .overlap import Overlap
from .quantifiers import quantifier_conflict
from .stance import stance_conflict
from .words import words_of

_RULES = (
    stance_conflict, number_conflict, exclusivity_conflict, quantifier_conflict, ordering_conflict,
)  # fmt: skip
_MOST_PAIRS = 64
"""Pairs of clauses that are looked at closely for one belief: those with most in common."""


class LexicalChecker:
    """Compares a text with beliefs by negations, antonyms, numbers, quantifiers and order.

    Deterministic and without dependencies; English only. It sees what words say, not what follows
    from them: docs/belief-checker.md has its figures and what it misses.
    """

    checker_id = "lexical"
    version = "1"

    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        """The conflicts between `query` and each of the beliefs; at most one per belief and kind.

        Activity and confidence of a belief don't matter: who asks chooses the beliefs.
        """
        words = words_of(query)
        wording = [word.text for word in words]
        clauses = clauses_of(words)
        patterns = []
        for belief in beliefs:
            theirs = words_of(belief.text)
            if [word.text for word in theirs] == wording:
                continue  # what says the same contradicts nothing, whatever its own parts do
            for conflict in _conflicts(clauses, clauses_of(theirs)):
                patterns.append(
                    Pattern(
                        belief_id=belief.id,
                        pattern_type=conflict.pattern_type,
                        severity=conflict.severity,
                        rationale=conflict.rationale,
                        evidence=conflict.evidence,
                    )
                )
        return ConsistencyReport(
            patterns=tuple(patterns), checker_id=self.checker_id, version=self.version
        )


def _conflicts(text: Sequence[Clause], belief: Sequence[Clause]) -> list[Conflict]:
    """The worst conflict of each kind, worst first."""
    worst: dict[str, Conflict] = {}
    for overlap in _overlaps(text, belief):
        for rule in _RULES:
            found = rule(overlap)
            if found is not None:
                known = worst.get(found.pattern_type)
                if known is None or found.severity > known.severity:
                    worst[found.pattern_type] = found
    return sorted(worst.values(), key=lambda found: (-found.severity, found.pattern_type))


def _overlaps(text: Sequence[Clause], belief: Sequence[Clause]) -> list[Overlap]:
    overlaps = [Overlap(here, there) for here in text for there in belief]
    overlaps = [overlap for overlap in overlaps if overlap.links]
    overlaps.sort(key=lambda overlap: -len(overlap.links))
    return overlaps[:_MOST_PAIRS]
