"""/v1/decisions and /v1/rollout: what was decided, by which weights, and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from ....goals.answers import Decisions, ParameterAnswer, RolloutAnswer
from ....goals.commands import ListDecisions, ReadRollout, SetParameter
from .asking import Asked, shown
from .bodies import DecisionsQuery, ParameterRead, RolloutQuery, SettingBody
from .idempotency import Reader
from .openapi import refusals
from .strict_json import StrictRoute

router = APIRouter(prefix="/v1", tags=["decisions"], route_class=StrictRoute)

_Name = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00]*$")]


@router.get(
    "/decisions", operation_id="list_decisions", response_model=Decisions, responses=refusals()
)  # fmt: skip
async def list_decisions(
    query: Annotated[DecisionsQuery, Query()], caller: Reader, goals: Asked
) -> Response:
    """The registered decisions with their parameters, and the newest decisions taken."""
    asked = ListDecisions(goal_id=query.goal_id, limit=query.limit, caller=caller)
    return shown(await goals.ask(asked, Decisions))


@router.put(
    "/decisions/{decision_id}/parameters/{name}",
    operation_id="set_parameter", response_model=ParameterRead,
    responses=refusals("decision-not-found", "invalid-parameter"),
)  # fmt: skip
async def set_parameter(
    decision_id: _Name, name: _Name, body: SettingBody, caller: Reader, goals: Asked
) -> Response:
    """Set a parameter of a decision, such as a weight. A value beyond its bounds becomes the
    bound, and `clamped` is true."""
    asked = SetParameter(decision_id=decision_id, parameter=name, value=body.value, caller=caller)
    answer = await goals.ask(asked, ParameterAnswer)
    return shown(ParameterRead(**answer.parameter.__dict__, clamped=answer.clamped))


@router.get(
    "/rollout", operation_id="read_rollout", response_model=RolloutAnswer, responses=refusals()
)  # fmt: skip
async def read_rollout(
    query: Annotated[RolloutQuery, Query()], caller: Reader, goals: Asked
) -> Response:
    """What the selections so far, or since a time, have shown: keep, roll_back or insufficient."""
    return shown(await goals.ask(ReadRollout(since=query.since, caller=caller), RolloutAnswer))
