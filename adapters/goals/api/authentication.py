"""The bearer token, asked for before anything of a request is read."""

from hashlib import sha256
from hmac import compare_digest

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .problems import problem

OPEN = ("/healthz", "/readyz", "/metrics", "/openapi.json")
"""What anybody may read: it tells how many goals there are, in which categories and states, and
with `/metrics` which beliefs stood against goals, by their ids."""
_CHALLENGE = 'Bearer realm="gdg-runtime"'


class Authentication:
    """An ASGI layer that lets nobody through without the token, if there is one."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._wanted = None if token is None else _digest(token)
        self._identity = "anonymous" if self._wanted is None else self._wanted.hex()[:16]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._wanted is not None and scope["path"] not in OPEN:
            given = _given(Headers(scope=scope))
            # Digests are of one length, so that the time it takes tells nothing of the token.
            if given is None or not compare_digest(_digest(given), self._wanted):
                detail = "send the header `Authorization: Bearer <token>`"
                challenge = _CHALLENGE if given is None else f'{_CHALLENGE}, error="invalid_token"'
                refused = problem(
                    scope, "unauthorised", detail, None, {"WWW-Authenticate": challenge}
                )
                await refused(scope, receive, send)
                return
        scope.setdefault("state", {})["identity"] = self._identity
        await self._app(scope, receive, send)


def _given(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
