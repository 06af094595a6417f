"""W3C traceparent: each request belongs to a trace, and all that comes of it tells which."""

import re
import sys
import time
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ....goals.identity import Bits, Trace

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


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


class Tracing:
    """The outermost ASGI layer: gives each request its span, logs it, and tells the client the
    trace. A `traceparent` that is missing or not valid begins a new trace."""

    def __init__(self, app: ASGIApp, bits: Bits, log: Any) -> None:
        self._app, self._bits, self._log = app, bits, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
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
                self._log.info(
                    "request", method=scope["method"], path=scope["path"], status=status,
                    ms=round(1000 * (time.perf_counter() - began), 3),
                )  # fmt: skip

    def _trace(self, headers: Headers) -> Trace:
        own = _open_telemetry()
        if own is not None:
            return own
        begun = Trace.begin(self._bits)
        sent = headers.getlist("traceparent")
        parent = parse_traceparent(sent[0]) if len(sent) == 1 else None
        if parent is None:
            return begun
        return Trace(trace_id=parent[0], span_id=begun.span_id, parent_id=parent[1])


def _open_telemetry() -> Trace | None:
    """The span that OpenTelemetry has begun for this request, where the process uses it."""
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
