"""/v1/goals: propose, read, rank, change, delete."""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from ....goals.answers import Explanation, GoalAnswer, GoalPage, Imported, Ranking
from ....goals.commands import (
    CreateGoal,
    DeleteGoal,
    EditGoal,
    ExplainGoal,
    ImportGoals,
    ListGoals,
    RankGoals,
    ReadGoal,
)
from ....goals.fields import GOAL_ID
from ....goals.identity import Caller
from .asking import Asked, Goals, marked, shown, shown_goal
from .bodies import (
    GoalDraftBody,
    GoalPatchBody,
    GoalRead,
    GoalsQuery,
    ImportBody,
    ImportRead,
    RankingQuery,
)
from .conditions import IfMatch, IfNoneMatch, etag, expected_version, is_known, required
from .idempotency import Reader, Writer
from .openapi import refusals
from .strict_json import StrictRoute

router = APIRouter(prefix="/v1/goals", tags=["goals"], route_class=StrictRoute)

GoalId = Annotated[str, Path(pattern=GOAL_ID)]


@router.post(
    "", status_code=201, operation_id="create_goal", response_model=GoalRead,
    responses=refusals("unknown-dependency", "dependency-cycle", "idempotency-key-reused"),
)  # fmt: skip
async def create_goal(draft: GoalDraftBody, caller: Writer, goals: Asked) -> Response:
    """Propose a goal."""
    answer = await goals.ask(CreateGoal(draft=draft, caller=caller), GoalAnswer)
    return shown_goal(answer, 201)


@router.get(
    "", operation_id="list_goals", response_model=GoalPage, responses=refusals("bad-cursor")
)  # fmt: skip
async def list_goals(
    query: Annotated[GoalsQuery, Query()], request: Request, caller: Reader, goals: Asked
) -> Response:
    """Goals, newest first, page by page."""
    asked = ListGoals(
        states=query.state, category=query.category, owner=query.owner,
        include_deleted=query.include_deleted == "true", limit=query.limit, cursor=query.cursor,
        caller=caller,
    )  # fmt: skip
    page = await goals.ask(asked, GoalPage)
    response = shown(page)
    if page.next_cursor is not None:
        following = request.url.include_query_params(cursor=page.next_cursor)
        response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return response


# Before /{goal_id}, which would take "prioritized" for an id.
@router.get(
    "/prioritized", operation_id="prioritize_goals", response_model=Ranking, responses=refusals()
)  # fmt: skip
async def prioritize_goals(
    query: Annotated[RankingQuery, Query()], request: Request, caller: Reader, goals: Asked
) -> Response:
    """Goals by falling score. All that match are scored, then the first ones are shown."""
    asked = RankGoals(states=query.state, owner=query.owner, limit=query.limit, caller=caller)
    began = time.perf_counter()
    ranking = await goals.ask(asked, Ranking)
    request.app.state.figures.ranking_ms.observe(1000 * (time.perf_counter() - began))
    return shown(ranking)


@router.post(
    "/import", operation_id="import_goals", response_model=ImportRead,
    responses=refusals("unknown-dependency", "dependency-cycle", "invalid-goal",
                       "idempotency-key-reused", "belief-checker-unavailable"),
)  # fmt: skip
async def import_goals(body: ImportBody, caller: Writer, goals: Asked) -> Response:
    """Take goals over as they are, ids and states included. A goal whose id is known is left
    alone; an adopted or executing one is vetted, and comes in as adopted or proposed."""
    imported = await goals.ask(ImportGoals(goals=body.goals, caller=caller), Imported)
    read = ImportRead(created=imported.created, known=imported.known, blocked=imported.blocked)
    return marked(shown(read), imported.replayed)


@router.get(
    "/{goal_id}", operation_id="read_goal", response_model=GoalRead,
    responses=refusals("goal-not-found", not_modified=True),
)  # fmt: skip
async def read_goal(
    goal_id: GoalId, caller: Reader, goals: Asked, if_none_match: IfNoneMatch = None
) -> Response:
    """One goal."""
    answer = await goals.ask(ReadGoal(goal_id=goal_id, caller=caller), GoalAnswer)
    version = answer.goal.version
    if is_known(if_none_match, version):
        return Response(status_code=304, headers={"ETag": etag(version)})
    return shown_goal(answer)


@router.patch(
    "/{goal_id}", operation_id="edit_goal", response_model=GoalRead,
    responses=refusals(
        "goal-not-found", "version-conflict", "precondition-required", "goal-not-editable",
        "goal-blocked-by-belief", "unknown-dependency", "dependency-cycle", "invalid-goal",
        "goal-deadline-passed", "belief-checker-unavailable",
    ),
)  # fmt: skip
async def edit_goal(
    goal_id: GoalId, patch: GoalPatchBody, caller: Reader, goals: Asked, if_match: IfMatch = None
) -> Response:
    """Change a goal by a JSON merge patch (RFC 7396); its state is changed by commands alone."""
    version = await expected_version(required(if_match), version_of(goal_id, caller, goals))
    asked = EditGoal(goal_id=goal_id, patch=patch, expected_version=version, caller=caller)
    return shown_goal(await goals.ask(asked, GoalAnswer))


@router.delete(
    "/{goal_id}", operation_id="delete_goal", response_model=GoalRead,
    responses=refusals("goal-not-found", "version-conflict", "goal-executing"),
)  # fmt: skip
async def delete_goal(
    goal_id: GoalId, caller: Reader, goals: Asked, if_match: IfMatch = None
) -> Response:
    """Delete a goal for good. It stays in the ledger, and in lists with include_deleted=true."""
    version = await expected_version(if_match, version_of(goal_id, caller, goals))
    asked = DeleteGoal(goal_id=goal_id, expected_version=version, caller=caller)
    return shown_goal(await goals.ask(asked, GoalAnswer))


@router.get(
    "/{goal_id}/explain", operation_id="explain_goal", response_model=Explanation,
    responses=refusals("goal-not-found"),
)  # fmt: skip
async def explain_goal(goal_id: GoalId, caller: Reader, goals: Asked) -> Response:
    """Why a goal stands where it stands, term by term."""
    asked = ExplainGoal(goal_id=goal_id, caller=caller)
    return shown(await goals.ask(asked, Explanation))


def version_of(goal_id: str, caller: Caller, goals: Goals) -> Callable[[], Awaitable[int]]:
    """Reads the version that a goal is at."""

    async def read() -> int:
        answer = await goals.ask(ReadGoal(goal_id=goal_id, caller=caller), GoalAnswer)
        return answer.goal.version

    return read
