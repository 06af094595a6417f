"""A checker that asks a model of natural-language inference."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from ..model import Belief
from .checker import CheckFailed, ConsistencyReport, Pattern

Contradiction = Callable[[str, str], float]
"""(premise, hypothesis) to the probability, 0 to 1, that the hypothesis contradicts the premise."""


class NLIChecker:
    """The severity is the model's probability that the text contradicts the belief.

    `contradiction` is any function, such as a cross-encoder's; the belief is the premise, the
    text the hypothesis. It has to be deterministic where runs are to be repeated.
    """

    checker_id = "nli"

    def __init__(
        self, contradiction: Contradiction, *, model: str, least_severity: float = 0.1
    ) -> None:
        """`model` names the model with its version; patterns below `least_severity` are dropped."""
        self.version = model
        self._contradiction = contradiction
        self._least_severity = least_severity

    def check_consistency(
        self, *, query: str, beliefs: Sequence[Belief], memories: Sequence[Any]
    ) -> ConsistencyReport:
        """One question for each belief. Raises CheckFailed if the model fails or answers no
        probability."""
        patterns = []
        for belief in beliefs:
            severity = self._ask(belief, query)
            if severity >= self._least_severity:
                patterns.append(
                    Pattern(
                        belief_id=belief.id,
                        pattern_type="nli",
                        severity=severity,
                        rationale=f"{self.version} takes it for a contradiction "
                        f"with probability {severity:.2f}",
                    )
                )
        return ConsistencyReport(
            patterns=tuple(patterns), checker_id=self.checker_id, version=self.version
        )

    def _ask(self, belief: Belief, query: str) -> float:
        try:
            severity = float(self._contradiction(belief.text, query))
        except Exception as error:
            raise CheckFailed(f"{self.version} failed on belief {belief.id!r}") from error
        if not isfinite(severity) or not 0.0 <= severity <= 1.0:
            raise CheckFailed(
                f"{self.version} answered {severity} on belief {belief.id!r}; a probability "
                "from 0 to 1 was expected"
            )
        return severity
