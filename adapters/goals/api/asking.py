"""From a request to a command, and from its answer to a response."""

from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from ....goals.answers import BeliefAnswer, GoalAnswer, Refused
from ....goals.commands import Command
from .bodies import GoalRead
from .conditions import etag
from .port import GoalPort
from .problems import Refusal

A = TypeVar("A", bound=BaseModel)
JSON = "application/json"


class Goals:
    """The goals, as a route sees them."""

    def __init__(self, port: GoalPort, log: Any) -> None:
        self._port, self._log = port, log

    async def ask(self, command: Command, expected: type[A]) -> A:
        """The command's answer. Raises Refusal."""
        answer = await self._port.ask(command)
        if isinstance(answer, Refused):
            raise Refusal(answer)
        if not isinstance(answer, expected):
            raise TypeError(f"expected {expected.__name__}, the port gave {type(answer).__name__}")
        if isinstance(answer, GoalAnswer):
            for warned in answer.warnings:
                self._log.warning(
                    "goal warning", code=warned.code, goal_id=answer.goal.id,
                    belief_id=warned.belief_id, detail=warned.detail,
                )  # fmt: skip
        return answer


# A dependency that is no coroutine would cost a thread.
async def _goals(request: Request) -> Goals:
    goals: Goals = request.app.state.goals
    return goals


Asked = Annotated[Goals, Depends(_goals)]


def shown(body: BaseModel, status: int = 200, **headers: str) -> Response:
    """A body as it stands, without a second check of what the store has checked."""
    return Response(body.model_dump_json(), status, headers, JSON)


def shown_goal(answer: GoalAnswer, status: int = 200) -> Response:
    """A goal, with its ETag; one that was just created also with its address."""
    goal = answer.goal
    read = GoalRead.model_construct(**goal.__dict__, warnings=answer.warnings)
    headers = {"ETag": etag(goal.version)}
    if status == 201:
        headers["Location"] = f"/v1/goals/{goal.id}"
    return marked(shown(read, status, **headers), answer.replayed)


def shown_belief(answer: BeliefAnswer, status: int = 200) -> Response:
    """A belief, with its ETag; one that was just added also with its address."""
    belief = answer.belief
    headers = {"ETag": etag(belief.version)}
    if status == 201:
        headers["Location"] = f"/v1/beliefs/{quote(belief.id, safe='')}"
    return marked(shown(belief, status, **headers), answer.replayed)


def marked(response: Response, replayed: bool) -> Response:
    """Tell that nothing was done, since it had been done before."""
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
