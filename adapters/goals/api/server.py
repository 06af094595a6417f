"""Hypercorn inside a running trio program: an address is told once it listens, and a stop lets
the requests in flight be finished."""

import socket
import sys

import trio
from hypercorn.config import Config
from hypercorn.trio import serve as serve_hypercorn
from starlette.types import ASGIApp

from .in_flight import InFlight

GRACE_S = 30.0
"""How long requests in flight may take once the server stops."""
_CLOSING_S = 1.0
"""How long connections may take to close after that."""
_KEEP_ALIVE_S = 75
_BACKLOG = 2048
_MOST_FILES = 65_536


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
    """A socket that listens. Hypercorn would leave its own open where the address is taken."""
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
