"""Vetting a goal against the beliefs: its `contradicts` list first, then the checker.

What can't be checked is not let through.
"""

from dataclasses import dataclass
from inspect import isawaitable, iscoroutine
from sqlite3 import Connection
from typing import Literal, Protocol

from .checkers.checker import BeliefConsistencyChecker, ConsistencyReport, Unvetted
from .errors import CheckerUnavailable, DeadlinePassed, GoalBlocked, GoalError
from .fields import utc_text
from .model import Belief, Goal
from .policy import GoalPolicy
from .schemas import Warned
from .store import goal_rows

Phase = Literal["adopt", "patch", "select", "belief"]
"""The step at which a goal was blocked."""


@dataclass(frozen=True)
class Objection:
    """A reason against a goal's going on."""

    reason: Literal["active_contradiction", "severity", "checker_error", "deadline"]
    why: str
    """The reason in words for people."""
    belief_ids: tuple[str, ...] = ()
    severity: float = 0.0
    """0 to 1."""

    def as_error(self, goal: Goal) -> GoalError:
        """Make the error for the caller."""
        if self.reason == "deadline" and goal.deadline is not None:
            return DeadlinePassed(goal.id, utc_text(goal.deadline))
        if self.reason == "checker_error":
            return CheckerUnavailable(goal.id)
        return GoalBlocked(goal.id, self.belief_ids, self.severity, self.reason, self.why)


@dataclass(frozen=True)
class Vetting:
    """The result of vetting a goal."""

    objection: Objection | None = None
    warnings: tuple[Warned, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bearing:
    """The beliefs that bear on a goal."""

    aligned: tuple[Belief, ...]
    """Beliefs of its `aligns_with` that exist, active or not."""
    unknown: tuple[str, ...]
    """Ids in `aligns_with` of which there is no belief."""
    forbidding: tuple[Belief, ...]
    """Beliefs of its `contradicts` that are active."""
    others: tuple[Belief, ...] = ()
    """The other active beliefs, where a goal is checked against them too."""


class Vetter(Protocol):
    """Decides whether a goal may be adopted, edited or executed. May not change anything."""

    def vet(self, goal: Goal, bearing: Bearing) -> Vetting:
        """Vet the goal. An exception rolls the command back."""


class BeliefVetter:
    """The default: the goal's own `contradicts` list, then a checker on its text."""

    def __init__(self, checker: BeliefConsistencyChecker, policy: GoalPolicy) -> None:
        self._checker, self._policy = checker, policy

    def vet(self, goal: Goal, bearing: Bearing) -> Vetting:
        """Vet the goal. Raises Unvetted, if the checker does."""
        unknown = tuple(
            Warned(code="unknown_belief", belief_id=belief_id, detail="no belief has this id")
            for belief_id in bearing.unknown
        )
        if bearing.forbidding:
            ids = tuple(belief.id for belief in bearing.forbidding)
            why = f"the goal contradicts what is held to be true: {', '.join(ids)}"
            return Vetting(Objection("active_contradiction", why, ids, 1.0), unknown)
        report = self._report(goal, bearing)
        if isinstance(report, Objection):
            return Vetting(report, unknown)
        return self._judge(report, unknown)

    def _report(self, goal: Goal, bearing: Bearing) -> ConsistencyReport | Objection:
        try:
            report = self._checker.check_consistency(
                query=goal.text, beliefs=[*bearing.aligned, *bearing.others], memories=[]
            )
        except Unvetted:
            raise
        except Exception as error:
            return _failed(f"the checker raised {type(error).__name__}")
        if isinstance(report, ConsistencyReport):
            return report
        if iscoroutine(report):
            report.close()
        if isawaitable(report):
            return _failed("the checker is asynchronous; wrap it in a DeferredChecker")
        return _failed(f"the checker answered with {type(report).__name__}")

    def _judge(self, report: ConsistencyReport, warnings: tuple[Warned, ...]) -> Vetting:
        policy = self._policy
        blocking = [found for found in report.patterns if found.severity >= policy.block_severity]
        if blocking:
            worst = max(blocking, key=lambda found: found.severity)
            ids = tuple(dict.fromkeys(found.belief_id for found in blocking))
            objection = Objection("severity", worst.rationale, ids, worst.severity)
            return Vetting(objection, warnings)
        doubtful = tuple(
            Warned(code="needs_review", belief_id=found.belief_id, detail=found.rationale)
            for found in report.patterns
            if found.severity >= policy.review_severity
        )
        return Vetting(warnings=warnings + doubtful)


def read_bearing(tx: Connection, goal: Goal, policy: GoalPolicy) -> Bearing:
    """Return the beliefs that bear on a goal, as they are now."""
    aligned = goal_rows.find_beliefs(tx, goal.aligns_with)
    known = [belief.id for belief in aligned]
    others: tuple[Belief, ...] = ()
    if policy.check_scope == "active":
        active = goal_rows.active_beliefs(tx)
        others = tuple(belief for belief in active if belief.id not in known)
    return Bearing(
        aligned=tuple(aligned),
        unknown=tuple(wanted for wanted in goal.aligns_with if wanted not in known),
        forbidding=tuple(
            belief for belief in goal_rows.find_beliefs(tx, goal.contradicts) if belief.active
        ),
        others=others,
    )


def _failed(why: str) -> Objection:
    return Objection("checker_error", why)
