"""Speaks to an OpenAI-compatible server directly."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import anyio
from pydantic_core import from_json, to_json

from ...actors.llm.chat import Chat
from ...scenarios.schema.language_model import ModelConfig
from . import wire
from .endpoint import Endpoint
from .keys import Key
from .missing_extra import MissingExtra
from .transport import Answer, FaultKind, TransportFault
from .verdict import fault_of

if TYPE_CHECKING:
    import httpx2

_CONNECT_S = 15.0
"""How long a connection may take to be made; all other limits are the caller's."""
_IDLE_S = 4.0
"""How long an unused connection is kept: less than the 5 s after which many servers close it."""
_MOST_BYTES = 32 * 2**20
"""Of an answer."""


class OpenAiHttp:
    """A Transport over HTTP, by httpx2, under trio and under asyncio.

    httpx2 because a call costs 1.0 to 1.3 ms of CPU with it, under trio and with up to 100 in
    flight, against 2.4 to 3.1 ms with OpenAI's SDK and 8 to 9 ms with litellm, and because a
    cancelled call closes its connection at once. With 1000 requests in flight a call costs 8 ms:
    `max_concurrency` is the number of connections, and better kept at 100 or less.
    """

    def __init__(self, config: ModelConfig, endpoint: Endpoint, key: Key | None) -> None:
        self._config = config
        self._endpoint = endpoint
        self._key = key
        self._structured: wire.Structured = (
            "json_schema" if config.structured == "auto" else config.structured
        )
        self._client: httpx2.AsyncClient | None = None
        self._url: httpx2.URL | None = None
        self._headers: httpx2.Headers | None = None

    async def send(self, question: Chat) -> Answer:
        """Raises TransportFault, and MissingExtra."""
        outcome = await self._outcome(question)
        if isinstance(outcome, TransportFault):
            # Raised here, where no frame has ever held a key or a provider's words.
            raise outcome
        return outcome

    async def aclose(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            with anyio.CancelScope(shield=True):
                await client.aclose()

    async def _outcome(self, question: Chat) -> Answer | TransportFault:
        body = self._body(question)
        try:
            status, headers, content = await self._exchange(body)
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
        return wire.outcome(payload, question)

    def _body(self, question: Chat) -> bytes:
        endpoint = self._endpoint
        sent = wire.body(question, self._structured, endpoint.name_of(question.model))
        return to_json(endpoint.adapted(sent))

    async def _exchange(self, body: bytes) -> tuple[int, httpx2.Headers, bytes]:
        """One POST: the response's status, headers and body."""
        client = self._client or self._opened()
        response = await client.send(self._request(body), stream=True)
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
        """Made here, not by the client, which would merge its defaults into each."""
        import httpx2

        assert self._url is not None
        return httpx2.Request(
            "POST", self._url, headers=self._headers, content=body, extensions=_EXTENSIONS
        )

    def _opened(self) -> httpx2.AsyncClient:
        try:
            import httpx2
        except ImportError:
            raise MissingExtra(f"the model {self._config.model}", "httpx2") from None
        for name in ("httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)  # a line for each request
        most = self._config.max_concurrency
        limits = httpx2.Limits(
            max_connections=most, max_keepalive_connections=most, keepalive_expiry=_IDLE_S
        )
        client = httpx2.AsyncClient(
            limits=limits, follow_redirects=False, trust_env=not self._endpoint.is_loopback
        )
        headers = {"accept": "application/json", "content-type": "application/json",
                   "user-agent": "gdg-runtime"}  # fmt: skip
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key.reveal()}"
        self._url = httpx2.URL(f"{self._endpoint.url}/chat/completions")
        self._headers = httpx2.Headers(headers)
        self._client = client
        return client


_EXTENSIONS: dict[str, Any] = {
    "timeout": {"connect": _CONNECT_S, "read": None, "write": None, "pool": None}
}


class _TooLong(Exception):
    """An answer without an end."""


def _fault_of(error: Exception) -> TransportFault | None:
    """What a failed exchange comes to; None for errors that are not the network's."""
    if isinstance(error, MissingExtra):
        return None
    import httpx2

    kinds: tuple[tuple[type[Exception], FaultKind], ...] = (
        (_TooLong, "malformed"),
        (httpx2.TimeoutException, "timed_out"),
        (httpx2.DecodingError, "malformed"),
        (httpx2.LocalProtocolError, "bad_request"),
        (httpx2.UnsupportedProtocol, "bad_request"),
        (httpx2.InvalidURL, "bad_request"),
        (httpx2.HTTPError, "disconnected"),
        (OSError, "disconnected"),
    )
    for kind, meaning in kinds:
        if isinstance(error, kind):
            return TransportFault(meaning)
    return None
