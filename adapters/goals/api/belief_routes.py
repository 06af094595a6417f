"""/v1/beliefs: what is held to be true."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from ....goals.answers import BeliefAnswer, BeliefPage
from ....goals.commands import AddBelief, EditBelief, ListBeliefs, ReadBelief
from ....goals.identity import Caller
from ....goals.schemas import BeliefView
from .asking import Asked, Goals, shown, shown_belief
from .bodies import BeliefDraftBody, BeliefPatchBody, BeliefsQuery
from .conditions import IfMatch, IfNoneMatch, etag, expected_version, is_known, required
from .idempotency import Reader, Writer
from .openapi import refusals
from .strict_json import StrictRoute

router = APIRouter(prefix="/v1/beliefs", tags=["beliefs"], route_class=StrictRoute)

BeliefId = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00]*$")]


@router.post(
    "", status_code=201, operation_id="add_belief", response_model=BeliefView,
    responses=refusals("belief-exists", "idempotency-key-reused"),
)  # fmt: skip
async def add_belief(draft: BeliefDraftBody, caller: Writer, goals: Asked) -> Response:
    """Hold something to be true. A goal that is being executed and contradicts it is released."""
    answer = await goals.ask(AddBelief(draft=draft, caller=caller), BeliefAnswer)
    return shown_belief(answer, 201)


@router.get(
    "", operation_id="list_beliefs", response_model=BeliefPage, responses=refusals("bad-cursor")
)  # fmt: skip
async def list_beliefs(
    query: Annotated[BeliefsQuery, Query()], caller: Reader, goals: Asked
) -> Response:
    """Beliefs by id, page by page."""
    active = None if query.active is None else query.active == "true"
    asked = ListBeliefs(active=active, limit=query.limit, cursor=query.cursor, caller=caller)
    return shown(await goals.ask(asked, BeliefPage))


@router.get(
    "/{belief_id}", operation_id="read_belief", response_model=BeliefView,
    responses=refusals("belief-not-found", not_modified=True),
)  # fmt: skip
async def read_belief(
    belief_id: BeliefId, caller: Reader, goals: Asked, if_none_match: IfNoneMatch = None
) -> Response:
    """One belief."""
    answer = await goals.ask(ReadBelief(belief_id=belief_id, caller=caller), BeliefAnswer)
    version = answer.belief.version
    if is_known(if_none_match, version):
        return Response(status_code=304, headers={"ETag": etag(version)})
    return shown_belief(answer)


@router.patch(
    "/{belief_id}", operation_id="edit_belief", response_model=BeliefView,
    responses=refusals(
        "belief-not-found", "version-conflict", "precondition-required", "belief-immutable"
    ),
)  # fmt: skip
async def edit_belief(
    belief_id: BeliefId, patch: BeliefPatchBody, caller: Reader, goals: Asked,
    if_match: IfMatch = None,
) -> Response:  # fmt: skip
    """Change a belief, or set it active or inactive; what is not given stays."""
    current = _version_of(belief_id, caller, goals)
    version = await expected_version(required(if_match), current)
    asked = EditBelief(belief_id=belief_id, patch=patch, expected_version=version, caller=caller)
    return shown_belief(await goals.ask(asked, BeliefAnswer))


def _version_of(belief_id: str, caller: Caller, goals: Goals) -> Callable[[], Awaitable[int]]:
    async def read() -> int:
        answer = await goals.ask(ReadBelief(belief_id=belief_id, caller=caller), BeliefAnswer)
        return answer.belief.version

    return read
