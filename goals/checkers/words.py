"""Texts as words: their stems, and which words mean the same or the opposite.

A text is read in lower case; a phrase of several words is taken as one word. A stem is what stays
of an English word without its endings: crude on purpose, it need not be a word, but two forms of
one word have the same.
"""

import re
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

from .lexicon import Meanings, lexicon, word_sets

LONGEST_TEXT = 20_000
"""Characters that are looked at; a goal or a belief may hold far less."""

_LEXICON = lexicon()


class Word(NamedTuple):
    """One word, number or mark of a text."""

    text: str
    """The word as it is compared: in lower case, phrases replaced by what they stand for."""
    stem: str
    shown: str
    """As it stands in the text, for evidence."""


_APOSTROPHES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2032": "'",
                              "\u2013": ",", "\u2014": ",", "\u2026": "."})  # fmt: skip
_MARK = re.compile(r"[.,;:!?\n%()]")
_SHORTENED = {"can't": "can", "won't": "will", "shan't": "shall", "cannot": "can"}
_PHRASES = {phrase: word for word, phrases in _LEXICON.phrases.items() for phrase in phrases}
_LONGEST_PHRASE = max(phrase.count(" ") + 1 for phrase in _PHRASES)
_BEGINNINGS = frozenset(phrase.partition(" ")[0] for phrase in _PHRASES)
_NOT, _NO = word_sets("not no")


class Wording(tuple[Word, ...]):
    """The words, numbers and marks of a text or of a part of it, in their order."""

    def text(self, place: int) -> str:
        """Return the word at a place; empty outside."""
        return self[place].text if 0 <= place < len(self) else ""

    def is_negated(self, place: int) -> bool:
        """Tell whether an odd number of negations since the last comma comes before a place."""
        count = 0
        for word in self[:place]:
            count = 0 if word.text == "," else count + (word.text in _NOT or word.text in _NO)
        return count % 2 == 1


def words_of(text: str) -> Wording:
    """Read a text."""
    raw = _split(text[:LONGEST_TEXT])
    found: list[Word] = []
    place = 0
    while place < len(raw):
        most = min(_LONGEST_PHRASE, len(raw) - place) if raw[place] in _BEGINNINGS else 1
        lengths = range(most, 1, -1)
        length = next((n for n in lengths if " ".join(raw[place : place + n]) in _PHRASES), 1)
        shown = " ".join(raw[place : place + length])
        word = _PHRASES[shown] if length > 1 else shown
        found.append(Word(word, stem(word), shown))
        place += length
    return Wording(found)


def _split(text: str) -> list[str]:
    pieces: list[str] = []
    for chunk in _spaced(text.casefold().translate(_APOSTROPHES)).split():
        word = chunk.strip("'\"`*_#<>[]{}|~^=/\\“”„«»")
        if word in _SHORTENED:
            pieces += (_SHORTENED[word], "not")
        elif word.endswith("n't"):
            pieces += (word[:-3], "not")
        elif word.endswith(("'s", "s'")):
            pieces.append(word[:-2] if word.endswith("'s") else word[:-1])
        elif word.endswith(("'ll", "'ve", "'re", "'d", "'m")):
            pieces += (word.partition("'")[0], "will" if word.endswith("'ll") else "be")
        elif "-" in word:
            pieces += [part for part in word.split("-") if part]
        elif word[:1].isdigit():
            pieces += _number_and_unit(word)
        elif word:
            pieces.append(word)
    return [piece for piece in pieces if piece]


def _number_and_unit(word: str) -> list[str]:
    """Read `24h` as two words; `2nd` stays one."""
    number = word.rstrip("abcdefghijklmnopqrstuvwxyz/")
    unit = word[len(number) :]
    return [number, unit] if unit and unit not in ("st", "nd", "rd", "th") else [word]


