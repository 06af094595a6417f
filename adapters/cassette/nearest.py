"""How a request differs from the recorded one that is most like it, in a few lines."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple

_MOST_LINES = 12
_WIDTH = 100
"""Characters shown of a line."""
_AHEAD = 30
"""Of these, how many stand before the first that differs."""


class Line(NamedTuple):
    """A line of a request: where it stands and what it says."""

    place: str
    """Such as `body.messages[].content`, without numbers: one more message moves no other."""
    text: str


def lines_of(value: Any, place: str = "") -> Iterator[Line]:
    """Plain JSON data as lines; texts are cut where their own lines end."""
    match value:
        case dict():
            for name in sorted(value):
                yield from lines_of(value[name], f"{place}.{name}" if place else name)
        case list():
            for child in value:
                yield from lines_of(child, f"{place}[]")
        case str():
            for text in value.splitlines() or [""]:
                yield Line(place, text)
        case _:
            yield Line(place, json.dumps(value))


def likeness(one: Sequence[Line], other: Sequence[Line]) -> float:
    """How many of their words two requests have in common, from 0 to 1."""
    words, others = _words(one), _words(other)
    return 2 * (words & others).total() / max(1, words.total() + others.total())


def _words(lines: Sequence[Line]) -> Counter[str]:
    return Counter(word for line in lines for word in line.text.split())


def difference(recorded: Sequence[Line], asked: Sequence[Line]) -> list[str]:
    """What differs: `-` before a recorded line, `+` before one that is asked now."""
    told: list[str] = []
    matcher = SequenceMatcher(None, recorded, asked, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            for old, new in zip_longest(recorded[i1:i2], asked[j1:j2]):
                told += _pair(old, new)
    if len(told) <= _MOST_LINES:
        return told
    rest = len(told) - _MOST_LINES + 1
    return [*told[: _MOST_LINES - 1], f"… and {rest} more lines that differ"]


def _pair(old: Line | None, new: Line | None) -> Iterator[str]:
    same = 0 if old is None or new is None else _same(old.text, new.text)
    for mark, line in (("-", old), ("+", new)):
        if line is not None:
            yield f"{mark} {line.place}: {_window(line.text, same)}"


def _same(one: str, other: str) -> int:
    """How many characters the two begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _window(text: str, first: int) -> str:
    """The part of a text around the first character that differs."""
    begin = max(0, first - _AHEAD) if len(text) > _WIDTH else 0
    end = begin + _WIDTH
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}"
