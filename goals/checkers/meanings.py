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
        for actions in same_actions():
            for word in actions:
                sides[stem(word)].setdefault(number, 1)
                self.actions.add(stem(word))
            number += 1
        for things in same_things():
            for word in things:
                sides[stem(word)].setdefault(number, 1)
            number += 1
        self.sides = dict(sides)
        self.members: dict[int, dict[str, int]] = defaultdict(dict)
        for word_stem, groups in sides.items():
            for group, place in groups.items():
                self.members[group][word_stem] = place


_LISTS = _Lists()


def is_action(word_stem: str) -> bool:
    """Whether the lists know it as an action or a quality."""
    return word_stem in _LISTS.actions


def likeness(one: str, other: str) -> Likeness:
    """How the words of these stems are related. Symmetric."""
    return neighbours(one).get(other, 0)


@lru_cache(maxsize=8192)
def neighbours(word_stem: str) -> dict[str, Likeness]:
    """All stems that mean the same, this one too, or the opposite. Not to be changed."""
    sides: dict[str, list[int]] = defaultdict(list)
    for group, side in _LISTS.sides.get(word_stem, {}).items():
        for other, there in _LISTS.members[group].items():
            sides[other].append(side * there)
    found: dict[str, Likeness] = {
        other: 1 if min(signs) > 0 else -1
        for other, signs in sides.items()
        if min(signs) == max(signs)
    }
    found[word_stem] = 1
    return found


@lru_cache(maxsize=8192)
def backwards(word: str) -> str | None:
    """The stem of what a word is the opposite of by its prefix: `unsafe` of safe."""
    plain = without_prefix(word)
    return None if plain is None else stem(plain)
