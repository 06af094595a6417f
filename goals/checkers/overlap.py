"""The overlap of two clauses: what they have in common, and the conflicts that rules find."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal, NamedTuple

from .clauses import Clause, Term
from .words import Likeness, backwards, neighbours

_Places = dict[int, Likeness]
_TURNED: dict[Likeness, Likeness] = {1: -1, 0: 0, -1: 1}


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

    def covered(self, *, besides: Sequence[Link] = ()) -> float:
        """Return the share of the belief's terms that the text has, 0 to 1, without `besides`."""
        met = {link.there for link in self.links}
        return _share(self.belief.terms, met, [link.there for link in besides])

    def covers(self, *, besides: Sequence[Link] = ()) -> float:
        """Return the share of the text's terms that the belief has, 0 to 1, without `besides`."""
        met = {link.here for link in self.links}
        return _share(self.text.terms, met, [link.here for link in besides])

    def heads(self, *, besides: Sequence[Link] = ()) -> list[Link]:
        """Return the links of two nouns that are subject or object in both or in the belief."""
        left_out = [link.there for link in besides]
        places = [link.there.place for link in besides]
        here_places = [link.here.place for link in besides]
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
    straight, turned = belief.straight, belief.turned
    links: list[Link] = []
    for here in text.terms:
        found = _found(here.word.stem, straight, 1)
        plain = backwards(here.word.text)
        if plain is not None:
            found = _found(plain, straight, -1) | found
        if turned:
            found = _found(here.word.stem, turned, -1) | found
        links += [Link(here, belief.terms[place], found[place]) for place in sorted(found)]
    return links


def _found(word_stem: str, index: dict[str, list[int]], turn: Literal[-1, 1]) -> _Places:
    alike = neighbours(word_stem)
    if len(index) < len(alike):
        both = [stem for stem in index if stem in alike]
    else:
        both = [stem for stem in alike if stem in index]
    return {
        place: alike[stem] if turn > 0 else _TURNED[alike[stem]]
        for stem in both
        for place in index[stem]
    }


def _share(terms: Sequence[Term], met: Set[Term], left_out: Sequence[Term]) -> float:
    total = found = 0.0
    for term in terms:
        if term not in left_out:
            total += _weight(term)
            found += _weight(term) * (term in met)
    return found / total if total else 0.0


def _weight(term: Term) -> float:
    """Return how much it matters that the other side has this term, 0.25 to 1."""
    if term.condition:
        return 0.25
    if term.role == "predicate":
        return 0.5
    if term.role == "core":
        return 1.0 if term.head else 0.5
    return 0.6 if term.head else 0.3


class Conflict(NamedTuple):
    """A conflict between a clause of a text and one of a belief."""

    pattern_type: str
    severity: float
    rationale: str
    evidence: tuple[str, ...]


def graded(severity: float) -> float:
    """Round a severity to 0 to 1, in hundredths: no rule knows more than that."""
    return round(min(max(severity, 0.0), 1.0), 2)
