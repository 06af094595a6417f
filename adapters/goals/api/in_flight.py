"""The requests that the application is at work on, and what becomes of those that come once the
server stops."""

import trio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import problem


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
            refused = problem(scope, "not-ready", "the server is stopping")
            await refused(scope, receive, send_on)
            return
        self._count += 1
        try:
            await self._app(scope, receive, send_on)
        finally:
            self._count -= 1
            if self._count == 0 and self._stop.is_set():
                self._answered.set()
