"""Hypercorn inside a running trio program: an address is reported once it listens, and a stop lets
the requests in flight be finished."""

import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import anyio
import trio
from hypercorn.config import Config
from hypercorn.trio import serve as serve_hypercorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .app import create_app
from .middleware import ApiSettings
from .ports import EpisodePort
from .problems import Problem

GRACE_S = 30.0
"""Seconds that requests in flight may take once the server stops."""
_CLOSING_S = 1.0
"""Seconds that connections may take to close after that."""
_KEEP_ALIVE_S = 75
_BACKLOG = 2048
_MOST_FILES = 65_536
EPISODE_GRACE_S = 5.0
"""Seconds that requests in flight may take once the episode is over."""


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    stop: trio.Event,
    *,
    grace_s: float = GRACE_S,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `stop` is set, then finish the requests in flight; new ones are refused.

    With `nursery.start` it gives the URLs; port 0 takes a free one. Raises OSError where the
    address can't be had.
    """
    listening = _listening(host, port)
    in_flight = InFlight(app, stop)

    async def answered() -> None:
        await stop.wait()
        with trio.move_on_after(grace_s):
            await in_flight.none_left()

    await serve_hypercorn(
        in_flight,  # type: ignore[arg-type]  # Hypercorn has types of its own for the same protocol
        _config(listening, min(grace_s, _CLOSING_S)),
        # Not before: it closes the connections that are idle when it is told, and one of a request
        # that comes at that instant too, which it then waits for until the grace is over.
        shutdown_trigger=answered,
        mode="asgi",
        task_status=task_status,
    )


def allow_many_connections() -> None:
    """Let this process have as many open files, so connections, as the system lets it; many
    systems begin with 1,024."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listening(host: str, port: int) -> socket.socket:
    """Open a socket that listens. Hypercorn would leave its own open where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _config(listening: socket.socket, grace_s: float) -> Config:
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.graceful_timeout = grace_s
    config.keep_alive_timeout = _KEEP_ALIVE_S
    config.backlog = _BACKLOG
    config.loglevel = "WARNING"
    config.include_server_header = False
    return config


class ServeAt(NamedTuple):
    """The address of the API, and its token."""

    host: str
    port: int
    """0 takes a free one."""
    token: str | None
    log: Any
    """A structlog logger of requests and trouble."""


@asynccontextmanager
async def serving(
    at: ServeAt, port: EpisodePort, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Serve while the block runs; then finish the requests in flight. Trio alone can.

    Raises OSError where the address can't be had.
    """
    allow_many_connections()
    app, stop = create_app(port, ApiSettings(token=at.token, log=at.log)), trio.Event()
    async with anyio.create_task_group() as tasks:
        (url,) = await tasks.start(
            partial(serve, app, at.host, at.port, stop, grace_s=EPISODE_GRACE_S)
        )
        say(f"The episode's goals are served at {url} while it runs.")
        try:
            yield
        finally:
            port.end()
            stop.set()


class InFlight:
    """An ASGI layer that lets no request in once `stop` is set, and has each response from then on
    close its connection, so that no idle client is waited for."""

    def __init__(self, app: ASGIApp, stop: trio.Event) -> None:
        self._app, self._stop = app, stop
        self._count = 0
        self._answered = trio.Event()

    async def none_left(self) -> None:
        """Return once the server stops and every request that was let in is answered."""
        await self._stop.wait()
        if self._count:
            await self._answered.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and self._stop.is_set():
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        # HTTP/2 has no such header.
        send_on = closing if scope["http_version"].startswith("1") else send
        if self._stop.is_set():
            refused = Problem("not-ready", "the server is stopping").response(scope)
            await refused(scope, receive, send_on)
            return
        self._count += 1
        try:
            await self._app(scope, receive, send_on)
        finally:
            self._count -= 1
            if self._count == 0 and self._stop.is_set():
                self._answered.set()
