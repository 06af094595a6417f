"""/v1/goals/…: what leads a goal from state to state."""

from fastapi import APIRouter
from starlette.responses import Response

from ....goals.answers import GoalAnswer, TaskAnswer
from ....goals.commands import (
    AbandonGoal,
    AdoptGoal,
    ApproveGoal,
    CompleteGoal,
    NextTask,
    ReleaseGoal,
)
from .asking import Asked, marked, shown, shown_goal
from .bodies import CompletionBody, GoalRead, SelectionBody, WhyBody
from .bodies import NextTask as NextTaskRead
from .conditions import IfMatch, expected_version
from .goal_routes import GoalId, version_of
from .idempotency import Writer
from .openapi import refusals
from .strict_json import StrictRoute

router = APIRouter(prefix="/v1/goals", tags=["life of a goal"], route_class=StrictRoute)

_REUSED = "idempotency-key-reused"


@router.post(
    "/next", operation_id="next_task", response_model=NextTaskRead,
    responses=refusals("not-allowed", "selection-key-taken", _REUSED, "belief-checker-unavailable"),
)  # fmt: skip
async def next_task(body: SelectionBody, caller: Writer, goals: Asked) -> Response:
    """What is to be done now: the task of the best goal that is ready, or a scheduled one, as the
    flags GOAL_SYSTEM, GOAL_SHADOW and GOAL_CANARY_PERCENT say."""
    asked = NextTask(selection_key=body.selection_key, owner=body.owner, caller=caller)
    answer = await goals.ask(asked, TaskAnswer)
    # What comes from the store is not checked again.
    read = NextTaskRead.model_construct(task=answer.task, shadow=answer.shadow)
    return marked(shown(read), answer.replayed)


@router.post(
    "/{goal_id}/adopt", operation_id="adopt_goal", response_model=GoalRead,
    responses=refusals(
        "goal-not-found", "illegal-transition", "goal-blocked-by-belief", "goal-deadline-passed",
        "approval-required", "version-conflict", "belief-checker-unavailable", _REUSED,
    ),
)  # fmt: skip
async def adopt_goal(
    goal_id: GoalId, caller: Writer, goals: Asked, if_match: IfMatch = None
) -> Response:
    """Vet a goal against the beliefs, and adopt it. An adopted or executing goal stays as it is."""
    version = await expected_version(if_match, version_of(goal_id, caller, goals))
    asked = AdoptGoal(goal_id=goal_id, expected_version=version, caller=caller)
    return shown_goal(await goals.ask(asked, GoalAnswer))


@router.post(
    "/{goal_id}/approve", operation_id="approve_goal", response_model=GoalRead,
    responses=refusals(
        "goal-not-found", "illegal-transition", "goal-not-editable", "version-conflict", _REUSED
    ),
)  # fmt: skip
async def approve_goal(
    goal_id: GoalId, caller: Writer, goals: Asked, if_match: IfMatch = None
) -> Response:
    """Approve a goal that needs it before it can be adopted. With If-Match, what is approved is
    what was read."""
    version = await expected_version(if_match, version_of(goal_id, caller, goals))
    asked = ApproveGoal(goal_id=goal_id, expected_version=version, caller=caller)
    return shown_goal(await goals.ask(asked, GoalAnswer))


@router.post(
    "/{goal_id}/abandon", operation_id="abandon_goal", response_model=GoalRead,
    responses=refusals("goal-not-found", "illegal-transition", _REUSED),
)  # fmt: skip
async def abandon_goal(
    goal_id: GoalId, caller: Writer, goals: Asked, body: WhyBody = None
) -> Response:
    """Give a goal up. An abandoned goal stays as it is."""
    asked = AbandonGoal(
        goal_id=goal_id, reason=None if body is None else body.reason, caller=caller
    )
    return shown_goal(await goals.ask(asked, GoalAnswer))


@router.post(
    "/{goal_id}/complete", operation_id="complete_goal", response_model=GoalRead,
    responses=refusals("goal-not-found", "illegal-transition", "attempt-over", _REUSED),
)  # fmt: skip
async def complete_goal(
    goal_id: GoalId, body: CompletionBody, caller: Writer, goals: Asked
) -> Response:
    """Tell how a goal's execution ended. With success, and each of its success_metrics reached, it
    is satisfied; else it is adopted again, or abandoned after too many attempts."""
    asked = CompleteGoal(
        goal_id=goal_id, success=body.success, measured=body.measured, attempt=body.attempt,
        reason=body.reason, caller=caller,
    )  # fmt: skip
    return shown_goal(await goals.ask(asked, GoalAnswer))


@router.post(
    "/{goal_id}/release", operation_id="release_goal", response_model=GoalRead,
    responses=refusals("goal-not-found", "illegal-transition", _REUSED),
)  # fmt: skip
async def release_goal(
    goal_id: GoalId, caller: Writer, goals: Asked, body: WhyBody = None
) -> Response:
    """Give an executing goal back to the adopted ones, unfinished."""
    asked = ReleaseGoal(
        goal_id=goal_id, reason=None if body is None else body.reason, caller=caller
    )
    return shown_goal(await goals.ask(asked, GoalAnswer))
