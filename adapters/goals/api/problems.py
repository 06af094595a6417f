"""RFC 9457: what every refusal looks like, and which status each kind of it has."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ....goals.answers import Refused
from ....goals.identity import Trace
from ....runtime.canonical import canonical_json
from .port import StoreUnavailable

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:gdg-runtime:problem:"


class Kind(NamedTuple):
    """A kind of refusal."""

    status: int
    title: str


KINDS = {
    "bad-cursor": Kind(400, "The cursor is none of ours"),
    "unauthorised": Kind(401, "A valid bearer token is needed"),
    "not-found": Kind(404, "There is nothing here"),
    "goal-not-found": Kind(404, "There is no such goal"),
    "belief-not-found": Kind(404, "There is no such belief"),
    "decision-not-found": Kind(404, "There is no such decision or parameter"),
    "method-not-allowed": Kind(405, "This can't be done here"),
    "not-allowed": Kind(403, "This may not be done from here"),
    "illegal-transition": Kind(409, "The goal's state does not allow this"),
    "goal-not-editable": Kind(409, "The goal can't be changed any more"),
    "goal-executing": Kind(409, "The goal is being executed"),
    "belief-immutable": Kind(409, "The belief can't be changed"),
    "belief-exists": Kind(409, "There is a belief with this id already"),
    "goal-blocked-by-belief": Kind(409, "A belief stands against the goal"),
    "goal-deadline-passed": Kind(409, "The goal's deadline has passed"),
    "selection-key-taken": Kind(409, "The selection key belongs to another owner"),
    "attempt-over": Kind(409, "This execution has ended before"),
    "approval-required": Kind(409, "The goal has to be approved first"),
    "unknown-dependency": Kind(409, "The goal depends on one that does not exist"),
    "dependency-cycle": Kind(409, "The goal would depend on itself"),
    "version-conflict": Kind(412, "Somebody else has changed it"),
    "body-too-large": Kind(413, "The request is too large"),
    "unsupported-media-type": Kind(415, "The body has to be JSON"),
    "invalid-request": Kind(422, "The request is not as it should be"),
    "invalid-goal": Kind(422, "The goal is not as it should be"),
    "invalid-parameter": Kind(422, "The parameter can't have this value"),
    "idempotency-key-reused": Kind(422, "The idempotency key belongs to another request"),
    "precondition-required": Kind(428, "If-Match is needed"),
    "internal-error": Kind(500, "Something went wrong on the server"),
    "belief-checker-unavailable": Kind(503, "The belief checker is not available"),
    "store-unusable": Kind(503, "The database can't be used"),
    "store-unavailable": Kind(503, "The goals can't be reached"),
    "not-ready": Kind(503, "The server is not ready"),
}
"""By the code that a refusal carries; where commands name one that is not here, it is a bad
request."""
_OTHER = Kind(400, "The request can't be carried out")
_PLAIN = {404: "not-found", 405: "method-not-allowed"}
RETRY_AFTER_S = "5"


class Problem(HTTPException):
    """A refusal by the API itself."""

    def __init__(
        self,
        code: str,
        detail: str,
        facts: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code, self.facts = code, dict(facts or {})
        super().__init__(KINDS[code].status, detail, dict(headers or {}))


class Refusal(Exception):
    """A command was answered with `Refused`."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        super().__init__(refused.detail)


def problem(
    scope: Scope,
    code: str,
    detail: str,
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response that tells of a refusal."""
    kind = KINDS.get(code, _OTHER)
    body = {
        **(facts or {}),
        "type": TYPE + code,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": scope["path"],
        "trace_id": trace_of(scope).trace_id,
        "code": code,
    }
    told = dict(headers or {})
    if kind.status == 503:
        told["Retry-After"] = RETRY_AFTER_S
    return Response(canonical_json(body), kind.status, told, MEDIA_TYPE)


def trace_of(scope: Scope) -> Trace:
    """The span of a request."""
    trace: Trace = scope.get("state", {}).get("trace", Trace())
    return trace


# --- what the application does with what is raised ------------------------------------------------


async def on_problem(request: Request, error: Exception) -> Response:
    """What the API refuses."""
    assert isinstance(error, Problem)
    return problem(request.scope, error.code, error.detail, error.facts, error.headers)


async def on_refusal(request: Request, error: Exception) -> Response:
    """What the store refuses."""
    assert isinstance(error, Refusal)
    refused, headers = error.refused, {}
    if refused.code == "version-conflict":
        headers["ETag"] = f'"{refused.facts["current"]}"'
    if refused.replayed:
        headers["Idempotency-Replayed"] = "true"
    return problem(request.scope, refused.code, refused.detail, refused.facts, headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses."""
    assert isinstance(error, HTTPException)
    path, headers = request.scope["path"], dict(error.headers or {})
    code = _PLAIN.get(error.status_code, "invalid-request")
    if error.status_code == 405:
        headers["Allow"] = request.app.state.allowed.of(path)
    detail = f"{request.method} {path}: {KINDS[code].title.lower()}"
    return problem(request.scope, code, detail, None, headers)


async def on_invalid(request: Request, error: Exception) -> Response:
    """Fields that are not as they should be. What was sent is not told again: it may be anything,
    NaN and secrets among it."""
    assert isinstance(error, RequestValidationError)
    faults = [
        {
            "where": ".".join(str(part) for part in fault["loc"]),
            "detail": str(fault["msg"]).removeprefix("Value error, "),
        }
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['where']}: {fault['detail']}" for fault in faults[:5])
    return problem(request.scope, "invalid-request", detail, {"errors": faults[:50]})


async def on_unavailable(request: Request, error: Exception) -> Response:
    """Nobody is there to answer."""
    assert isinstance(error, StoreUnavailable)
    return problem(
        request.scope, "store-unavailable", "the goals can't be reached; try again later"
    )


_Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]
HANDLERS: dict[int | type[Exception], _Handler] = {
    Problem: on_problem,
    Refusal: on_refusal,
    HTTPException: on_http_error,
    RequestValidationError: on_invalid,
    StoreUnavailable: on_unavailable,
}


class Unfailing:
    """An ASGI layer that turns whatever is raised into a 500 that tells nothing of it."""

    def __init__(self, app: ASGIApp, log: Any) -> None:
        self._app, self._log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            if scope["type"] != "http":
                raise
            self._log.exception("request failed", path=scope["path"])
            if started:
                raise
            detail = "the server failed; its log tells more under this trace_id"
            await problem(scope, "internal-error", detail)(scope, receive, send)
