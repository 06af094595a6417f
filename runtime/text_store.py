"""The text store: long texts of requests stand once, since prompts repeat most of their texts.

Where a text stands that is kept elsewhere, there is `{"$text": digest}`; data that happens to look
like this stands inside of `{"$plain": …}`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from .canonical import digest

_TEXT, _PLAIN = "$text", "$plain"
_LONG = 100
"""Characters from which a text is stored apart; a reference takes 45."""
_REMEMBERED = 16_384
"""Texts that a writer remembers as stored; an older one is stored again if it comes again."""


class Texts:
    """Takes long texts out of plain JSON data, each one once."""

    def __init__(self) -> None:
        self._stored: OrderedDict[str, None] = OrderedDict()
        self._new: dict[str, str] = {}

    def take_out(self, value: Any) -> tuple[Any, dict[str, str]]:
        """Return the data with references for long texts, and by digest the new texts."""
        without = self._without(value)
        new, self._new = self._new, {}
        while len(self._stored) > _REMEMBERED:
            self._stored.popitem(last=False)
        return without, new

    def _without(self, value: Any) -> Any:
        # Short texts are most of what comes by: they are passed over where they stand.
        kind = value.__class__
        if kind is str:
            return value if len(value) < _LONG else {_TEXT: self._key(value)}
        without = self._without
        if kind is dict:
            plain = {
                name: child if child.__class__ is str and len(child) < _LONG else without(child)
                for name, child in value.items()
            }
            return {_PLAIN: plain} if len(value) == 1 and _is_mark(value) else plain
        if kind is list:
            return [without(child) for child in value]
        return value

    def _key(self, text: str) -> str:
        key = digest(text)
        if key in self._stored:
            self._stored.move_to_end(key)
        else:
            self._stored[key] = None
            self._new[key] = text
        return key


def put_back(value: Any, texts: Mapping[str, str]) -> Any:
    """Return the data as it was. Raises KeyError for a text that is not stored."""
    if isinstance(value, dict):
        if _is_mark(value):
            [(mark, content)] = value.items()
            if mark == _TEXT:
                return texts[content]
            value = content
        return {name: put_back(child, texts) for name, child in value.items()}
    if isinstance(value, list):
        return [put_back(child, texts) for child in value]
    return value


def _is_mark(value: dict[str, Any]) -> bool:
    return len(value) == 1 and (_TEXT in value or _PLAIN in value)
