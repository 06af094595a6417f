"""Order: the text does first what the belief puts last."""

from collections.abc import Sequence

from .clauses import Clause
from .conflict import Conflict, graded
from .negation import NO, NOT
from .overlap import Link, Overlap
from .terms import Term

_BEFORE = frozenset(["before", "until", "till", "ahead", "prior"])
_AFTER = frozenset(["after", "once", "following"])
_THEN = frozenset(["then", "afterwards", "later"])
_SEVERITY = 0.66


def ordering_conflict(overlap: Overlap) -> Conflict | None:
    """Both say what comes before what, and say the contrary."""
    text, belief = _steps(overlap.text), _steps(overlap.belief)
    if text is None or belief is None:
        return None
    first = _links(overlap, text[0], belief[1])
    last = _links(overlap, text[1], belief[0])
    straight = _links(overlap, text[0], belief[0]) + _links(overlap, text[1], belief[1])
    if not first or not last or len(straight) >= len(first) + len(last):
        return None
    here = first[0].here.word.shown, last[0].here.word.shown
    why = f"the text has {here[0]!r} before {here[1]!r}, the belief the other way round"
    return Conflict("order", graded(_SEVERITY), why, here)


def _steps(clause: Clause) -> tuple[Sequence[Term], Sequence[Term]] | None:
    """What comes first and what comes then."""
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
            negated = [w for w in clause.words[:place] if w.text in NOT or w.text in NO]
            return (right, left) if negated else (left, right)
        return (left, right) if word.text in _THEN else (right, left)
    return None


def _around_and(clause: Clause) -> tuple[list[Term], list[Term]]:
    """X and Y afterwards."""
    ands = [place for place, word in enumerate(clause.words) if word.text in ("and", ",")]
    if not ands:
        return [], []
    left = [term for term in clause.terms if term.place < ands[-1]]
    return left, [term for term in clause.terms if term.place > ands[-1]]


def _links(overlap: Overlap, here: Sequence[Term], there: Sequence[Term]) -> list[Link]:
    ours, theirs = [id(term) for term in here], [id(term) for term in there]
    return [
        link
        for link in overlap.links
        if link.likeness > 0
        and "predicate" in (link.here.role, link.there.role)
        and id(link.here) in ours
        and id(link.there) in theirs
    ]
