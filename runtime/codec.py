"""Codecs: an effect's result becomes plain JSON data, and that data the value for the actor.

A result takes this way in a live run as well, so that a replay gives the same value.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache, partial
from types import FunctionType, MethodType
from typing import Any, NamedTuple, get_type_hints

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import to_json

from .canonical import jsonable
from .errors import NotSerialisable
from .message import Message, union_members


class Codec(NamedTuple):
    """Both directions for the results of one function."""

    encode: Callable[[Any, str], Any]
    """(result, its description for errors) → plain JSON data. Raises NotSerialisable."""
    decode: Callable[[Any], Any]
    """Plain JSON data → the value, validated to the function's return annotation."""


def codec_of(function: Callable[..., Any]) -> Codec:
    """Return the codec of a function's results.

    Raises NotSerialisable for an unfit return annotation.
    """
    # Not of a method bound to one agent, or of one partial: these would fill the cache.
    while isinstance(function, partial | MethodType):
        function = function.func if isinstance(function, partial) else function.__func__
    return _codec_of(function)


@lru_cache(maxsize=1024)
def _codec_of(function: Callable[..., Any]) -> Codec:
    annotation = _return_annotation(function)
    if annotation is Any:
        return Codec(jsonable, deepcopy)
    messages = union_members(annotation)
    if messages and all(isinstance(one, type) and issubclass(one, Message) for one in messages):
        # Equal fields may occur, so names decide.
        return _codec_of_messages(messages)
    try:
        adapter = TypeAdapter(annotation)
    except PydanticUserError as error:
        raise NotSerialisable(f"the return annotation {annotation!r}", str(error)) from None
    # The rules for JSON input, since they alone bring dates, tuples and enums back in strict mode.
    return Codec(jsonable, lambda plain: adapter.validate_json(to_json(plain)))


def _return_annotation(function: Callable[..., Any]) -> Any:
    if not isinstance(function, FunctionType):
        function = type(function).__call__
    try:
        return get_type_hints(function).get("return", Any)
    except (NameError, TypeError):
        return Any


def _codec_of_messages(messages: tuple[type[Message], ...]) -> Codec:
    by_name = {message.message_name: message for message in messages}

    def encode(value: Any, what: str) -> Any:
        if not isinstance(value, messages):
            known = ", ".join(by_name)
            raise NotSerialisable(what, f"expected one of {known}, got {type(value).__name__}")
        return {"message": value.message_name, "body": jsonable(value, what)}

    def decode(plain: Any) -> Any:
        return by_name[plain["message"]].model_validate_json(to_json(plain["body"]))

    return Codec(encode, decode)
