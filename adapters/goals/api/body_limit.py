"""How much may be sent: told by the header, or counted as it comes."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import Problem, problem
from .settings import ApiSettings

IMPORT_PATH = "/v1/goals/import"


class BodyLimit:
    """An ASGI layer that refuses bodies that are too large, before or while they are read."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        settings = self._settings
        limit = settings.import_limit if scope["path"] == IMPORT_PATH else settings.body_limit
        detail = f"the body may have {limit:,} bytes"
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > limit:
            await problem(scope, "body-too-large", detail)(scope, receive, send)
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
