"""The transport that speaks to an OpenAI-compatible server directly."""

from __future__ import annotations

import logging
import math
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import anyio
from pydantic_core import from_json, to_json

from ...actors.llm.chat import Chat
from ...scenarios.schema.language_model import ModelConfig
from ..runs.errors import MissingExtra
from . import openai_codec
from .endpoint import Endpoint, is_loopback
from .keys import Key
from .transport import Answer, FaultKind, Transport, TransportFault, fault_of

if TYPE_CHECKING:
    import httpx2

_CONNECT_S = 15.0
"""Seconds that making a connection may take; all other limits are the caller's."""
_MOST_BYTES = 32 * 2**20
"""Bytes of an answer at most."""
_EXTENSIONS: dict[str, Any] = {
    "timeout": {"connect": _CONNECT_S, "read": None, "write": None, "pool": None}
}
_LANE = 16
"""Connections of a pool. httpcore2 looks at each of them several times a call, so that in one pool
a call costs 2 ms of CPU where there are a hundred, and 6 where there are a thousand; so it is
1.2 and 1.6."""
_IDLE_S = 4.0
"""Seconds that an unused connection is kept: many servers close it after 5 s."""


@dataclass(slots=True)
class _Lane:
    """One pool."""

    size: int
    load: int = 0
    """Requests under way."""
    client: httpx2.AsyncClient | None = None


class OpenAiHttp(Transport):
    """A Transport over HTTP, by httpx2, under trio and under asyncio.

    httpx2 because a call costs 1.0 to 1.3 ms of CPU with it, against 2.4 to 3.1 ms with OpenAI's
    SDK and 8 to 9 ms with litellm (measured under trio), and because a cancelled call closes its
    connection at once.
    """

    def __init__(self, config: ModelConfig, endpoint: Endpoint, key: Key | None) -> None:
        """Open nothing yet. Raises MissingExtra."""
        if find_spec("httpx2") is None:
            raise MissingExtra(f"the model {config.model}", "httpx2")
        self._endpoint = endpoint
        self._key = key
        self._structured: openai_codec.Structured = (
            "json_schema" if config.structured == "auto" else config.structured
        )
        most = config.max_concurrency
        count = math.ceil(most / _LANE)
        self._lanes = [_Lane((most + number) // count) for number in range(count)]

    async def outcome(self, question: Chat) -> Answer | TransportFault:
        endpoint = self._endpoint
        name = endpoint.name_of(question.model)
        asked = openai_codec.body(question, self._structured, name, lengths=not endpoint.is_openai)
        body = to_json(endpoint.adapted(asked))
        try:
            status, headers, content = await self._exchange(self._request(body))
        except Exception as error:
            fault = _fault_of(error)
            if fault is None:
                raise
            return fault
        if status != 200:
            return fault_of(status, content.decode("utf-8", "replace"), headers)
        try:
            payload = from_json(content)
        except ValueError:
            return TransportFault("malformed", status)
        return openai_codec.outcome(payload, question)

    async def _exchange(self, request: httpx2.Request) -> tuple[int, httpx2.Headers, bytes]:
        """Send one POST; return the response's status, headers and body."""
        with self._client() as client:
            response = await client.send(request, stream=True)
            try:
                pieces, size = [], 0
                async for piece in response.aiter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > _MOST_BYTES:
                        raise _TooLong
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
        return response.status_code, response.headers, b"".join(pieces)

    def _request(self, body: bytes) -> httpx2.Request:
        """Make a request here, since the client would merge its defaults into each."""
        import httpx2

        url, headers = self._address
        return httpx2.Request("POST", url, headers=headers, content=body, extensions=_EXTENSIONS)

    @cached_property
    def _address(self) -> tuple[httpx2.URL, httpx2.Headers]:
        import httpx2

        headers = {"accept": "application/json", "content-type": "application/json",
                   "user-agent": "gdg-runtime"}  # fmt: skip
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key.reveal()}"
        return httpx2.URL(f"{self._endpoint.url}/chat/completions"), httpx2.Headers(headers)

    @contextmanager
    def _client(self) -> Iterator[httpx2.AsyncClient]:
        """Lend a client with a free connection, for one request, or one whose turn will come."""
        free = (lane for lane in self._lanes if lane.load < lane.size)
        lane = next(free, None) or min(self._lanes, key=lambda lane: lane.load / lane.size)
        lane.load += 1
        try:
            yield lane.client or self._open(lane)
        finally:
            lane.load -= 1

    def _open(self, lane: _Lane) -> httpx2.AsyncClient:
        import httpx2

        for name in ("httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)  # a line for each request
        # On this machine no proxy stands between.
        size, proxies = lane.size, not is_loopback(self._endpoint.host)
        limits = httpx2.Limits(
            max_connections=size, max_keepalive_connections=size, keepalive_expiry=_IDLE_S
        )
        lane.client = httpx2.AsyncClient(verify=_tls(proxies), limits=limits, trust_env=proxies)
        return lane.client

    async def aclose(self) -> None:
        """Close all connections."""
        with anyio.CancelScope(shield=True):
            for lane in self._lanes:
                client, lane.client = lane.client, None
                if client is not None:
                    await client.aclose()


class _TooLong(Exception):
    """An answer without an end."""


def _fault_of(error: Exception) -> TransportFault | None:
    """Classify the error of an exchange; None for errors that are not the network's."""
    import httpx2

    kinds: dict[FaultKind, tuple[type[Exception], ...]] = {
        "timed_out": (httpx2.TimeoutException,),
        "malformed": (httpx2.DecodingError, _TooLong),
        "bad_request": (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL),
        "disconnected": (httpx2.HTTPError, OSError),
    }  # fmt: skip
    for kind, errors in kinds.items():
        if isinstance(error, errors):
            return TransportFault(kind)
    return None


@cache
def _tls(trust_env: bool) -> ssl.SSLContext:
    """Read the known authorities once per process: that takes longer than many requests."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=trust_env)
