"""Tables whose rows hold a form each: how its fields stand in the columns, by their types; rows
written, changed and found; pages of them, and their cursors."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from sqlite3 import Connection, Row
from typing import Any, Generic, TypeVar, get_origin

from pydantic import AwareDatetime
from pydantic_core import to_json

from ...runtime.canonical import canonical_json
from ..errors import BadRequest, GoalError, VersionConflict
from ..fields import UtcTime, utc_text
from ..model import Belief, Goal

_LONGEST_CURSOR = 2000
_BAD_CURSOR = (
    "the cursor is not one that a page of this list gave: take `next_cursor` as it is, or begin "
    "without one"
)
F = TypeVar("F", Goal, Belief)


def make_cursor(*place: str) -> str:
    """Make the cursor of a row with these values in the columns that the page is ordered by."""
    return urlsafe_b64encode(canonical_json(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str, columns: int) -> list[str]:
    """Return the values in a cursor. Raises BadRequest (bad-cursor)."""
    try:
        if len(cursor) > _LONGEST_CURSOR:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        place = json.loads(urlsafe_b64decode(padded).decode())
        if make_cursor(*place) != cursor or len(place) != columns:
            raise ValueError
        if not all(isinstance(value, str) for value in place):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise BadRequest("bad-cursor", _BAD_CURSOR) from None
    return list(place)


def insert(tx: Connection, table: str, row: Mapping[str, Any], otherwise: str = "") -> None:
    """Write a new row; `otherwise` is the ON CONFLICT clause. Raises sqlite3.IntegrityError if the
    row breaks a rule of the schema."""
    tx.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) {otherwise}",
        tuple(row.values()),
    )


class Table(Generic[F]):
    """A table of goals or of beliefs."""

    def __init__(
        self,
        name: str,
        form: type[F],
        missing: type[GoalError],
        derived: Callable[[F], dict[str, Any]] = lambda _: {},
    ) -> None:
        """Describe a table: `derived` gives the columns that are no fields, of their values."""
        self._name, self._missing = name, missing
        self._form: type[F] = form
        self._derived: Callable[[F], dict[str, Any]] = derived
        kinds: dict[str, Any] = {key: known.annotation for key, known in form.model_fields.items()}
        self._fields = tuple(kinds)
        self.columns = ", ".join(kinds)
        """The columns that `form_of` needs of a row."""
        self._tuples = [name for name, kind in kinds.items() if get_origin(kind) is tuple]
        self._objects = [name for name, kind in kinds.items() if get_origin(kind) is dict]
        self.stored_as_json = (*self._tuples, *self._objects)
        """Columns that hold JSON."""
        self._times = [
            name for name, kind in kinds.items() if kind in (AwareDatetime, UtcTime | None)
        ]
        self._scalars = [
            (name, kind) for name, kind in kinds.items()
            if isinstance(kind, type) and (kind is bool or issubclass(kind, Enum))
        ]  # fmt: skip
        """Fields that SQLite has no type for, with what makes them of a stored number or text."""

    def form_of(self, row: Row) -> F:
        """Return the form in a row that has at least the `columns`."""
        known: dict[str, Any] = {name: row[name] for name in self._fields}
        for name in self._tuples:
            known[name] = () if known[name] == "[]" else tuple(json.loads(known[name]))
        for name in self._objects:
            known[name] = {} if known[name] == "{}" else json.loads(known[name])
        for name in self._times:
            known[name] = None if known[name] is None else datetime.fromisoformat(known[name])
        for name, kind in self._scalars:
            known[name] = kind(known[name])
        return self._form.model_construct(**known)

    def row_of(self, form: F) -> dict[str, Any]:
        """Return the columns and their values."""
        row = {name: getattr(form, name) for name in self._fields}
        for names, empty in ((self._tuples, "[]"), (self._objects, "{}")):
            for name in names:
                row[name] = to_json(row[name]).decode() if row[name] else empty
        for name in self._times:
            row[name] = None if row[name] is None else utc_text(row[name])
        return row | self._derived(form)

    def select(self, tx: Connection, clause: str, parameters: Sequence[Any] = ()) -> list[F]:
        """Find the forms that a clause behind FROM <table> asks for."""
        rows = tx.execute(f"SELECT {self.columns} FROM {self._name} {clause}", parameters)
        return [self.form_of(row) for row in rows]

    def find(self, tx: Connection, form_id: str) -> F | None:
        """Find the one with this id."""
        return next(iter(self.select(tx, "WHERE id = ?", (form_id,))), None)

    def page(
        self,
        tx: Connection,
        clause: str,
        parameters: Sequence[Any],
        limit: int,
        place: Callable[[F], Sequence[str]],
    ) -> tuple[list[F], str | None]:
        """Find at most `limit`, and the cursor of the next page: the `place` of the last."""
        found = self.select(tx, f"{clause} LIMIT ?", (*parameters, limit + 1))
        if len(found) <= limit:
            return found, None
        return found[:limit], make_cursor(*place(found[limit - 1]))

    def insert(self, tx: Connection, form: F) -> None:
        """Write a new row. Raises sqlite3.IntegrityError if its id is taken or it breaks a rule of
        the schema, such as one belief both aligned with and contradicted."""
        insert(tx, self._name, self.row_of(form))

    def update(self, tx: Connection, before: F, after: F, **besides: Any) -> dict[str, Any]:
        """Write and return what changed, and the columns `besides`, provided that the row is still
        at the version it was read at.

        Raises VersionConflict, the table's error if the row is missing, and ValueError unless
        `after` is the next version of `before`.
        """
        if after.id != before.id or after.version != before.version + 1:
            raise ValueError(
                f"expected version {before.version + 1} of {before.id}, "
                f"got version {after.version} of {after.id}"
            )
        old, new = self.row_of(before), self.row_of(after)
        changed: dict[str, Any] = {name: new[name] for name in new if new[name] != old[name]}
        changed |= besides
        written = tx.execute(
            f"UPDATE {self._name} SET {', '.join(f'{name} = ?' for name in changed)} "
            "WHERE id = ? AND version = ?",
            (*changed.values(), before.id, before.version),
        )
        if written.rowcount == 0:
            current = self.find(tx, before.id)
            if current is None:
                raise self._missing(before.id)  # type: ignore[call-arg]
            what = f"{self._name.removesuffix('s')} {before.id}"
            raise VersionConflict(what, before.version, current.version)
        return changed
