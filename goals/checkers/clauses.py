"""Texts as clauses: sentences, and what stands between marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .clause_reader import terms_of
from .meanings import backwards
from .quantities import Quantity, bounds_degree, quantities_of
from .terms import Term
from .words import Word

_ENDS = frozenset((".", ";", "!", "?", ":", "but", "however", "(", ")"))
MOST_CLAUSES = 40
"""Of one text; what comes after them is one more clause."""
MOST_QUANTITIES = 16
"""Of one clause; no sentence that people write has as many."""


@dataclass(frozen=True)
class Clause:
    """A sentence, or what stands between marks."""

    words: tuple[Word, ...]
    terms: tuple[Term, ...]

    @cached_property
    def straight(self) -> dict[str, list[int]]:
        """Where in the terms each stem stands."""
        places: dict[str, list[int]] = {}
        for place, term in enumerate(self.terms):
            places.setdefault(term.word.stem, []).append(place)
        return places

    @cached_property
    def turned(self) -> dict[str, list[int]]:
        """Where words such as `unsafe` stand, under the stem of what they are the opposite of."""
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
        """Whether its negation is one of a degree: not more than, not too much."""
        return bounds_degree(self.words)


def clauses_of(words: Sequence[Word]) -> list[Clause]:
    """The clauses of a text that say something, without repetitions."""
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
            seen[key] = Clause(tuple(part), tuple(terms_of(part)))
    return list(seen.values())