def _spaced(text: str) -> str:
    """Put blanks around marks, except inside of a number such as 2,500 or 0.5."""

    def spaced(found: re.Match[str]) -> str:
        mark, place = found.group(), found.start()
        around = text[place - 1 : place], text[place + 1 : place + 2]
        if mark in ".,:" and all(char.isdigit() for char in around):
            return mark
        return " . " if mark == "\n" else f" {mark} "

    return _MARK.sub(spaced, text)


_IRREGULAR = {form: base for base, forms in _LEXICON.stems.irregular.items() for form in forms}
_BY_LENGTH = sorted(_LEXICON.stems.endings, key=lambda ending: (-len(ending), ending))
_SHORT = frozenset(_LEXICON.stems.short)
_BRITISH = _LEXICON.stems.british
_LONGEST = 40  # no English word is longer; what is, is compared as it stands


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return the stem of a word in lower case."""
    word = _IRREGULAR.get(word, word)
    if len(word) < 4 or len(word) > _LONGEST or not word.isalpha():
        return word
    word = word.replace("iz", "is") if word.endswith(_BRITISH) else word
    rest, ending = word, ""
    for ending in _BY_LENGTH:
        if word.endswith(ending):
            least = 3 if ending in _SHORT else 4
            if ending == "s" and word.endswith(("ss", "us", "is")):
                continue
            if ending == "ed" and word.endswith("eed"):
                continue
            if len(word) - len(ending) >= least:
                rest = word[: -len(ending)]
                break
    else:
        ending = ""
    if len(rest) > 3 and rest[-1] in "eyi":
        rest = rest[:-1]
    doubled = len(rest) > 3 and rest[-1] == rest[-2]
    if doubled and (len(rest) > 4 or (ending in ("ed", "ing", "er") and rest[-1] not in "lrsz")):
        rest = rest[:-1]
    return rest


Likeness = int
"""1: the same, -1: the opposite, 0: neither."""


def _read_groups(meanings: Meanings) -> list[dict[str, Likeness]]:
    """Return the stems of each group of words with the side that they stand on: -1 for those that
    mean the opposite of the others."""
    groups: list[dict[str, Likeness]] = []
    for one, other in (*meanings.opposites, *((words, ()) for words in meanings.actions)):
        groups.append(dict.fromkeys(map(stem, one), 1))
        for word in other:
            groups[-1].setdefault(stem(word), -1)
    return groups + [dict.fromkeys(map(stem, words), 1) for words in meanings.things]


_GROUPS = _read_groups(_LEXICON.meanings)
_ACTIONS = {one for group in _GROUPS[: -len(_LEXICON.meanings.things)] for one in group}
_GROUPS_OF: dict[str, list[dict[str, Likeness]]] = defaultdict(list)
for _group in _GROUPS:
    for _stem in _group:
        _GROUPS_OF[_stem].append(_group)


def is_action(word_stem: str) -> bool:
    """Tell whether a stem is known as one of an action or a quality."""
    return word_stem in _ACTIONS


def likeness(one: str, other: str) -> Likeness:
    """Return how the words of two stems are related. Symmetric."""
    return neighbours(one).get(other, 0)


@lru_cache(maxsize=8192)
def neighbours(word_stem: str) -> dict[str, Likeness]:
    """Return all stems that mean the same, this one too, or the opposite. Not to be changed."""
    signs: dict[str, set[Likeness]] = defaultdict(set)
    for group in _GROUPS_OF.get(word_stem, ()):
        for other, side in group.items():
            signs[other].add(group[word_stem] * side)
    found = {other: both.pop() for other, both in signs.items() if len(both) == 1}
    found[word_stem] = 1
    return found


(_BACKWARDS,) = word_sets("backwards")
_PREFIXES = ("un", "in", "im", "ir", "dis")


@lru_cache(maxsize=8192)
def backwards(word: str) -> str | None:
    """Return the stem of what a word is the opposite of by its prefix: `unsafe` of safe.

    None for a word without such a prefix.
    """
    for prefix in _PREFIXES:
        rest = word.removeprefix(prefix)
        if rest != word and rest in _BACKWARDS:
            return stem(rest)
    return None
