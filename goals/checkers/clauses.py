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
_OPEN_RELATIVE = _RELATIVE | {"nobody"}
_BEHIND_VERBS = _PLAIN | _PREPOSITIONS | _NO | _WHOM
"""Words of grammar, and objects, that may stand behind a finite verb."""
_KEEP = ("keep", "hold", "dissuad")

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
        """Weight of this term in the share that the other side has, 0.25 to 1."""
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
        self._place, self._before, self._following = 0, "", ""  # where it reads, and around that
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
        texts = ["", *(word.text for word in self._words), ""]
        for place, word in enumerate(self._words):
            self._place, self._before, self._following = place, texts[place], texts[place + 2]
            self._take(word)
        self._find_heads()
        if len(self._terms) <= _MANY_TERMS:
            return self._terms
        different = {
            (term.word.stem, term.sign, term.role, term.condition): term
            for term in reversed(self._terms)
        }
        return list(reversed(different.values()))

    def _take(self, word: Word) -> None:
        text, following = word.text, self._following
        ing_follows = following.endswith("ing")
        outside = None if self._before in _OPEN_RELATIVE else self._outside
        if text in _AUXILIARIES and outside is not None:
            self._sign, self._outside = outside, None
        if text in _OPEN_RELATIVE and self._has_term_before() and not self._terms[-1].is_verb:
            self._outside = self._sign
        if text in _NOT or text in _NO:
            self._negate(text)
        elif text in _WITHOUT:
            if self._refrains:  # it ends with its noun, as in `Deny it without …`
                self._sign, self._refrains = -self._sign, False
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
            self._refrain(word)
        elif text in _REQUIRES and self._is_demand():
            for term in self._terms:
                term.condition = True
            self._begin_part("core", condition=False, sign=1)
        elif text in _AUXILIARIES and not (text in _FULL_VERBS and self._starts()):
            self._verb_next = self._after_auxiliary = True
            self._leave_aside()
        elif text == "," and following in _NEW_SUBJECT:
            self._begin_part("core", condition=False, sign=1)
        elif text == ",":
            self._leave_aside()
        elif text == "and":
            if following and not ing_follows and is_action(self._words[self._place + 1].stem):
                self._sign, self._verb_next = 1, self._has_verb()
            elif following in _AUXILIARIES and self._outside is None:
                self._sign = 1
        elif text == "to":
            self._verb_next = True
            self._role = "aside"
        elif text == "from" and ing_follows and self._is_kept():
            self._sign, self._verb_next = -self._sign, True
        elif text in _PREPOSITIONS:
            self._role = "aside"
            self._verb_next = ing_follows
        elif text in _PLAIN or not text[0].isalpha():
            self._verb_next &= text[0].isalpha() and text not in _NOUNS_BEGIN
        else:
            self._add(word)

    def _add(self, word: Word) -> None:
        role: Role = self._role
        is_verb = self._verb_next or self._opens(word) or self._is_finite(word)
        if is_verb and (role != "aside" or self._before != "to" or is_action(word.stem)):
            role = "predicate"
            self._leave_aside()
        self._verb_next = False
        self._terms.append(
            Term(word, self._place, self._sign, role, True, self._condition, self._required)
        )

    def _opens(self, word: Word) -> bool:
        """Tell whether a word is the verb of an order, or the gerund that a clause begins with."""
        if self._terms or not self._starts():
            return False
        if self._following in _RELATIVE:
            return is_action(word.stem)
        if self._following in _PLAIN or self._following in _PREPOSITIONS:
            return not self._is_statement() or word.text.endswith("ing")
        return is_action(word.stem) and not self._is_statement()

    def _has_term_before(self) -> bool:
        return bool(self._terms) and self._terms[-1].place == self._place - 1

    def _is_demand(self) -> bool:
        """Tell whether the clause is `X needs Y`, which says nothing of X itself."""
        earlier = self._words[: self._place]
        inside = any(word.text in _OWN_VERB or word.text == "than" for word in earlier)
        return bool(self._terms) and not inside and self._following != "to"

    def _is_finite(self, word: Word) -> bool:
        """Tell whether a word is the verb of a statement without an auxiliary, or of `let X …`."""
        if not self._has_term_before() or self._has_verb(since=self._part):
            return False
        if any(known.text in ("let", "lets", "letting") for known in self._words[: self._place]):
            return is_action(word.stem)
        follows = self._following
        small = follows in _BEHIND_VERBS or follows[:1].isdigit()
        if self._after_auxiliary or not small:
            return False
        plural = self._before.endswith("s")
        return plural != word.text.endswith("s") and not word.text.endswith(("ing", "ed"))

    def _is_statement(self) -> bool:
        """Tell whether an auxiliary comes before any part that has its own."""
        for word in self._words[self._place + 1 :]:
            if word.text in _OWN_VERB or word.text in _CONDITIONS or word.text in _UNTIL:
                return False
            if word.text in _AUXILIARIES or word.text in _REQUIRES:
                return True
        return False

    def _starts(self) -> bool:
        return all(word.text in _OPENERS for word in self._words[: self._place])

    def _negate(self, text: str) -> None:
        if self._after_auxiliary and text in _NOT:
            self._turn_subject()
        if text in _NO and text != "none" and self._terms:
            last = self._terms[-1]
            near = self._place - last.place <= 2 and self._part < len(self._terms)
            if near and last.is_verb:
                last.sign = -last.sign
        self._sign = -self._sign
        if text not in _NO:
            self._verb_next = self._verb_next or bool(self._terms) or self._starts()

    def _turn_subject(self) -> None:
        for term in self._terms[self._part :]:
            if not term.is_verb:
                term.sign = -term.sign

    def _refrain(self, word: Word) -> None:
        following = self._following
        governs_verb = following in ("to", "from") or following.endswith("ing")
        if not governs_verb:
            if self._after_auxiliary and following in ("", ",", "and", "by", "in", "on", "at"):
                self._turn_subject()
            self._add(word)
        if following:
            self._sign = -self._sign
            self._refrains = not governs_verb
        self._verb_next = governs_verb

    def _leave_aside(self) -> None:
        if not self._condition:
            self._role = "core"

    def _begin_part(self, role: Role, *, condition: bool, sign: int) -> None:
        self._sign = sign
        self._part = len(self._terms)
        self._role, self._condition, self._required = role, condition, False
        self._after_auxiliary = self._verb_next = False

    def _is_kept(self) -> bool:
        return any(term.word.stem in _KEEP for term in self._terms)

    def _has_verb(self, since: int = 0) -> bool:
        return any(term.is_verb for term in self._terms[since:])

    def _find_heads(self) -> None:
        for term, after in zip(self._terms, self._terms[1:], strict=False):
            between = self._words[term.place + 1 : after.place]
            touching = all(word.text in _INSIDE for word in between)
            if touching and not term.is_verb and after.role == term.role:
                term.head = False


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
