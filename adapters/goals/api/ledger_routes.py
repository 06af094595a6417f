"""/v1/ledger: everything that has happened, each event chained to the one before."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from ....goals.answers import History
from ....goals.commands import ReadHistory
from .asking import Asked, shown
from .bodies import EventsQuery
from .goal_routes import GoalId
from .idempotency import Reader
from .openapi import refusals
from .strict_json import StrictRoute

router = APIRouter(prefix="/v1", tags=["ledger"], route_class=StrictRoute)


@router.get("/ledger", operation_id="read_ledger", response_model=History, responses=refusals())
async def read_ledger(
    query: Annotated[EventsQuery, Query()], caller: Reader, goals: Asked
) -> Response:
    """All events, oldest first."""
    asked = ReadHistory(after=query.after, limit=query.limit, caller=caller)
    return shown(await goals.ask(asked, History))


@router.get(
    "/goals/{goal_id}/history", operation_id="read_history", response_model=History,
    responses=refusals("goal-not-found"),
)  # fmt: skip
async def read_history(
    goal_id: GoalId, query: Annotated[EventsQuery, Query()], caller: Reader, goals: Asked
) -> Response:
    """The events of one goal, oldest first."""
    asked = ReadHistory(goal_id=goal_id, after=query.after, limit=query.limit, caller=caller)
    return shown(await goals.ask(asked, History))
