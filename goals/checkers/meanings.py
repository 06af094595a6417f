"""Whether two words mean the same or the opposite, by the lists of synonyms and antonyms."""

from collections import defaultdict
from functools import lru_cache
from typing import Literal

from .antonyms import opposites, without_prefix
from .stems import stem
from .synonyms import same_actions, same_things

Likeness = Literal[-1, 0, 1]
"""1: the same, -1: the opposite, 0: neither."""


class _Lists:
    """For each stem, the groups that it stands in, each with the side."""

    def __init__(self) -> None:
        sides: dict[str, dict[int, int]] = defaultdict(dict)
        number = 0
        for one, other in opposites():
            for words, side in ((one, 1), (other, -1)):
                for word in words:
                    sides[stem(word)].setdefault(number, side)
            number += 1
        self.actions: set[str] = set(sides)
        for group in same_actions():
            for word in group:
                sides[stem(word)].setdefault(number, 1)
                self.actions.add(stem(word))
            number += 1
        for group in same_things():
            for word in group:
                sides[stem(word)].setdefault(number, 1)
            number += 1
        self.sides = dict(sides)


_LISTS = _Lists()


def is_action(word_stem: str) -> bool:
    """Whether the lists know it as an action or a quality."""
    return word_stem in _LISTS.actions


@lru_cache(maxsize=65536)
def likeness(one: str, other: str) -> Likeness:
    """How the words of these stems are related. Symmetric."""
    if one == other:
        return 1
    first, second = _LISTS.sides.get(one), _LISTS.sides.get(other)
    if first is None or second is None:
        return 0
    if len(first) > len(second):
        first, second = second, first
    same = opposite = False
    for group, side in first.items():
        there = second.get(group)
        if there is not None:
            same |= there == side
            opposite |= there != side
    return 1 if same and not opposite else -1 if opposite and not same else 0


def backwards(word: str) -> str | None:
    """The stem of what a word is the opposite of by its prefix: `unsafe` of safe."""
    plain = without_prefix(word)
    return None if plain is None else stem(plain)
