"""The refusals of a GoalStore.

GoalError                      code, words for people, facts for programs
├── GoalNotFound               goal-not-found
├── BeliefNotFound             belief-not-found
├── DecisionNotFound           decision-not-found
├── BadRequest                 bad-cursor, invalid-goal, unknown-dependency, dependency-cycle, …
├── VersionConflict            version-conflict
├── IllegalTransition          illegal-transition
├── NotEditable                goal-not-editable, belief-immutable, belief-exists, goal-executing
├── GoalBlocked                goal-blocked-by-belief
├── DeadlinePassed             goal-deadline-passed
├── ApprovalRequired           approval-required
├── CheckerUnavailable         belief-checker-unavailable
├── KeyReused                  idempotency-key-reused
└── StoreUnusable              store-unusable
"""

from collections.abc import Sequence
from typing import Any

from ..runtime.errors import GdgError


class GoalError(GdgError):
    """Base class. `code` is stable and names the kind; `facts` is plain JSON data."""

    def __init__(self, code: str, detail: str, **facts: Any) -> None:
        self.code, self.detail, self.facts = code, detail, facts
        super().__init__(detail)


class GoalNotFound(GoalError):
    """No goal has this id, or it was deleted."""

    def __init__(self, goal_id: str) -> None:
        super().__init__("goal-not-found", f"no goal has the id {goal_id!r}", goal_id=goal_id)


class BeliefNotFound(GoalError):
    """No belief has this id."""

    def __init__(self, belief_id: str) -> None:
        detail = f"no belief has the id {belief_id!r}"
        super().__init__("belief-not-found", detail, belief_id=belief_id)


class DecisionNotFound(GoalError):
    """No decision, decision record or parameter has this name."""

    def __init__(self, what: str) -> None:
        super().__init__("decision-not-found", f"no decision is known as {what!r}", decision=what)


class BadRequest(GoalError):
    """The request makes no sense, with this store or with any."""


class VersionConflict(GoalError):
    """It has changed since it was read."""

    def __init__(self, what: str, expected: int, current: int) -> None:
        self.current = current
        detail = f"{what} is at version {current}, not {expected}: read it again, then change it"
        super().__init__("version-conflict", detail, expected=expected, current=current)


class IllegalTransition(GoalError):
    """The goal's state does not allow this command."""

    def __init__(self, goal_id: str, command: str, state: str, allowed: Sequence[str]) -> None:
        detail = (
            f"a goal that is {state} can't be {command}; it would have to be {' or '.join(allowed)}"
        )
        super().__init__(
            "illegal-transition", detail,
            goal_id=goal_id, state=state, command=command, allowed=list(allowed),
        )  # fmt: skip


class NotEditable(GoalError):
    """It may not be changed in its present state."""


class GoalBlocked(GoalError):
    """A belief forbids the goal."""

    def __init__(
        self, goal_id: str, belief_ids: Sequence[str], severity: float, reason: str, why: str
    ) -> None:
        super().__init__(
            "goal-blocked-by-belief", why,
            goal_id=goal_id, belief_ids=list(belief_ids), severity=severity, reason=reason,
        )  # fmt: skip


class DeadlinePassed(GoalError):
    """The goal's time is up."""

    def __init__(self, goal_id: str, deadline: str) -> None:
        detail = f"the goal's deadline, {deadline}, has passed"
        super().__init__("goal-deadline-passed", detail, goal_id=goal_id, deadline=deadline)


class ApprovalRequired(GoalError):
    """The goal has to be approved first."""

    def __init__(self, goal_id: str) -> None:
        detail = "the goal needs approval before it can be adopted"
        super().__init__("approval-required", detail, goal_id=goal_id)


class CheckerUnavailable(GoalError):
    """The belief checker failed, and what can't be checked is not let through."""

    def __init__(self, goal_id: str) -> None:
        detail = "the belief checker is not available; nothing was changed, try again later"
        super().__init__("belief-checker-unavailable", detail, goal_id=goal_id)


class KeyReused(GoalError):
    """An idempotency key came again with another request."""

    def __init__(self, key: str) -> None:
        detail = "this idempotency key was used for a different request; take a new key"
        super().__init__("idempotency-key-reused", detail, key=key)


class StoreUnusable(GoalError):
    """The database file can't be used as it is."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__("store-unusable", f"{path}: {why}", path=path)
