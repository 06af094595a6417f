"""The ASGI layers of the HTTP API: tracing, failures, the bearer token, the size of bodies."""

import re
import secrets
import sys
import time
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...goals.identity import Bits, Trace
from .problems import Problem

MIB = 2**20
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
OPEN = ("/healthz", "/readyz", "/metrics", "/openapi.json")
"""Paths that need no token. They show how many goals there are, in which categories and states, and
with `/metrics` which beliefs blocked goals, by their ids."""
_CHALLENGE = 'Bearer realm="gdg-runtime"'
IMPORT_PATH = "/v1/goals/import"


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """Settings of the HTTP API."""

    token: str | None = None
    """The token that a client has to send; None: everybody may do everything."""
    body_limit: int = MIB
    """Most bytes of a request's body."""
    import_limit: int = 32 * MIB
    """Most bytes of an import, which carries up to 1,000 goals."""
    bits: Bits = secrets.randbits
    """Source of the ids of traces and spans."""
    log: Any = field(default_factory=lambda: structlog.get_logger("gdg_runtime.goals_api"))
    """A structlog logger of each request, warning and failure."""


def parse_traceparent(header: str) -> tuple[str, str] | None:
    """Trace id and span id of a `traceparent` header; None for one that is not valid.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    found = _TRACEPARENT.fullmatch(header.strip())
    if found is None:
        return None
    version, trace_id, span_id, more = found.groups()
    if version == "ff" or (version == "00" and more):
        return None
    if not int(trace_id, 16) or not int(span_id, 16):
        return None
    return trace_id, span_id


class Layer:
    """An ASGI layer around the requests of the API; what is no HTTP passes by."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handle = self.on_request if scope["type"] == "http" else self._app
        await handle(scope, receive, send)

    async def on_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        raise NotImplementedError


class Tracing(Layer):
    """The outermost layer: it gives each request its span, logs it, and reports the trace to the
    client. A `traceparent` that is missing or not valid begins a new trace."""

    async def on_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        trace = self._trace(Headers(scope=scope))
        scope.setdefault("state", {})["trace"] = trace
        status, began = 0, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Trace-Id"] = trace.trace_id
            await send(message)

        with structlog.contextvars.bound_contextvars(
            trace_id=trace.trace_id, span_id=trace.span_id
        ):
            try:
                await self._app(scope, receive, sending)
            finally:
                self._settings.log.info(
                    "request", method=scope["method"], path=scope["path"], status=status,
                    ms=round(1000 * (time.perf_counter() - began), 3),
                )  # fmt: skip

    def _trace(self, headers: Headers) -> Trace:
        own = _open_telemetry()
        if own is not None:
            return own
        begun = Trace.begin(self._settings.bits)
        sent = headers.getlist("traceparent")
        parent = parse_traceparent(sent[0]) if len(sent) == 1 else None
        if parent is None:
            return begun
        return Trace(trace_id=parent[0], span_id=begun.span_id, parent_id=parent[1])


def _open_telemetry() -> Trace | None:
    """Find the span that OpenTelemetry has begun for this request, where the process uses it."""
    if "opentelemetry.sdk.trace" not in sys.modules:
        return None
    from opentelemetry import trace

    span = trace.get_current_span()
    found = span.get_span_context()
    if not found.is_valid:
        return None
    parent = getattr(span, "parent", None)
    return Trace(
        trace_id=f"{found.trace_id:032x}",
        span_id=f"{found.span_id:016x}",
        parent_id=None if parent is None else f"{parent.span_id:016x}",
    )


class Unfailing(Layer):
    """A layer that turns any exception into a 500 that shows nothing of it."""

    async def on_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            self._settings.log.exception("request failed", path=scope["path"])
            if started:
                raise
            detail = "the server failed; its log tells more under this trace_id"
            await Problem("internal-error", detail).response(scope)(scope, receive, send)


class Authentication(Layer):
    """A layer that refuses requests without the token, if there is one."""

    async def on_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = self._settings.token
        wanted = None if token is None else _digest(token)
        if wanted is not None and scope["path"] not in OPEN:
            given = _given(Headers(scope=scope))
            # Digests are of one length, so that the time it takes tells nothing of the token.
            if given is None or not compare_digest(_digest(given), wanted):
                detail = "send the header `Authorization: Bearer <token>`"
                challenge = _CHALLENGE if given is None else f'{_CHALLENGE}, error="invalid_token"'
                refused = Problem("unauthorised", detail, None, {"WWW-Authenticate": challenge})
                await refused.response(scope)(scope, receive, send)
                return
        identity = "anonymous" if wanted is None else wanted.hex()[:16]
        scope.setdefault("state", {})["identity"] = identity
        await self._app(scope, receive, send)


def _given(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


class BodyLimit(Layer):
    """A layer that refuses bodies that are too large, before or while they are read."""

    async def on_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        settings = self._settings
        limit = settings.import_limit if scope["path"] == IMPORT_PATH else settings.body_limit
        detail = f"the body may have {limit:,} bytes"
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > limit:
            await Problem("body-too-large", detail).response(scope)(scope, receive, send)
            return
        read = 0

        async def receiving() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise Problem("body-too-large", detail)
            return message

        await self._app(scope, receiving, send)
