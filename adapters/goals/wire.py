"""Goal commands as HTTP requests, and answers as bodies of responses, by the rows of `table.py`."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import quote

from pydantic_core import to_json

from ...goals.answers import Answer
from ...goals.commands import Command
from .table import NAMES, ROWS, Row


class Call(NamedTuple):
    """A request for a command."""

    row: Row
    path: str
    query: Mapping[str, Any]
    body: Any = None
    version: int | None = None
    """Sent as If-Match by requests that change something which has versions; None: any."""


def call_of(command: Command) -> Call:
    """Return the request for a command. Raises TypeError for one that the API does not have."""
    rows = [row for row in ROWS if row.command == command.message_name]
    if not rows:
        raise TypeError(f"the HTTP API has no route for {command.message_name}")
    row = next(row for row in rows if all(_field(command, name) for name in row.parameters))
    names = {name: quote(_field(command, name), safe="") for name in row.parameters}
    said = command.model_dump(mode="json", exclude={"caller"})
    query = {name: _in_url(said[NAMES.get(name, name)]) for name in row.query}
    return Call(
        row,
        row.path.format(**names),
        {name: value for name, value in query.items() if value is not None},
        _body(row, said),
        said.get("expected_version"),
    )


def _field(command: Command, parameter: str) -> Any:
    return getattr(command, NAMES.get(parameter, parameter))


def _in_url(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _body(row: Row, said: Mapping[str, Any]) -> Any:
    if row.body is None:
        return None
    if row.body.whole is not None:
        return said[row.body.whole]
    body = {name: said[name] for name in row.body.fields}
    empty = all(value is None for value in body.values())
    return None if empty and row.body.optional else body


def answer_type(kind: type[Command]) -> type[Answer]:
    """Return the type of the answer to a kind of command."""
    return cast("type[Answer]", kind.carry_out.__annotations__["return"])


def body_of(row: Row, answer: Answer) -> bytes | str:
    """Return the body of the response that shows an answer, as JSON."""
    if row.shown is None:
        return answer.model_dump_json()
    spread = row.shown.spread
    if spread is None:
        return answer.model_dump_json(exclude={"replayed"})
    content = answer.model_dump(mode="json", exclude={"replayed"})
    return to_json({**content.pop(spread), **content})


def answer_of(row: Row, kind: type[Command], body: dict[str, Any]) -> Answer:
    """Return the answer that the body of a response shows. Raises pydantic.ValidationError."""
    expected = answer_type(kind)
    spread = row.shown.spread if row.shown is not None else None
    if spread is None:
        return expected.model_validate(body)
    own = {name: body[name] for name in expected.model_fields if name in body and name != spread}
    rest = {name: value for name, value in body.items() if name not in own}
    return expected.model_validate({**own, spread: rest})
