"""The rules of the lexical checker, and those on what is said of a thing.

Those stand here: negations and antonyms, and the order of two steps. The rules on amounts stand in
`amounts`.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .amounts import exclusivity_conflict, number_conflict, quantifier_conflict, settles
from .clauses import Clause, Conflict, Link, Overlap, Term, clauses_of, conflict, shown
from .lexicon import word_sets
from .words import Wording, stem, words_of

_MOST_PAIRS = 64
"""Pairs of clauses that are looked at closely for one belief: those with most in common."""
_LEAST_COVERED = 0.3
_LEAST_COVERED_BY_NOUNS = 0.65
_ABSOLUTE = 0.7
"""Least share that counts as covered if the belief has but this one verb: I never steal."""
_ORDER_SEVERITY = 0.66

_REFRAIN, _LESSENING, _LIGHT_WORDS, _NOT, _NO = word_sets("refrain lessening light not no")
_BEFORE, _AFTER, _THEN = word_sets("before after then")
_LIGHT = frozenset(map(stem, _LIGHT_WORDS))


class Text(NamedTuple):
    """A goal's text or a belief, read."""

    words: Wording
    clauses: Sequence[Clause]

    @classmethod
    def read(cls, text: str) -> "Text":
        """Read a text into words and clauses."""
        words = words_of(text)
        return cls(words, clauses_of(words))

    def conflicts_with(self, belief: "Text") -> list[Conflict]:
        """Return the worst conflict of each kind, worst first.

        A text of the same words contradicts nothing, whatever its own parts do.
        """
        if [word.text for word in self.words] == [word.text for word in belief.words]:
            return []
        overlaps = [Overlap(here, there) for here in self.clauses for there in belief.clauses]
        overlaps = [overlap for overlap in overlaps if overlap.links]
        overlaps.sort(key=lambda overlap: -len(overlap.links))
        worst: dict[str, Conflict] = {}
        for overlap in overlaps[:_MOST_PAIRS]:
            for rule in _RULES:
                found = rule(overlap)
                if found is not None:
                    known = worst.setdefault(found.pattern_type, found)
                    if found.severity > known.severity:
                        worst[found.pattern_type] = found
        return sorted(worst.values(), key=lambda found: (-found.severity, found.pattern_type))


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
    against = _strongest(link for link in links if not link.agrees)
    opposite = _strongest(link for link in links if not link.agrees and link.likeness < 0)
    agreeing = _strongest(link for link in links if link.agrees)
    outweighing = _strongest(link for link in links if link.agrees and link.likeness < 0)
    if opposite > outweighing:
        against, agreeing = opposite, outweighing
    if against > agreeing or (against and against == agreeing == 0.5):
        worst = next(link for link in links if not link.agrees and _strength(link) == against)
        return _of_verbs(overlap, worst, against)
    return None if agreeing else _of_nouns(overlap)


def _of_verbs(overlap: Overlap, worst: Link, strength: float) -> Conflict | None:
    if worst.likeness < 0 and settles(overlap):
        return None
    same_word = [link for link in overlap.links if link.there is worst.there]
    covered = overlap.covered(besides=same_word)
    others = [term for term in overlap.belief.terms if term is not worst.there]
    if worst.likeness > 0 and all(term.condition for term in others):
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
    alike = [link for link in overlap.links if link.likeness > 0 and link.there is not worst.there]
    why += f"; both speak of {', '.join(shown(alike)) or 'the same'}"
    return conflict(kind, severity, why, *_evidence(overlap, worst))


def _of_nouns(overlap: Overlap) -> Conflict | None:
    """Find things that the one wants and the other does not, with no verb to tell it by."""
    for link in overlap.links:
        if link.agrees or link.here.condition or link.there.is_side:
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
        severity = 0.35 + 0.3 * covered + 0.1 * overlap.covers()
        here, there = link.evidence
        why = f"the one wants {here!r}, the other does not want {there!r}"
        return conflict("negation", severity, why, *_evidence(overlap, link))
    return None


