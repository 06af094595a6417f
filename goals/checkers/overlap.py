"""What two clauses have in common: which of their terms mean the same or the opposite."""

from collections.abc import Sequence
from dataclasses import dataclass

from .clauses import Clause, Term
from .meanings import Likeness, backwards, likeness


@dataclass(frozen=True)
class Link:
    """A term of the text, and a term of the belief that means the same or the opposite."""

    here: Term
    there: Term
    likeness: Likeness

    @property
    def agrees(self) -> bool:
        """Whether both say the same of it, all negations counted."""
        return self.likeness * self.here.sign * self.there.sign > 0

    @property
    def evidence(self) -> tuple[str, str]:
        """The two words as they stand."""
        return self.here.word.shown, self.there.word.shown


class Overlap:
    """The links between a clause of a text and one of a belief."""

    def __init__(self, text: Clause, belief: Clause) -> None:
        self.text, self.belief = text, belief
        self.links = [
            Link(here, there, alike)
            for here in text.terms
            for there in belief.terms
            if (alike := alike_terms(here, there)) != 0
        ]

    def covered(self, *, besides: Sequence[Link] = ()) -> float:
        """The share of the belief's terms that the text has, 0 to 1, without those `besides`."""
        left_out = [id(link.there) for link in besides]
        met = {id(link.there) for link in self.links}
        total = found = 0.0
        for term in self.belief.terms:
            if id(term) not in left_out:
                total += weight(term)
                found += weight(term) * (id(term) in met)
        return found / total if total else 0.0

    def covers(self, *, besides: Sequence[Link] = ()) -> float:
        """The share of the text's terms that the belief has, 0 to 1."""
        left_out = [id(link.here) for link in besides]
        met = {id(link.here) for link in self.links}
        total = found = 0.0
        for term in self.text.terms:
            if id(term) not in left_out:
                total += weight(term)
                found += weight(term) * (id(term) in met)
        return found / total if total else 0.0

    def heads(self, *, besides: Sequence[Link] = ()) -> list[Link]:
        """Links of two nouns that are subject or object in both or in the belief."""
        left_out = [id(link.there) for link in besides]
        return [
            link
            for link in self.links
            if link.likeness > 0
            and id(link.there) not in left_out
            and link.there.head
            and link.here.head
            and link.there.role == "core"
            and link.there.role != "predicate"
        ]


def alike_terms(here: Term, there: Term) -> Likeness:
    """How two terms are related, prefixes such as un- counted."""
    alike = likeness(here.word.stem, there.word.stem)
    if alike:
        return alike
    for word, other in ((here.word, there.word), (there.word, here.word)):
        plain = backwards(word.text)
        if plain is not None:
            turned = likeness(plain, other.stem)
            if turned:
                return -1 if turned > 0 else 1
    return 0


def weight(term: Term) -> float:
    """How much it matters that the other side has this term."""
    if term.condition:
        return 0.25
    if term.role == "predicate":
        return 0.6
    if term.role == "core":
        return 1.0 if term.head else 0.5
    return 0.6 if term.head else 0.3
