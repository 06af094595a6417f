"""Read a text into clauses: sentences and what stands between marks, each with its terms.

A term is a word that says something about the topic. The reader finds which of them are verbs,
objects and conditions, and which are negated. An overlap is what two clauses have in common.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from .lexicon import word_sets
from .quantities import Quantity, bounds_degree, quantities_of
from .words import Likeness, Word, Wording, backwards, is_action, neighbours

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

    @property
    def is_verb(self) -> bool:
        """True for what is done, not what it is done to."""
        return self.role == "predicate"

    @property
    def is_side(self) -> bool:
        """True in a part that says when, unless it is required."""
        return self.condition and not self.required

    @property
    def weight(self) -> float:
        """How much it matters that the other side has this term, 0.25 to 1."""
        if self.condition:
            return 0.25
        if self.role == "aside":
            return 0.6 if self.head else 0.3
        return 1.0 if self.role == "core" and self.head else 0.5


@dataclass(frozen=True)
class Clause:
    """A sentence, or what stands between marks."""

    words: Wording
    terms: tuple[Term, ...]

    @cached_property
    def straight(self) -> dict[str, list[int]]:
        """Places of each stem in the terms."""
        return _places(term.word.stem for term in self.terms)

    @cached_property
    def turned(self) -> dict[str, list[int]]:
        """Places of words such as `unsafe`, under the stem of what they are the opposite of."""
        return _places(backwards(term.word.text) for term in self.terms)

    def around(self, place: int) -> tuple[list[Term], list[Term]]:
        """Return the terms before a place, and those behind it."""
        before = [term for term in self.terms if term.place < place]
        return before, [term for term in self.terms if term.place > place]

    @cached_property
    def quantities(self) -> list[Quantity]:
        """The amounts that it names."""
        return quantities_of(self.words)[:MOST_QUANTITIES]

    @cached_property
    def bounds_degree(self) -> bool:
        """True if its negation is one of a degree: not more than, not too much."""
        return bounds_degree(self.words)


def _places(stems: Iterable[str | None]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, found in enumerate(stems):
        if found is not None:
            places.setdefault(found, []).append(place)
    return places


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
            wording = Wording(part)
            seen[key] = Clause(wording, tuple(_Reader(wording).read()))
    return list(seen.values())


class _Reader:
    """Goes through a clause once, from left to right."""

    def __init__(self, words: Wording) -> None:
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
        text, following = word.text, self._words.text(place + 1)
        ing_follows = following.endswith("ing")
        if text in _AUXILIARIES and self._outside is not None and not self._opens_relative(place):
            self._sign, self._outside = self._outside, None
        relative = self._has_term_before(place) and not self._terms[-1].is_verb
        if relative and (text in _RELATIVE or text == "nobody"):
            self._outside = self._sign
        if text in _NOT or text in _NO:
            self._negate(place, text)
        elif text in _WITHOUT:
            self._end_refraining()
            self._required |= self._sign < 0
            self._condition |= self._sign < 0
            self._sign = -self._sign
            self._role, self._verb_next = "core", ing_follows
        elif text in _UNTIL or (text in _UNLESS and text != "save"):
            forbidden, until = self._sign < 0, text in _UNTIL
            self._begin_part("aside", condition=True, sign=1 if forbidden or until else -1)
            self._required, self._verb_next = forbidden, until and ing_follows
        elif text in _CONDITIONS:
            self._begin_part("aside", condition=text not in _CONCESSIONS, sign=1)
            self._verb_next = ing_follows
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
            if following and not ing_follows and is_action(self._words[place + 1].stem):
                self._sign, self._verb_next = 1, self._has_verb()
            elif following in _AUXILIARIES and self._outside is None:
                self._sign = 1
        elif text == "to":
            self._verb_next = True
            self._role = "aside"
        elif text == "from" and ing_follows and self._kept():
            self._sign, self._verb_next = -self._sign, True
        elif text in _PREPOSITIONS:
            self._role = "aside"
            self._verb_next = ing_follows
        elif text in _PLAIN or not text[0].isalpha():
            if not text[0].isalpha() or (self._verb_next and text in _NOUNS_BEGIN):
                self._verb_next = False
        else:
            self._add(place, word)

    def _add(self, place: int, word: Word) -> None:
        role: Role = self._role
        if self._verb_next or self._opens(place, word) or self._is_finite(place, word):
            if (
                self._role == "aside"
                and not is_action(word.stem)
                and self._words.text(place - 1) == "to"
            ):
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
        following = self._words.text(place + 1)
        if following in _RELATIVE:
            return is_action(word.stem)
        if following in _PLAIN or following in _PREPOSITIONS:
            return not self._is_statement(place) or word.text.endswith("ing")
        return is_action(word.stem) and not self._is_statement(place)

    def _opens_relative(self, place: int) -> bool:
        return self._words.text(place - 1) in _RELATIVE or self._words.text(place - 1) == "nobody"

    def _has_term_before(self, place: int) -> bool:
        return bool(self._terms) and self._terms[-1].place == place - 1

    def _is_demand(self, place: int) -> bool:
        """Tell whether the clause is `X needs Y`, which says nothing of X itself."""
        inside = any(word.text in _OWN_VERB or word.text == "than" for word in self._words[:place])
        return bool(self._terms) and not inside and self._words.text(place + 1) != "to"

    def _is_finite(self, place: int, word: Word) -> bool:
        """Tell whether a word is the verb of a statement without an auxiliary, or of `let X …`."""
        if not self._has_term_before(place) or self._has_verb(since=self._part):
            return False
        if any(before.text in ("let", "lets", "letting") for before in self._words[:place]):
            return is_action(word.stem)
        following = self._words.text(place + 1)
        if self._after_auxiliary or not (_is_small(following) or following in _WHOM):
            return False
        plural = self._words.text(place - 1).endswith("s")
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
            if near and last.is_verb:
                last.sign = -last.sign
        self._sign = -self._sign
        if text not in _NO:
            self._verb_next = self._verb_next or bool(self._terms) or self._starts(place)

    def _turn_subject(self) -> None:
        for term in self._terms[self._part :]:
            if not term.is_verb:
                term.sign = -term.sign

    def _refrain(self, place: int, word: Word) -> None:
        following = self._words.text(place + 1)
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
        following = self._words.text(place + 1)
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
        return any(term.is_verb for term in self._terms[since:])

    def _find_heads(self) -> None:
        for term, after in zip(self._terms, self._terms[1:], strict=False):
            between = self._words[term.place + 1 : after.place]
            touching = all(word.text in _INSIDE for word in between)
            if touching and not term.is_verb and after.role == term.role:
                term.head = False


def _is_small(text: str) -> bool:
    """Tell whether a word is one of grammar or a number, such as may stand behind a verb."""
    return text in _PLAIN or text in _PREPOSITIONS or text in _NO or text[:1].isdigit()


@dataclass(frozen=True)
class Link:
    """A term of the text, and a term of the belief that means the same or the opposite."""

    here: Term
    there: Term
    likeness: Likeness

    @property
    def agrees(self) -> bool:
        """True if both say the same of it, all negations counted."""
        return self.likeness * self.here.sign * self.there.sign > 0

    @property
    def evidence(self) -> tuple[str, str]:
        """The two words as they stand."""
        return self.here.word.shown, self.there.word.shown


class Overlap:
    """The links between a clause of a text and one of a belief."""

    def __init__(self, text: Clause, belief: Clause) -> None:
        self.text, self.belief = text, belief
        self.links = _links(text, belief)
        self.met_here = {link.here for link in self.links}
        self.met_there = {link.there for link in self.links}

    def covered(self, *, besides: Sequence[Link] = ()) -> float:
        """Return the share of the belief's terms that the text has, 0 to 1, without `besides`."""
        return _share(self.belief.terms, self.met_there, {link.there for link in besides})

    def covers(self, *, besides: Sequence[Link] = ()) -> float:
        """Return the share of the text's terms that the belief has, 0 to 1, without `besides`."""
        return _share(self.text.terms, self.met_here, {link.here for link in besides})

    def heads(self, *, besides: Sequence[Link] = ()) -> list[Link]:
        """Return the links of two nouns that are subject or object in both or in the belief."""
        left_out = {link.there for link in besides}
        places = {link.there.place for link in besides}
        here_places = {link.here.place for link in besides}
        return [
            link
            for link in self.links
            if link.likeness > 0
            and link.there not in left_out
            and (link.there.head or link.there.place + 1 in places)
            and (link.here.head or link.here.place + 1 in here_places)
            and link.there.role == "core"
        ]


