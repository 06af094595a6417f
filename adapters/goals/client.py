"""The goals of a server, over HTTP: commands become requests, and problems refusals."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from ...goals.commands import Command
from ...goals.schemas import Answer, Refused
from ..llm.endpoint import is_loopback
from ..runs.errors import MissingExtra, RunError
from .table import NAMES, ROWS, Row

if TYPE_CHECKING:
    import httpx2

_CONNECT_S, _ANSWER_S = 10.0, 120.0
_PROBLEM_FIELDS = ("type", "title", "status", "detail", "instance", "trace_id", "code")
_SHOWN = 200
_OBJECT = TypeAdapter(dict[str, Any])


def call_of(command: Command) -> tuple[Row, dict[str, Any]]:
    """Return the row of a command, and its request as httpx2 takes it; its URL is a path. Raises
    TypeError for a command that the API does not have."""
    rows = [row for row in ROWS if row.command == command.message_name]
    if not rows:
        raise TypeError(f"the HTTP API has no route for {command.message_name}")
    caller, said = command.caller, command.model_dump(mode="json", exclude={"caller"})
    row = next(row for row in rows if all(said[NAMES.get(name, name)] for name in row.parameters))
    path = {name: quote(said[NAMES.get(name, name)], safe="") for name in row.parameters}
    query = {name: said[NAMES.get(name, name)] for name in row.query}
    body, version = _body(row, said), said.get("expected_version")
    headers = {"traceparent": f"00-{caller.trace.trace_id}-{caller.trace.span_id}-01"}
    if body is not None:
        headers["content-type"] = "application/json"
    if caller.key is not None and row.keyed:
        headers["idempotency-key"] = caller.key.key
    if version is not None:
        headers["if-match"] = f'"{version}"'
    elif row.method in ("PATCH", "DELETE"):
        headers["if-match"] = "*"  # any version
    return row, {
        "method": row.method, "url": row.path.format(**path), "headers": headers,
        "params": {name: value for name, value in query.items() if value is not None},
        "content": None if body is None else to_json(body),
    }  # fmt: skip


def _body(row: Row, said: Mapping[str, Any]) -> Any:
    if row.body is None:
        return None
    if row.body.whole is not None:
        return said[row.body.whole]
    body = {name: said[name] for name in row.body.fields}
    empty = all(value is None for value in body.values())
    return None if empty and row.body.optional else body


class ServerTrouble(RunError):
    """The server can't be reached, or answers what this program does not understand."""

    def __init__(self, url: str, why: str, exit_code: int = 1) -> None:
        super().__init__(f"the goals at {url} can't be used: {why}")
        self.exit_code = exit_code


class GoalsClient:
    """Answers commands as a store does, by asking a server. Synchronous."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Open no connection yet. Raises MissingExtra, ServerTrouble."""
        if find_spec("httpx2") is None:
            raise MissingExtra("a server's URL", "httpx2", "server")
        import httpx2

        self.url = url.rstrip("/")
        host = _host(self.url)
        if not host:
            why = "expected an address such as http://127.0.0.1:8000"
            raise ServerTrouble(url, why, 2)
        headers = {"accept": "application/json", "user-agent": "gdg-runtime"}
        if token:
            if not is_token(token):
                raise ServerTrouble(url, "the token holds characters that no token can", 2)
            headers["authorization"] = f"Bearer {token}"
        self._client = httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(_ANSWER_S, connect=_CONNECT_S),
            # Reading all known authorities takes longer than a request; plain HTTP needs none.
            verify=urlsplit(self.url).scheme != "http",
            trust_env=not is_loopback(host),
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def ask(self, command: Command) -> Answer:
        """Return the answer; `Refused` if the server does not do it. Raises ServerTrouble."""
        row, request = call_of(command)
        response = self._send(request)
        try:
            content = _OBJECT.validate_json(response.content)
            if response.status_code >= 400:
                answer: Answer = _refusal(content)
            else:
                answer = answer_of(row, type(command), content)
        except ValidationError:
            raise self._no_goals_there(response) from None
        if response.headers.get("idempotency-replayed") == "true":
            return answer.model_copy(update={"replayed": True})
        return answer

    def _send(self, request: dict[str, Any]) -> httpx2.Response:
        import httpx2

        try:
            return self._client.request(**{**request, "url": self.url + request["url"]})
        except httpx2.TimeoutException:
            raise ServerTrouble(self.url, f"no answer in {_ANSWER_S:.0f} s") from None
        except (httpx2.HTTPError, ssl.SSLError) as error:
            why = f"{error or type(error).__name__}. Is `gdg-runtime serve` running there?"
            raise ServerTrouble(self.url, why) from None
        except httpx2.InvalidURL as error:
            raise ServerTrouble(self.url, str(error), 2) from None

    def _no_goals_there(self, response: httpx2.Response) -> ServerTrouble:
        begins = " ".join(response.text[:_SHOWN].split())
        why = (
            f"{response.request.method} {response.request.url.path} was answered with status "
            f"{response.status_code} and what is none of a GoalStore's answers"
        )
        return ServerTrouble(self.url, f"{why}: {begins}" if begins else why)


def _refusal(problem: dict[str, Any]) -> Refused:
    """Return the refusal that a problem (RFC 9457) describes. Raises pydantic.ValidationError."""
    code = problem.get("code")
    facts = {name: value for name, value in problem.items() if name not in _PROBLEM_FIELDS}
    detail = str(problem.get("detail") or problem.get("title") or code)
    return Refused.model_validate({"code": code, "detail": detail, "facts": facts})


def answer_of(row: Row, kind: type[Command], body: dict[str, Any]) -> Answer:
    """Return the answer that the body of a response shows. Raises pydantic.ValidationError."""
    expected = kind.answer_type()
    spread = row.spread
    if spread is None:
        return expected.model_validate(body)
    own = {name: body[name] for name in expected.model_fields if name in body and name != spread}
    rest = {name: value for name, value in body.items() if name not in own}
    return expected.model_validate({**own, spread: rest})


def _host(url: str) -> str | None:
    """Return the host that an address names; None if it is no address for HTTP."""
    try:
        parts = urlsplit(url)
        port = parts.port  # raises for one that there can't be
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") and port != 0 else None


def is_token(text: str) -> bool:
    """Return whether a text can be sent as a bearer token."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
