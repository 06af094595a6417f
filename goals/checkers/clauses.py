"""Read a text into clauses: sentences and what stands between marks, each with its terms.

A term is a word that says something about the topic. The reader finds which of them are verbs,
objects and conditions, and which are negated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .lexicon import word_sets
from .quantities import Quantity, bounds_degree, quantities_of
from .words import Word, backwards, is_action

_ENDS = frozenset((".", ";", "!", "?", ":", "but", "however", "(", ")"))
MOST_CLAUSES = 40
"""Clauses of one text; what comes after them is one more clause."""
MOST_QUANTITIES = 16
"""Quantities of one clause; no sentence that people write has as many."""
_MANY_TERMS = 40
"""From here on repeated terms are dropped."""

_NOT, _NO, _WITHOUT, _UNLESS, _UNTIL, _REFRAIN = word_sets("not no without unless until refrain")
_BANNED, _ALLOWED, _AUXILIARIES = word_sets("banned allowed auxiliaries")
_CONDITIONS, _CONCESSIONS, _PREPOSITIONS = word_sets("conditions concessions prepositions")
_PLAIN, _REQUIRES, _FULL_VERBS, _OWN_VERB = word_sets("plain requires full_verbs own_verb")
_INSIDE, _WHOM, _RELATIVE, _OPENERS = word_sets("inside whom relative openers")
_NEW_SUBJECT, _NOUNS_BEGIN = word_sets("new_subject nouns_begin")

Role = Literal["predicate", "core", "aside"]


@dataclass(eq=False)
class Term:
    """A word that says something about the topic. Equal to itself only."""

    word: Word
    place: int
    sign: int
    """-1: under an odd number of negations."""
    role: Role
    """Verb; subject or object; or part of a prepositional phrase or a condition."""
    head: bool = True
    """The noun of its noun phrase, not what describes it."""
    condition: bool = False
    """True in a part that says when, or unless what."""
    required: bool = False
    """A requirement of what is forbidden otherwise: never … without this."""


@dataclass(frozen=True)
class Clause:
    """A sentence, or what stands between marks."""

    words: tuple[Word, ...]
    terms: tuple[Term, ...]

    @cached_property
    def straight(self) -> dict[str, list[int]]:
        """Places of each stem in the terms."""
        places: dict[str, list[int]] = {}
        for place, term in enumerate(self.terms):
            places.setdefault(term.word.stem, []).append(place)
        return places

    @cached_property
    def turned(self) -> dict[str, list[int]]:
        """Places of words such as `unsafe`, under the stem of what they are the opposite of."""
        places: dict[str, list[int]] = {}
        for place, term in enumerate(self.terms):
            plain = backwards(term.word.text)
            if plain is not None:
                places.setdefault(plain, []).append(place)
        return places

    @cached_property
    def quantities(self) -> list[Quantity]:
        """The amounts that it names."""
        return quantities_of(self.words)[:MOST_QUANTITIES]

    @cached_property
    def bounds_degree(self) -> bool:
        """True if its negation is one of a degree: not more than, not too much."""
        return bounds_degree(self.words)


def clauses_of(words: Sequence[Word]) -> list[Clause]:
    """Return the clauses of a text that say something, without repetitions."""
    parts: list[list[Word]] = [[]]
    for word in words:
        if word.text in _ENDS and len(parts) <= MOST_CLAUSES:
            parts.append([])
        else:
            parts[-1].append(word)
    seen: dict[tuple[str, ...], Clause] = {}
    for part in parts:
        key = tuple(word.text for word in part)
        if key and key not in seen:
            seen[key] = Clause(tuple(part), tuple(_Reader(part).read()))
    return list(seen.values())


class _Reader:
    """Goes through a clause once, from left to right."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words
        self._terms: list[Term] = []
        self._sign = 1
        self._part = 0  # the first term of the part whose subject a predicate turns round
        self._role: Role = "core"
        self._verb_next = False
        self._after_auxiliary = False
        self._condition = self._required = False
        self._refrains = False
        self._outside: int | None = None  # the sign outside of the relative clause that is read

    def read(self) -> list[Term]:
        for place, word in enumerate(self._words):
            self._take(place, word)
        self._find_heads()
        if len(self._terms) <= _MANY_TERMS:
            return self._terms
        different = {
            (term.word.stem, term.sign, term.role, term.condition): term
            for term in reversed(self._terms)
        }
        return list(reversed(different.values()))

    def _take(self, place: int, word: Word) -> None:
        text = word.text
        if text in _AUXILIARIES and self._outside is not None and not self._opens_relative(place):
            self._sign, self._outside = self._outside, None
        relative = self._has_term_before(place) and self._terms[-1].role != "predicate"
        if relative and (text in _RELATIVE or text == "nobody"):
            self._outside = self._sign
        if text in _NOT or text in _NO:
            self._negate(place, text)
        elif text in _WITHOUT:
            self._end_refraining()
            self._required |= self._sign < 0
            self._condition |= self._sign < 0
            self._sign = -self._sign
            self._role, self._verb_next = "core", self._next_is_ing(place)
        elif text in _UNLESS and text != "save":
            forbidden = self._sign < 0
            self._begin_part("aside", condition=True, sign=1 if forbidden else -1)
            self._required = forbidden
        elif text in _UNTIL:
            forbidden = self._sign < 0
            self._begin_part("aside", condition=True, sign=1)
            self._required = forbidden
            self._verb_next = self._next_is_ing(place)
        elif text in _CONDITIONS:
            self._begin_part("aside", condition=text not in _CONCESSIONS, sign=1)
            self._verb_next = self._next_is_ing(place)
        elif text in _BANNED and self._after_auxiliary:
            self._turn_subject()
            self._sign = -self._sign
        elif text in _ALLOWED and self._after_auxiliary:
            self._verb_next = False
        elif text in _REFRAIN:
            self._refrain(place, word)
        elif text in _REQUIRES and self._is_demand(place):
            for term in self._terms:
                term.condition = True
            self._begin_part("core", condition=False, sign=1)
        elif text in _AUXILIARIES and not (text in _FULL_VERBS and self._starts(place)):
            self._verb_next = self._after_auxiliary = True
            if not self._condition:
                self._role = "core"
        elif text == ",":
            self._comma(place)
        elif text == "and":
            following = self._text(place + 1)
            if is_action(self._stem(place + 1)) and not following.endswith("ing"):
                self._sign, self._verb_next = 1, self._has_verb()
            elif following in _AUXILIARIES and self._outside is None:
                self._sign = 1
        elif text == "to":
            self._verb_next = True
            self._role = "aside"
        elif text == "from" and self._next_is_ing(place) and self._kept():
            self._sign, self._verb_next = -self._sign, True
        elif text in _PREPOSITIONS:
            self._role = "aside"
            self._verb_next = self._next_is_ing(place)
        elif text in _PLAIN or not text[0].isalpha():
            if not text[0].isalpha() or (self._verb_next and text in _NOUNS_BEGIN):
                self._verb_next = False
        else:
            self._add(place, word)

    def _add(self, place: int, word: Word) -> None:
        role: Role = self._role
        if self._verb_next or self._opens(place, word) or self._is_finite(place, word):
            if self._role == "aside" and not is_action(word.stem) and self._before(place) == "to":
                role = "aside"
            else:
                role = "predicate"
                if not self._condition:
                    self._role = "core"
        self._verb_next = False
        self._terms.append(
            Term(word, place, self._sign, role, True, self._condition, self._required)
        )

    def _opens(self, place: int, word: Word) -> bool:
        """Tell whether a word is the verb of an order, or the gerund that a clause begins with."""
        if self._terms or not self._starts(place):
            return False
        following = self._text(place + 1)
        if following in _RELATIVE:
            return is_action(word.stem)
        if following in _PLAIN or following in _PREPOSITIONS:
            return not self._is_statement(place) or word.text.endswith("ing")
        return is_action(word.stem) and not self._is_statement(place)

    def _opens_relative(self, place: int) -> bool:
        return self._before(place) in _RELATIVE or self._before(place) == "nobody"

    def _has_term_before(self, place: int) -> bool:
        return bool(self._terms) and self._terms[-1].place == place - 1

    def _is_demand(self, place: int) -> bool:
        """Tell whether the clause is `X needs Y`, which says nothing of X itself."""
        inside = any(word.text in _OWN_VERB or word.text == "than" for word in self._words[:place])
        return bool(self._terms) and not inside and self._text(place + 1) != "to"

    def _is_finite(self, place: int, word: Word) -> bool:
        """Tell whether a word is the verb of a statement without an auxiliary, or of `let X …`."""
        if not self._has_term_before(place) or self._has_verb(since=self._part):
            return False
        if any(before.text in ("let", "lets", "letting") for before in self._words[:place]):
            return is_action(word.stem)
        following = self._text(place + 1)
        if self._after_auxiliary or not (_is_small(following) or following in _WHOM):
            return False
        plural = self._before(place).endswith("s")
        return plural != word.text.endswith("s") and not word.text.endswith(("ing", "ed"))

    def _is_statement(self, place: int) -> bool:
        """Tell whether an auxiliary comes before any part that has its own."""
        for word in self._words[place + 1 :]:
            if word.text in _OWN_VERB or word.text in _CONDITIONS or word.text in _UNTIL:
                return False
            if word.text in _AUXILIARIES or word.text in _REQUIRES:
                return True
        return False

    def _starts(self, place: int) -> bool:
        return all(word.text in _OPENERS for word in self._words[:place])

    def _negate(self, place: int, text: str) -> None:
        if self._after_auxiliary and text in _NOT:
            self._turn_subject()
        if text in _NO and text != "none" and self._terms:
            last = self._terms[-1]
            near = place - last.place <= 2 and self._part < len(self._terms)
            if near and last.role == "predicate":
                last.sign = -last.sign
        self._sign = -self._sign
        if text not in _NO:
            self._verb_next = self._verb_next or bool(self._terms) or self._starts(place)

    def _turn_subject(self) -> None:
        for term in self._terms[self._part :]:
            if term.role != "predicate":
                term.sign = -term.sign

    def _refrain(self, place: int, word: Word) -> None:
        following = self._text(place + 1)
        governs_verb = following in ("to", "from") or following.endswith("ing")
        if not governs_verb:
            if self._after_auxiliary and following in ("", ",", "and", "by", "in", "on", "at"):
                self._turn_subject()
            self._add(place, word)
        if following or governs_verb:
            self._sign = -self._sign
            self._refrains = not governs_verb
        self._verb_next = governs_verb

    def _end_refraining(self) -> None:
        """End what is refrained from with its noun, as in `Deny it without …`."""
        if self._refrains:
            self._sign, self._refrains = -self._sign, False

    def _comma(self, place: int) -> None:
        following = self._text(place + 1)
        if following in _NEW_SUBJECT:
            self._begin_part("core", condition=False, sign=1)
        elif not self._condition:
            self._role = "core"

    def _begin_part(self, role: Role, *, condition: bool, sign: int) -> None:
        self._sign = sign
        self._part = len(self._terms)
        self._role, self._condition, self._required = role, condition, False
        self._after_auxiliary = self._verb_next = False

    def _kept(self) -> bool:
        return any(term.word.stem in ("keep", "hold", "dissuad") for term in self._terms)

    def _has_verb(self, since: int = 0) -> bool:
        return any(term.role == "predicate" for term in self._terms[since:])

    def _text(self, place: int) -> str:
        return self._words[place].text if place < len(self._words) else ""

    def _stem(self, place: int) -> str:
        return self._words[place].stem if place < len(self._words) else ""

    def _before(self, place: int) -> str:
        return self._words[place - 1].text if place else ""

    def _next_is_ing(self, place: int) -> bool:
        return self._text(place + 1).endswith("ing")

    def _find_heads(self) -> None:
        for term, after in zip(self._terms, self._terms[1:], strict=False):
            between = self._words[term.place + 1 : after.place]
            touching = all(word.text in _INSIDE for word in between)
            if touching and term.role != "predicate" and after.role == term.role:
                term.head = False


def _is_small(text: str) -> bool:
    """Tell whether a word is one of grammar or a number, such as may stand behind a verb."""
    return text in _PLAIN or text in _PREPOSITIONS or text in _NO or text[:1].isdigit()
