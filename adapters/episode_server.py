"""The HTTP API beside a running episode: the same goals, reached by messages."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import anyio
import trio

from .episode_port import EpisodePort
from .goals_api.app import create_app
from .goals_api.server import allow_many_connections, serve
from .goals_api.settings import ApiSettings

GRACE_S = 5.0
"""How long requests in flight may take once the episode is over."""


class ServeAt(NamedTuple):
    """Where the API is to be reached, and with which token."""

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
        (url,) = await tasks.start(partial(serve, app, at.host, at.port, stop, grace_s=GRACE_S))
        say(f"The episode's goals are served at {url} while it runs.")
        try:
            yield
        finally:
            port.end()
            stop.set()
