"""Numbers: the text names an amount that the belief's bound does not allow."""

from .conflict import Conflict, graded
from .meanings import likeness
from .negation import AUXILIARIES
from .overlap import Overlap
from .quantities import Quantity
from .stems import stem

_PEOPLE = stem("people")
_SHARE_OFF = 0.05
"""An amount differs from an exact one if it is off by more than this share."""
_ABOUT_TIMES = 1.5
"""What is meant by about: up to this times more or less."""
_LEAST_COVERED = 0.2


def number_conflict(overlap: Overlap) -> Conflict | None:
    """The worst clash of an amount with a bound on the same thing."""
    bounds = [
        quantity for quantity in overlap.belief.quantities if not _is_threshold(quantity, overlap)
    ]
    if not bounds:
        return None
    found = [
        conflict
        for amount in overlap.text.quantities
        for bound in bounds
        if (conflict := _clash(amount, bound, overlap)) is not None
    ]
    return max(found, key=lambda conflict: conflict.severity, default=None)


def settles(overlap: Overlap) -> bool:
    """Whether both name a duration, so that these tell what `keep` against `delete after` can't."""
    return any(
        bound.dimension == "time" and bound.bound == "most" and amount.dimension == "time"
        for bound in overlap.belief.quantities
        for amount in overlap.text.quantities
    )


def _clash(amount: Quantity, bound: Quantity, overlap: Overlap) -> Conflict | None:
    if not _comparable(amount, bound):
        return None
    why = _violates(amount, bound)
    if why is None:
        return None
    counted = [link for link in overlap.links if amount.noun and link.there.word.stem == bound.noun]
    others = [link for link in overlap.links if link not in counted]
    covered = overlap.covered(besides=counted)
    if not others or covered < _LEAST_COVERED:
        return None
    severity = (0.55 if bound.marked else 0.4) + 0.2 * covered
    severity += 0.15 * overlap.covers(besides=counted)
    if bound.noun and amount.noun:
        severity += 0.05
    rationale = f"{amount.shown!r} is {why} {bound.shown!r}, the belief's {_NAMES[bound.bound]}"
    shared = dict.fromkeys(link.there.word.shown for link in others)
    return Conflict("numbers", graded(severity), rationale, (amount.shown, bound.shown, *shared))


_NAMES = {"most": "upper bound", "least": "lower bound", "exactly": "amount", "about": "amount"}


def _comparable(amount: Quantity, bound: Quantity) -> bool:
    if amount.dimension != bound.dimension:
        return False
    if amount.dimension == "rate" and not (amount.noun and bound.noun):
        return True
    if amount.noun == bound.noun or likeness(amount.noun, bound.noun) > 0:
        return True
    return any(
        one == _PEOPLE and likeness(stem("human"), other) + likeness(stem("user"), other) > 0
        for one, other in ((amount.noun, bound.noun), (bound.noun, amount.noun))
    )


def _violates(amount: Quantity, bound: Quantity) -> str | None:
    """How the amount lies outside of the bound, in words; None if it does not."""
    value, limit = amount.value, bound.value
    same = abs(value - limit) <= 1e-9 * max(abs(value), abs(limit))
    if bound.bound == "most":
        over = (value > limit and not same) or (same and bound.strict and not amount.strict)
        return "more than" if over or (same and amount.bound == "least" and amount.strict) else None
    if bound.bound == "least":
        under = (value < limit and not same) or (same and bound.strict and not amount.strict)
        return "less than" if under else None
    if bound.bound == "about":
        if value > limit * _ABOUT_TIMES:
            return "much more than"
        return "much less than" if value * _ABOUT_TIMES < limit else None
    off = abs(value - limit) > _SHARE_OFF * max(abs(limit), abs(value))
    if not off:
        return None
    if not bound.marked and value > limit and bound.dimension == "rate":
        return None  # more often than what is asked for is no breach of it
    return "more than" if value > limit else "less than"


def _is_threshold(quantity: Quantity, overlap: Overlap) -> bool:
    """Whether it says which things are meant (loans above 500 need …), not how much is allowed."""
    words = overlap.belief.words
    before = [word.text in AUXILIARIES for word in words[: quantity.place]]
    behind = [
        word.text in AUXILIARIES or word.text in ("require", "requires")
        for word in words[quantity.place :]
    ]
    if any(before) or not any(behind):
        return False
    return any(term.place < quantity.place for term in overlap.belief.terms)
