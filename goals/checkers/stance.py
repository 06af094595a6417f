"""Negations and antonyms: the text does what the belief forbids, or the other way round."""

from .conflict import Conflict, graded
from .negation import LESSENING, REFRAIN
from .number_conflict import settles
from .overlap import Link, Overlap
from .stems import stem
from .terms import Term
from .word_set import word_set

_LEAST_COVERED = 0.3
_LEAST_COVERED_BY_NOUNS = 0.65
_LIGHT = frozenset(
    stem(word)
    for word in word_set(
        "have do make run hold get give take use keep wait ask obtain carry conduct"
    )
)
_ABSOLUTE = 0.7
"""Stands for the share that is covered if the belief has but this one verb: I never steal."""


def stance_conflict(overlap: Overlap) -> Conflict | None:
    """A verb or quality that both speak of, of which one says the opposite of the other.

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
    """Things that the one wants and the other does not, with no verb to tell it by."""
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
    """Whether the negation is of a verb that says more than to have or to do."""
    met = [id(link.here) for link in overlap.links]
    return any(
        term.place > noun.place
        or (term.word.stem not in _LIGHT and term.word.text not in REFRAIN and id(term) not in met)
        for term in overlap.text.terms
        if term.role == "predicate" and term.sign < 0 and term is not noun
    )


def _has_verb(overlap: Overlap) -> bool:
    return any(term.role == "predicate" and not term.condition for term in overlap.belief.terms)


def _lessens(overlap: Overlap) -> bool:
    return any(
        term.role == "predicate" and term.word.text in LESSENING for term in overlap.text.terms
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
    """0.5 to 1: how much it is the main verb of both; the belief's counts more."""
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
    """Whether what the belief's verb acts on is something that the text does not speak of."""
    objects = [
        term
        for term in overlap.belief.terms
        if term.role == "core" and term.head and not term.condition and term.place > verb.place
    ]
    met = [id(link.there) for link in overlap.links]
    return bool(objects) and not any(id(term) in met for term in objects)


def _narrowed_otherwise(overlap: Overlap, worst: Link) -> bool:
    """Whether the thing in question is described by different words: *build* files, *personal*
    files."""
    met_here = {id(link.here) for link in overlap.links}
    met_there = {id(link.there) for link in overlap.links}
    for link in overlap.heads(besides=[worst] if worst.there.role == "predicate" else []):
        here = _describing(overlap.text.terms, link.here)
        there = _describing(overlap.belief.terms, link.there)
        if here and there and not any(id(term) in met_there for term in there):
            return not any(id(term) in met_here for term in here)
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
