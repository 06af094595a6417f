"""Exclusiveness: the belief allows one thing, place, way or person only, the text takes another."""

from .conflict import Conflict, graded
from .meanings import likeness
from .negation import AUXILIARIES, PREPOSITIONS
from .overlap import Link, Overlap
from .stems import stem
from .terms import Term
from .word_set import word_set

_ONLY = frozenset(["only", "solely", "exclusively", "purely", "strictly"])
_NONE_ELSE = frozenset(["noneelse", "alone", "exclusive"])
_ANOTHER = word_set("""
    another second two three four both several additional extra more copy duplicate clone
    replicate double split parallel other twin backup multiple many couple pair third
""")
_PRONOUNS = word_set("i we you they he she it")
_LEAST_COVERED = 0.4


def exclusivity_conflict(overlap: Overlap) -> Conflict | None:
    """A second one where there may be one, or another one where only a certain one may be."""
    return _second(overlap) or _another(overlap)


def _second(overlap: Overlap) -> Conflict | None:
    marker = _single_marker(overlap)
    if marker is None:
        return None
    place, shown = marker
    counted = next(
        (term for term in overlap.belief.terms if term.place > place and term.head), None
    )
    if counted is None:
        return None
    for link in overlap.links:
        if link.there is not counted or link.likeness < 0 or link.here.sign < 0:
            continue
        near = overlap.text.words[max(link.here.place - 3, 0) : link.here.place + 1]
        more = [word.shown for word in near if word.text in _ANOTHER]
        if more:
            severity = 0.55 + 0.2 * overlap.covered() + 0.1 * overlap.covers()
            why = f"{more[0]!r} {link.here.word.shown!r}, where the belief holds {shown!r}"
            return Conflict("exclusivity", graded(severity), why,
                            (more[0], shown, *link.evidence))  # fmt: skip
    return None


def _single_marker(overlap: Overlap) -> tuple[int, str] | None:
    words = overlap.belief.words
    for place, word in enumerate(words):
        before = words[place - 1].text if place else ""
        if word.text in ("single", "sole") or (
            word.text in ("one", "1")
            and before in ("exactly", "only", "just", "atmost", "precisely")
        ):
            return place, word.shown
    return None


def _another(overlap: Overlap) -> Conflict | None:
    focus = _focus(overlap)
    if not focus:
        return None
    rest = [link for link in overlap.links if not _is_one_of(link.there, focus)]
    lacking = [
        link
        for link in overlap.links
        if _is_one_of(link.there, focus) and link.here.sign * link.there.sign < 0
    ]
    if rest and lacking and any(link.here.sign > 0 for link in rest):
        severity = 0.5 + 0.2 * _covered_rest(overlap, focus, rest) + 0.1 * overlap.covers()
        why = f"the belief allows it only with {lacking[0].there.word.shown!r}"
        return Conflict("exclusivity", graded(severity), why, lacking[0].evidence)
    if all(link.here.sign < 0 for link in rest or overlap.links):
        return None
    if not rest and any(not _is_one_of(term, focus) for term in overlap.belief.terms):
        return None
    if rest and _covered_rest(overlap, focus, rest) < _LEAST_COVERED:
        return None
    taken = [id(link.here) for link in rest]
    other = [
        term
        for term in overlap.text.terms
        if id(term) not in taken and _is_noun(overlap, term) and term.head and term.sign > 0
    ]
    met = [link for link in overlap.links if _is_one_of(link.there, focus) and link.likeness > 0]
    if any(link.here.sign * link.there.sign > 0 for link in met if link.there.head):
        if not _differently_described(overlap, focus, met):
            return None
        other = [link.here for link in met if link.there.head]
    if not other:
        return None
    severity = 0.5 + 0.2 * _covered_rest(overlap, focus, rest) + 0.1 * overlap.covers()
    wanted = " ".join(term.word.shown for term in focus)
    why = f"the belief allows only {wanted!r}, the text says {other[-1].word.shown!r}"
    shared = dict.fromkeys(link.there.word.shown for link in rest)
    return Conflict("exclusivity", graded(severity), why, (other[-1].word.shown, wanted, *shared))


def _is_noun(overlap: Overlap, term: Term) -> bool:
    before = overlap.text.words[term.place - 1].text if term.place else ""
    return term.role != "predicate" or before in PREPOSITIONS


def _focus(overlap: Overlap) -> list[Term]:
    """The terms that `only` is about."""
    words, terms = overlap.belief.words, overlap.belief.terms
    for place, word in enumerate(words):
        if word.text in _ONLY and not _negated(overlap, place):
            before = words[place - 1].text if place else ""
            if before in AUXILIARIES or before in _PRONOUNS:
                focus = [term for term in terms if term.place > place]
                is_verb = before in _PRONOUNS or (focus and focus[0].role == "predicate")
                return focus[1:] if is_verb else focus
            end = next(
                (
                    behind
                    for behind in range(place + 1, len(words))
                    if words[behind].text in AUXILIARIES or words[behind].text == ","
                ),
                len(words),
            )
            focus = [term for term in terms if place < term.place < end]
            if end == len(words) and len(focus) > 1 and focus[0].role == "predicate":
                return focus[1:]
            return focus
        if word.text == "reservedfor" and not _negated(overlap, place):
            return [term for term in terms if term.place > place and term.word is not word]
        if word.text in _NONE_ELSE and not _negated(overlap, place):
            earlier = [term for term in terms if term.place < place]
            start = len(earlier)
            while start and earlier[start - 1].role == earlier[-1].role != "predicate":
                start -= 1
            return earlier[start:]
    return []


def _negated(overlap: Overlap, place: int) -> bool:
    return place > 0 and overlap.belief.words[place - 1].text in ("not", "never")


def _covered_rest(overlap: Overlap, focus: list[Term], rest: list[Link]) -> float:
    terms = [term for term in overlap.belief.terms if not _is_one_of(term, focus)]
    met = [id(link.there) for link in rest]
    heads = [term for term in terms if not term.condition]
    if not heads:
        return 0.0
    return sum(id(term) in met for term in heads) / len(heads)


def _differently_described(overlap: Overlap, focus: list[Term], met: list[Link]) -> bool:
    described = [term for term in focus if not term.head]
    if not described or any(_is_one_of(link.there, described) for link in met):
        return False
    for link in met:
        here = [
            term
            for term in overlap.text.terms
            if not term.head and 0 < link.here.place - term.place <= 3
        ]
        if any(likeness(term.word.stem, stem("same")) == 0 for term in here):
            return True
    return False


def _is_one_of(term: Term, terms: list[Term]) -> bool:
    return any(term is other for other in terms)