def _is_governed(overlap: Overlap, noun: Term) -> bool:
    """Tell whether the negation is of a verb that says more than to have or to do."""
    says_more = [
        (
            term.word.stem not in _LIGHT
            and term.word.text not in _REFRAIN
            and term not in overlap.met_here
        )
        or term.place > noun.place
        for term in overlap.text.terms
        if term.is_verb and term.sign < 0 and term is not noun
    ]
    return any(says_more)


def _has_verb(overlap: Overlap) -> bool:
    return any(term.is_verb and not term.condition for term in overlap.belief.terms)


def _lessens(overlap: Overlap) -> bool:
    return any(term.is_verb and term.word.text in _LESSENING for term in overlap.text.terms)


def _says_something(link: Link) -> bool:
    both = (link.here, link.there)
    if any(term.is_side for term in both):
        return False
    if link.likeness > 0 and any(not term.is_verb and not term.head for term in both):
        return False  # what only describes a thing: stored passwords
    return link.likeness < 0 or any(term.is_verb for term in both)


def _strongest(links: Iterable[Link]) -> float:
    return max(map(_strength, links), default=0.0)


def _strength(link: Link) -> float:
    """Return how much it is the main verb of both, 0.5 to 1; the belief's counts more."""
    return 0.5 + 0.3 * _is_main(link.there) + 0.2 * _is_main(link.here)


def _is_main(term: Term) -> bool:
    return term.required or (term.is_verb and not term.condition)


def _has_heads(overlap: Overlap, besides: Term) -> bool:
    nouns = [term for term in overlap.belief.terms if term.role == "core" and not term.condition]
    return any(
        term is not besides and (term.head or term.place == besides.place - 1) for term in nouns
    )


def _has_another_object(overlap: Overlap, verb: Term) -> bool:
    """Tell whether the belief's verb acts on something that the text does not speak of."""
    nouns = [term for term in overlap.belief.terms if term.role == "core" and not term.condition]
    objects = {term for term in nouns if term.head and term.place > verb.place}
    return bool(objects) and objects.isdisjoint(overlap.met_there)


def _narrowed_otherwise(overlap: Overlap, worst: Link) -> bool:
    """Tell whether different words describe the thing: *build* files, *personal* files."""
    for link in overlap.heads(besides=[worst] if worst.there.is_verb else []):
        here = _describing(overlap.text, link.here)
        there = _describing(overlap.belief, link.there)
        if here and there and there.isdisjoint(overlap.met_there):
            return here.isdisjoint(overlap.met_here)
    return False


def _describing(clause: Clause, head: Term) -> set[Term]:
    return {
        term
        for term in clause.terms
        if not term.head and term.role == head.role and 0 < head.place - term.place <= 3
    }


def _evidence(overlap: Overlap, worst: Link) -> Sequence[str]:
    alike = shown(link for link in overlap.links if link.likeness > 0)
    return list(dict.fromkeys([*worst.evidence, *alike]))[:8]


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
    return conflict("order", _ORDER_SEVERITY, why, *here)


def _steps(clause: Clause) -> tuple[Sequence[Term], Sequence[Term]] | None:
    """Return what comes first and what comes then."""
    for place, (text, _, _) in enumerate(clause.words):
        if text not in _BEFORE and text not in _THEN and text not in _AFTER:
            continue
        left, right = clause.around(place)
        if text in _THEN and not right:  # X and Y afterwards
            ands = [at for at, word in enumerate(clause.words) if word.text in ("and", ",")]
            left, right = clause.around(ands[-1]) if ands else ([], [])
        if not left or not right:
            continue
        if text in _BEFORE:
            turned = any(word.text in _NOT or word.text in _NO for word in clause.words[:place])
        else:
            turned = text not in _THEN
        return (right, left) if turned else (left, right)
    return None


def _meeting(overlap: Overlap, here: Sequence[Term], there: Sequence[Term]) -> list[Link]:
    return [
        link
        for link in overlap.links
        if link.likeness > 0
        and (link.here.is_verb or link.there.is_verb)
        and link.here in here
        and link.there in there
    ]


_RULES = (
    stance_conflict, number_conflict, exclusivity_conflict, quantifier_conflict, ordering_conflict,
)  # fmt: skip
