"""Canonical JSON: one text for one value, so that a digest of it can stand for it."""

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import fields, is_dataclass
from hashlib import blake2b
from math import isfinite
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from .errors import NotSerialisable

_PLAIN = frozenset((str, int, bool, type(None)))


def _refuse_unfit(value: Any, what: str) -> None:
    """Refuse what pydantic would write differently each time, or not as what it is."""
    parts: Iterable[Any] = ()
    if isinstance(value, Set):
        raise NotSerialisable(what, "it holds a set, whose order differs between processes")
    if isinstance(value, float):
        if not isfinite(value):
            raise NotSerialisable(what, f"it holds {value}")
    elif isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    elif isinstance(value, BaseModel):
        parts = value.__dict__.values()
    elif is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, field.name) for field in fields(value)]
    for part in parts:
        if part.__class__ not in _PLAIN:
            _refuse_unfit(part, what)


def jsonable(value: Any, what: str) -> Any:
    """Return the value as plain JSON data (dict, list, str, int, float, bool, None).

    Raises NotSerialisable, naming `what`, for anything that JSON can't hold: sets, NaN,
    infinities, half surrogate pairs, objects unknown to pydantic.
    """
    try:
        _refuse_unfit(value, what)
        plain = to_jsonable_python(value, inf_nan_mode="constants", round_trip=True)
        json.dumps(plain, allow_nan=False, ensure_ascii=False).encode()
    except (PydanticSerializationError, ValueError, TypeError, RecursionError) as error:
        raise NotSerialisable(what, str(error)) from None
    return plain


def canonical_json(value: Any) -> str:
    """Return compact JSON with sorted keys for a value that is plain JSON data already."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(text: str | bytes, size: int = 16) -> str:
    """Return the BLAKE2b digest of a text, `size` bytes as hexadecimal."""
    data = text.encode() if isinstance(text, str) else text
    return blake2b(data, digest_size=size).hexdigest()
