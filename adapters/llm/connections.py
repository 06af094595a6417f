"""The connections to one server, in small pools."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    import httpx2

_LANE = 16
"""Connections of a pool. httpcore2 looks at each of them several times a call, so that in one pool
a call costs 2 ms of CPU where there are a hundred, and 6 where there are a thousand; so it is
1.2 and 1.6."""
_IDLE_S = 4.0
"""How long an unused connection is kept: less than the 5 s after which many servers close it."""


class Connections:
    """At most `most` connections, kept alive between calls. Opened on the loop that uses them."""

    def __init__(self, most: int, *, proxies: bool) -> None:
        """`proxies`: whether those that the environment names are to be used."""
        self._proxies = proxies
        count = -(-most // _LANE)
        self._lanes = [_Lane((most + number) // count) for number in range(count)]
        self._tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        """A client with a free connection, for one request; if there is none, one to wait for."""
        lane = next((lane for lane in self._lanes if lane.load < lane.size), None)
        if lane is None:
            lane = min(self._lanes, key=lambda lane: lane.load / lane.size)
        lane.load += 1
        try:
            yield lane.client or self._open(lane)
        finally:
            lane.load -= 1

    async def aclose(self) -> None:
        """Close all."""
        with anyio.CancelScope(shield=True):
            for lane in self._lanes:
                client, lane.client = lane.client, None
                if client is not None:
                    await client.aclose()

    def _open(self, lane: _Lane) -> httpx2.AsyncClient:
        import httpx2

        for name in ("httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)  # a line for each request
        if self._tls is None:
            self._tls = httpx2.create_ssl_context(trust_env=self._proxies)
        limits = httpx2.Limits(
            max_connections=lane.size,
            max_keepalive_connections=lane.size,
            keepalive_expiry=_IDLE_S,
        )
        lane.client = httpx2.AsyncClient(
            verify=self._tls, limits=limits, follow_redirects=False, trust_env=self._proxies
        )
        return lane.client


class _Lane:
    """One pool."""

    __slots__ = ("client", "load", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.load = 0
        """Requests under way."""
        self.client: httpx2.AsyncClient | None = None
