"""The rules of the lexical checker, and those on what is said of a thing.

Those stand here: negations and antonyms, and the order of two steps. The rules on amounts stand in
`amounts`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .amounts import exclusivity_conflict, number_conflict, quantifier_conflict, settles
from .clauses import Clause, Term, clauses_of
from .lexicon import word_sets
from .overlap import Conflict, Link, Overlap, graded
from .words import stem, words_of

_MOST_PAIRS = 64
"""Pairs of clauses that are looked at closely for one belief: those with most in common."""
_LEAST_COVERED = 0.3
_LEAST_COVERED_BY_NOUNS = 0.65
_ABSOLUTE = 0.7
"""Stands for the share that is covered if the belief has but this one verb: I never steal."""
_ORDER_SEVERITY = 0.66

_REFRAIN, _LESSENING, _LIGHT_WORDS, _NOT, _NO = word_sets("refrain lessening light not no")
_BEFORE, _AFTER, _THEN = word_sets("before after then")
_LIGHT = frozenset(map(stem, _LIGHT_WORDS))


class Text(NamedTuple):
    """A goal's text or a belief, read."""

    wording: tuple[str, ...]
    clauses: Sequence[Clause]

    @classmethod
    def read(cls, text: str) -> "Text":
        """Read a text into words and clauses."""
        words = words_of(text)
        return cls(tuple([word.text for word in words]), clauses_of(words))

    def conflicts_with(self, belief: "Text") -> list[Conflict]:
        """Return the worst conflict of each kind, worst first.

        A text of the same words contradicts nothing, whatever its own parts do.
        """
        if self.wording == belief.wording:
            return []
        worst: dict[str, Conflict] = {}
        for overlap in self._overlaps(belief):
            for rule in _RULES:
                found = rule(overlap)
                if found is not None:
                    known = worst.get(found.pattern_type)
                    if known is None or found.severity > known.severity:
                        worst[found.pattern_type] = found
        return sorted(worst.values(), key=lambda found: (-found.severity, found.pattern_type))

    def _overlaps(self, belief: "Text") -> list[Overlap]:
        overlaps = [Overlap(here, there) for here in self.clauses for there in belief.clauses]
        overlaps = [overlap for overlap in overlaps if overlap.links]
        overlaps.sort(key=lambda overlap: -len(overlap.links))
        return overlaps[:_MOST_PAIRS]


def stance_conflict(overlap: Overlap) -> Conflict | None:
    """Find a verb or quality of which the one says the opposite of the other.

    What both say the same of speaks against a conflict, most of all the belief's own verb.
    """
    if overlap.belief.bounds_degree or overlap.text.bounds_degree:
        return None
    links = [link for link in overlap.links if _says_something(link)]
    shared = [link for link in links if link.agrees and link.here.word.stem == link.there.word.stem]
    links = [
        link
        for link in links
        if link.likeness > 0
        or not any(link.there is same.there or link.here is same.here for same in shared)
    ]
    against = max((_strength(link) for link in links if not link.agrees), default=0.0)
    opposite = max(
        (_strength(link) for link in links if not link.agrees and link.likeness < 0), default=0.0
    )
    agreeing = max((_strength(link) for link in links if link.agrees), default=0.0)
    outweighing = max(
        (_strength(link) for link in links if link.agrees and link.likeness < 0), default=0.0
    )
    if opposite > outweighing:
        against, agreeing = opposite, outweighing
    if against > agreeing or (against and against == agreeing == 0.5):
        worst = next(link for link in links if not link.agrees and _strength(link) == against)
        return _of_verbs(overlap, worst, against)
    if not agreeing:
        return _of_nouns(overlap)
    return None


def _of_verbs(overlap: Overlap, worst: Link, strength: float) -> Conflict | None:
    if worst.likeness < 0 and settles(overlap):
        return None
    same_word = [link for link in overlap.links if link.there is worst.there]
    covered = overlap.covered(besides=same_word)
    alone = not any(not term.condition and term is not worst.there for term in overlap.belief.terms)
    if alone and worst.likeness > 0:
        covered = max(covered, _ABSOLUTE)
    if covered < _LEAST_COVERED:
        return None
    severity = 0.25 + 0.25 * strength + 0.35 * covered
    severity += 0.15 * overlap.covers(besides=same_word)
    if not overlap.heads(besides=same_word) and _has_heads(overlap, worst.there):
        severity -= 0.25
    if _narrowed_otherwise(overlap, worst):
        severity -= 0.3
    if _has_another_object(overlap, worst.there):
        severity -= 0.2
    here, there = worst.evidence
    if worst.likeness < 0:
        kind, why = "antonym", f"{here!r} is the opposite of {there!r} in the belief"
    else:
        kind, why = "negation", f"the one affirms {here!r}, the other negates {there!r}"
    return Conflict(kind, graded(severity), f"{why}; {_topic(overlap, worst)}",
                    _evidence(overlap, worst))  # fmt: skip


def _of_nouns(overlap: Overlap) -> Conflict | None:
    """Find things that the one wants and the other does not, with no verb to tell it by."""
    for link in overlap.links:
        if link.agrees or link.here.condition or (link.there.condition and not link.there.required):
            continue
        if not (link.here.head and link.there.head) or link.there.role == "aside":
            continue
        if link.here.sign > 0 and (_has_verb(overlap) or _lessens(overlap)):
            continue
        if link.here.sign < 0 and _is_governed(overlap, link.here):
            continue
        covered = overlap.covered()
        if covered < _LEAST_COVERED_BY_NOUNS or _narrowed_otherwise(overlap, link):
            continue
        severity = graded(0.35 + 0.3 * covered + 0.1 * overlap.covers())
        here, there = link.evidence
        why = f"the one wants {here!r}, the other does not want {there!r}"
        return Conflict("negation", severity, why, _evidence(overlap, link))
    return None


