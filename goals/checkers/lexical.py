"""The default checker: rules on words and numbers."""

from collections.abc import Sequence
from typing import Any

from ..model import Belief
from .checker import ConsistencyReport, Pattern


class LexicalChecker:
    """Compares a text with beliefs by negations, antonyms, numbers, quantifiers and order.

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
        patterns = [
            Pattern(belief_id=belief.id, **conflict._asdict())
            for belief in beliefs
            for conflict in text.conflicts_with(Text.read(belief.text))
        ]
        return ConsistencyReport(
            patterns=tuple(patterns), checker_id=self.checker_id, version=self.version
        )
