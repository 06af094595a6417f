"""Who asks, and under which Idempotency-Key: the store keeps its answer with the change itself."""

from typing import Annotated

from fastapi import Depends, Header
from pydantic_core import from_json
from starlette.requests import Request

from ....goals.identity import Caller, IdempotencyKey
from ....runtime.canonical import canonical_json, digest
from .problems import trace_of

ACTOR = "http"
"""Who asks, as the ledger has it."""


async def reader(request: Request) -> Caller:
    """Who asks to be told something."""
    return Caller(actor=ACTOR, trace=trace_of(request.scope))


async def writer(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="A text of the client's making. A request that is sent again with the same "
            "key within 24 hours changes nothing again, and gets the answer of the first.",
        ),
    ] = None,
) -> Caller:
    """Who asks to have something done, and the key of the request."""
    asked_by = await reader(request)
    if idempotency_key is None:
        return asked_by
    identity = request.scope["state"]["identity"]
    key = IdempotencyKey(
        scope=f"{identity} {request.method} {request.url.path}",
        key=idempotency_key,
        request=_digest(await request.body()),
    )
    return asked_by.model_copy(update={"key": key})


def _digest(body: bytes) -> str:
    """The same for bodies that say the same in other spellings of JSON."""
    try:
        return digest(canonical_json(from_json(body, allow_inf_nan=False)))
    except ValueError:
        return digest(body)


Reader = Annotated[Caller, Depends(reader)]
Writer = Annotated[Caller, Depends(writer)]
