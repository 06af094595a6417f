"""Canonical JSON: one text for one value, so that a digest of it can stand for it."""

import json
from hashlib import blake2b
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from .errors import NotSerialisable


def _refuse_sets(value: Any, what: str) -> None:
    if isinstance(value, set | frozenset):
        raise NotSerialisable(what, "it holds a set, whose order differs between processes")
    if isinstance(value, dict):
        for inner in value.values():
            _refuse_sets(inner, what)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_sets(inner, what)


def jsonable(value: Any, what: str) -> Any:
    """The value as plain JSON data (dict, list, str, int, float, bool, None).

    Raises NotSerialisable, naming `what`, for anything that JSON can't hold: sets, NaN,
    infinities, objects unknown to pydantic.
    """
    _refuse_sets(value, what)
    try:
        plain = to_jsonable_python(value, inf_nan_mode="constants")
        json.dumps(plain, allow_nan=False)
    except (PydanticSerializationError, ValueError, TypeError) as error:
        raise NotSerialisable(what, str(error)) from None
    return plain


def canonical_json(value: Any) -> str:
    """Compact JSON with sorted keys of a value that is plain JSON data already."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(text: str | bytes, size: int = 16) -> str:
    """BLAKE2b of a text, `size` bytes as hexadecimal."""
    data = text.encode() if isinstance(text, str) else text
    return blake2b(data, digest_size=size).hexdigest()
