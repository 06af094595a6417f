"""Cursors: the place of the last row of a page, as text that means nothing to whoever carries it.

Paging by place, not by number: rows that come in meanwhile shift nothing.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from ...runtime.canonical import canonical_json
from ..errors import BadRequest

_LONGEST = 2000


def make_cursor(*place: str) -> str:
    """The cursor of a row with these values in the columns that the page is ordered by."""
    return urlsafe_b64encode(canonical_json(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str, columns: int) -> list[str]:
    """The values in a cursor. Raises BadRequest (bad-cursor)."""
    try:
        if len(cursor) > _LONGEST:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        place = json.loads(urlsafe_b64decode(padded).decode())
        if make_cursor(*place) != cursor or len(place) != columns:
            raise ValueError
        if not all(isinstance(value, str) for value in place):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise BadRequest(
            "bad-cursor",
            "the cursor is not one that a page of this list gave: take `next_cursor` as it is, or "
            "begin without one",
        ) from None
    return list(place)