def _is_governed(overlap: Overlap, noun: Term) -> bool:
    """Tell whether the negation is of a verb that says more than to have or to do."""
    met = [link.here for link in overlap.links]
    return any(
        term.place > noun.place
        or (term.word.stem not in _LIGHT and term.word.text not in _REFRAIN and term not in met)
        for term in overlap.text.terms
        if term.role == "predicate" and term.sign < 0 and term is not noun
    )


def _has_verb(overlap: Overlap) -> bool:
    return any(term.role == "predicate" and not term.condition for term in overlap.belief.terms)


def _lessens(overlap: Overlap) -> bool:
    return any(
        term.role == "predicate" and term.word.text in _LESSENING for term in overlap.text.terms
    )


def _says_something(link: Link) -> bool:
    if link.there.condition and not link.there.required:
        return False
    if link.here.condition and not link.here.required:
        return False
    if link.likeness > 0 and any(
        term.role != "predicate" and not term.head for term in (link.here, link.there)
    ):
        return False  # what only describes a thing: stored passwords
    return link.likeness < 0 or link.here.role == "predicate" or link.there.role == "predicate"


def _strength(link: Link) -> float:
    """Return how much it is the main verb of both, 0.5 to 1; the belief's counts more."""
    return 0.5 + 0.3 * _is_main(link.there) + 0.2 * _is_main(link.here)


def _is_main(term: Term) -> bool:
    return term.required or (term.role == "predicate" and not term.condition)


def _has_heads(overlap: Overlap, besides: Term) -> bool:
    return any(
        term.role == "core" and not term.condition and term is not besides
        and (term.head or term.place == besides.place - 1)
        for term in overlap.belief.terms
    )  # fmt: skip


def _has_another_object(overlap: Overlap, verb: Term) -> bool:
    """Tell whether the belief's verb acts on something that the text does not speak of."""
    objects = [
        term
        for term in overlap.belief.terms
        if term.role == "core" and term.head and not term.condition and term.place > verb.place
    ]
    met = [link.there for link in overlap.links]
    return bool(objects) and not any(term in met for term in objects)


def _narrowed_otherwise(overlap: Overlap, worst: Link) -> bool:
    """Tell whether different words describe the thing: *build* files, *personal* files."""
    met_here = {link.here for link in overlap.links}
    met_there = {link.there for link in overlap.links}
    for link in overlap.heads(besides=[worst] if worst.there.role == "predicate" else []):
        here = _describing(overlap.text.terms, link.here)
        there = _describing(overlap.belief.terms, link.there)
        if here and there and not any(term in met_there for term in there):
            return not any(term in met_here for term in here)
    return False


def _describing(terms: tuple[Term, ...], head: Term) -> list[Term]:
    return [
        term
        for term in terms
        if not term.head and term.role == head.role and 0 < head.place - term.place <= 3
    ]


def _topic(overlap: Overlap, worst: Link) -> str:
    shared = [
        link.there.word.shown
        for link in overlap.links
        if link.likeness > 0 and link.there is not worst.there
    ]
    return "both speak of " + (", ".join(dict.fromkeys(shared)) or "the same")


def _evidence(overlap: Overlap, worst: Link) -> tuple[str, ...]:
    words = [*worst.evidence]
    words += [link.there.word.shown for link in overlap.links if link.likeness > 0]
    return tuple(dict.fromkeys(words))[:8]


def ordering_conflict(overlap: Overlap) -> Conflict | None:
    """Find a different order of two steps in both."""
    text, belief = _steps(overlap.text), _steps(overlap.belief)
    if text is None or belief is None:
        return None
    first = _meeting(overlap, text[0], belief[1])
    last = _meeting(overlap, text[1], belief[0])
    straight = _meeting(overlap, text[0], belief[0]) + _meeting(overlap, text[1], belief[1])
    if not first or not last or len(straight) >= len(first) + len(last):
        return None
    here = first[0].here.word.shown, last[0].here.word.shown
    why = f"the text has {here[0]!r} before {here[1]!r}, the belief the other way round"
    return Conflict("order", graded(_ORDER_SEVERITY), why, here)


def _steps(clause: Clause) -> tuple[Sequence[Term], Sequence[Term]] | None:
    """Return what comes first and what comes then."""
    for place, word in enumerate(clause.words):
        turned = word.text in _BEFORE or word.text in _THEN
        if not turned and word.text not in _AFTER:
            continue
        left = [term for term in clause.terms if term.place < place]
        right = [term for term in clause.terms if term.place > place]
        if word.text in _THEN and not right:
            left, right = _around_and(clause)
        if not left or not right:
            continue
        if word.text in _BEFORE:
            negated = [w for w in clause.words[:place] if w.text in _NOT or w.text in _NO]
            return (right, left) if negated else (left, right)
        return (left, right) if word.text in _THEN else (right, left)
    return None


def _around_and(clause: Clause) -> tuple[list[Term], list[Term]]:
    """Split `X and Y afterwards`."""
    ands = [place for place, word in enumerate(clause.words) if word.text in ("and", ",")]
    if not ands:
        return [], []
    left = [term for term in clause.terms if term.place < ands[-1]]
    return left, [term for term in clause.terms if term.place > ands[-1]]


def _meeting(overlap: Overlap, here: Sequence[Term], there: Sequence[Term]) -> list[Link]:
    return [
        link
        for link in overlap.links
        if link.likeness > 0
        and "predicate" in (link.here.role, link.there.role)
        and link.here in here
        and link.there in there
    ]


_RULES = (
    stance_conflict, number_conflict, exclusivity_conflict, quantifier_conflict, ordering_conflict,
)  # fmt: skip
