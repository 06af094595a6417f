"""Refusals as RFC 9457 problems, conditional requests, and bodies that are JSON by the book."""

import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Annotated, Any

from fastapi import Header
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import from_json, to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from ...goals.identity import Trace
from ...goals.schemas import Refused
from ...runtime.canonical import canonical_json
from .ports import StoreUnavailable
from .refusals import KINDS, OTHER

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:gdg-runtime:problem:"
_PLAIN = {404: "not-found", 405: "method-not-allowed"}
RETRY_AFTER_S = "5"
_OURS = re.compile(r'"([0-9]{1,18})"|([0-9]{1,18})')
IfMatch = Annotated[
    str | None,
    Header(description="The ETag of what is to be changed; `*`: whatever version it is at."),
]
IfNoneMatch = Annotated[str | None, Header(description="The ETag of what the client has already.")]


class Problem(HTTPException):
    """A refusal: by the store, by the API itself, or by the framework."""

    def __init__(
        self, code: str, detail: str,
        facts: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.code, self.kind, self.facts = code, KINDS.get(code, OTHER), facts or {}
        super().__init__(self.kind.status, detail, dict(headers or {}))

    @classmethod
    def of(cls, refused: Refused) -> "Problem":
        """Return the problem with which a command was refused."""
        headers = {}
        if refused.code == "version-conflict":
            headers["ETag"] = f'"{refused.facts["current"]}"'
        if refused.replayed:
            headers["Idempotency-Replayed"] = "true"
        return cls(refused.code, refused.detail, refused.facts, headers)

    def response(self, scope: Scope) -> Response:
        """Make the response that describes it."""
        body = {
            **self.facts,
            "type": TYPE + self.code,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "instance": scope["path"],
            "trace_id": trace_of(scope).trace_id,
            "code": self.code,
        }
        headers = dict(self.headers or {})
        if self.kind.status == 503:
            headers["Retry-After"] = RETRY_AFTER_S
        return Response(canonical_json(body), self.kind.status, headers, MEDIA_TYPE)


def trace_of(scope: Scope) -> Trace:
    """Return the span of a request."""
    trace: Trace = scope.get("state", {}).get("trace", Trace())
    return trace


async def on_error(request: Request, error: Exception) -> Response:
    """Answer a request that ended with one of ERRORS."""
    problem = error if isinstance(error, Problem) else _problem_of(error, request)
    return problem.response(request.scope)


def _problem_of(error: Exception, request: Request) -> Problem:
    if isinstance(error, StoreUnavailable):
        return Problem("store-unavailable", "the goals can't be reached; try again later")
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    assert isinstance(error, HTTPException)  # the framework's own
    path, headers = request.scope["path"], dict(error.headers or {})
    code = _PLAIN.get(error.status_code, "invalid-request")
    if error.status_code == 405:
        headers["Allow"] = allowed_methods(request.app.routes, path)
    detail = f"{request.method} {path}: {KINDS[code].title.lower()}"
    return Problem(code, detail, None, headers)


def allowed_methods(routes: Iterable[BaseRoute], path: str) -> str:
    """Return the Allow header of a 405, `GET, PATCH`. The framework itself would name the methods
    of one route only, and a path has a route for each method."""
    known = [route for route in routes if isinstance(route, Route)]
    fitting = [route for route in known if route.path_regex.match(path)]
    # /v1/goals/next is a path of its own and not the goal "next".
    closest = min(fitting, key=lambda route: len(route.param_convertors))
    methods = [route.methods or () for route in fitting if route.path == closest.path]
    return ", ".join(sorted({method for some in methods for method in some}))


def _invalid(error: RequestValidationError) -> Problem:
    """Describe fields that are not valid. What was sent is not repeated: it may be anything, NaN
    and secrets among it."""
    faults = [
        {
            "where": ".".join(str(part) for part in fault["loc"]),
            "detail": str(fault["msg"]).removeprefix("Value error, "),
        }
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['where']}: {fault['detail']}" for fault in faults[:5])
    return Problem("invalid-request", detail, {"errors": faults[:50]})


ERRORS = (HTTPException, RequestValidationError, StoreUnavailable)


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


async def expected_version(
    if_match: str | None, current: Callable[[], Awaitable[int]], *, required: bool
) -> int | None:
    """Return the version that the client expects; None: any. `current` reads it, and is only asked
    where the header names not exactly one version. Raises Problem if none of them is the current,
    and where a required header is missing."""
    if if_match is None and required:
        detail = 'send If-Match with the ETag that you last read, such as If-Match: "3"'
        raise Problem("precondition-required", detail)
    if if_match is None or if_match.strip() == "*":
        return None
    tags = if_match.split(",")
    # A weak tag never matches here (RFC 9110, 13.1.1).
    versions = [version for tag in tags if (version := _version(tag)) is not None]
    if len(tags) == 1 and versions:
        return versions[0]
    now = await current()
    if now in versions:
        return now
    detail = f"it is at version {now}, which If-Match does not name: read it again, then change it"
    raise Problem("version-conflict", detail, {"current": now}, {"ETag": etag(now)})


def is_known(if_none_match: str | None, version: int) -> bool:
    """Return whether the client has this version already."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return if_none_match.strip() == "*" or version in [_version(tag) for tag in tags]


def _version(tag: str) -> int | None:
    found = _OURS.fullmatch(tag.strip())
    return None if found is None else int(found[1] or found[2])


class StrictRequest(Request):
    """A request that reads JSON more strictly than Python does."""

    async def json(self) -> Any:
        """Read the body. Raises Problem."""
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise Problem("invalid-request", f"the body is no JSON: {error}") from None


class StrictRoute(APIRoute):
    """A route whose bodies are read by StrictRequest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


def strict(model: type[BaseModel], *, optional: bool = False) -> WrapValidator:
    """Annotate a body so that nothing is converted: "5" is no number, 1 is not true. `optional`:
    null is accepted."""

    def check(body: Any, _: ValidatorFunctionWrapHandler) -> BaseModel | None:
        if isinstance(body, bytes):
            detail = "send the body as JSON, with the header `Content-Type: application/json`"
            raise Problem("unsupported-media-type", detail)
        if body is None and optional:
            return None
        # In its JSON mode pydantic is strict about everything but what JSON has no words for.
        return model.model_validate_json(to_json(body), strict=True)

    return WrapValidator(check)
