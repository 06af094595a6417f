"""/healthz, /readyz and /metrics: for those who look after the server."""

import anyio
from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from ....goals.answers import Statistics
from ....goals.commands import ReadStatistics
from .asking import Asked, shown
from .bodies import Health
from .idempotency import Reader
from .openapi import refusals
from .problems import Problem

router = APIRouter(tags=["operation"])

PATIENCE_S = 5.0
"""How long the goals may take to answer before the server counts as not ready."""


@router.get(
    "/healthz", operation_id="healthz", response_model=Health,
    responses=refusals(of_store=False),
)  # fmt: skip
async def healthz() -> Response:
    """The process is alive."""
    return shown(Health(status="ok"))


@router.get(
    "/readyz", operation_id="readyz", response_model=Health,
    responses=refusals("not-ready", of_store=False),
)  # fmt: skip
async def readyz(caller: Reader, goals: Asked) -> Response:
    """The goals answer."""
    try:
        with anyio.fail_after(PATIENCE_S):
            await goals.ask(ReadStatistics(caller=caller), Statistics)
    except Exception as error:
        raise Problem("not-ready", "the goals do not answer; try again later") from error
    return shown(Health(status="ok"))


@router.get(
    "/metrics", operation_id="metrics", response_class=PlainTextResponse, responses=refusals()
)  # fmt: skip
async def metrics(request: Request, caller: Reader, goals: Asked) -> Response:
    """The figures, for Prometheus or as OpenMetrics, as the Accept header says."""
    statistics = await goals.ask(ReadStatistics(caller=caller), Statistics)
    accept = request.headers.get("accept", "")
    body, content_type = request.app.state.figures.told(statistics, accept)
    return Response(body, headers={"Content-Type": content_type})