def _links(text: Clause, belief: Clause) -> list[Link]:
    """Return all links, in the order of the text, then of the belief."""
    links: list[Link] = []
    for here in text.terms:
        found = _found(here.word.stem, belief.straight, 1)
        plain = backwards(here.word.text)
        if plain is not None:
            found = _found(plain, belief.straight, -1) | found
        if belief.turned:
            found = _found(here.word.stem, belief.turned, -1) | found
        links += [Link(here, belief.terms[place], found[place]) for place in sorted(found)]
    return links


def _found(word_stem: str, index: dict[str, list[int]], turn: Likeness) -> dict[int, Likeness]:
    alike = neighbours(word_stem)
    both = alike.keys() & index.keys()
    return {place: turn * alike[stem] for stem in both for place in index[stem]}


def _share(terms: Sequence[Term], met: Set[Term], left_out: Set[Term]) -> float:
    total = found = 0.0
    for term in terms:
        if term not in left_out:
            total += term.weight
            found += term.weight * (term in met)
    return found / total if total else 0.0


def shown(links: Iterable[Link]) -> tuple[str, ...]:
    """Return the belief's words in these links, each once."""
    return tuple(dict.fromkeys(link.there.word.shown for link in links))


class Conflict(NamedTuple):
    """A conflict between a clause of a text and one of a belief."""

    pattern_type: str
    severity: float
    rationale: str
    evidence: tuple[str, ...]


def conflict(kind: str, severity: float, rationale: str, *evidence: str) -> Conflict:
    """Make a conflict; its severity is rounded to hundredths: no rule knows more than that."""
    return Conflict(kind, round(min(max(severity, 0.0), 1.0), 2), rationale, evidence)
