"""Rules on how much and how many: numbers, quantifiers (all, some), and exclusiveness (only)."""

from collections.abc import Sequence
from itertools import pairwise

from .clauses import Term
from .lexicon import word_sets
from .overlap import Conflict, Link, Overlap, graded
from .quantities import Quantity
from .words import Word, is_negated, likeness, stem

_PEOPLE, _HUMAN, _USER, _SAME = map(stem, ("people", "human", "user", "same"))
_SHARE_OFF = 0.05
"""An amount differs from an exact one if it is off by more than this share."""
_ABOUT_TIMES = 1.5
"""Meaning of about: up to this times more or less."""
_LEAST_COVERED = 0.2
_LEAST_COVERED_BY_REST = 0.4

_AUXILIARIES, _PREPOSITIONS, _PRONOUNS, _NO = word_sets("auxiliaries prepositions pronouns no")
_ALL, _SOME, _EXCEPTED, _PARTLY = word_sets("all some excepted partly")
_OTHERS, _KEPT, _ONLY, _NONE_ELSE, _ANOTHER = word_sets("others kept only none_else another")
_NAMES = {"most": "upper bound", "least": "lower bound", "exactly": "amount", "about": "amount"}


def number_conflict(overlap: Overlap) -> Conflict | None:
    """Find the worst clash of an amount with a bound on the same thing."""
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
    """Tell whether both name a duration: these decide what `keep` and `delete after` can't."""
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


def _comparable(amount: Quantity, bound: Quantity) -> bool:
    if amount.dimension != bound.dimension:
        return False
    if amount.dimension == "rate" and not (amount.noun and bound.noun):
        return True
    if amount.noun == bound.noun or likeness(amount.noun, bound.noun) > 0:
        return True
    return any(
        one == _PEOPLE and likeness(_HUMAN, other) + likeness(_USER, other) > 0
        for one, other in ((amount.noun, bound.noun), (bound.noun, amount.noun))
    )


def _violates(amount: Quantity, bound: Quantity) -> str | None:
    """Say how the amount lies outside of the bound; None if it does not."""
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
    """Tell whether it says which things are meant (loans above 500 need …), not how much."""
    words = overlap.belief.words
    before = [word.text in _AUXILIARIES for word in words[: quantity.place]]
    behind = [
        word.text in _AUXILIARIES or word.text in ("require", "requires")
        for word in words[quantity.place :]
    ]
    if any(before) or not any(behind):
        return False
    return any(term.place < quantity.place for term in overlap.belief.terms)


def quantifier_conflict(overlap: Overlap) -> Conflict | None:
    """Find some where the belief says all, or all where the belief keeps some back."""
    return _some_of_all(overlap) or _all_of_some(overlap)


def _some_of_all(overlap: Overlap) -> Conflict | None:
    universal = _first(overlap.belief.words, _ALL) or _first(overlap.belief.words, _NO)
    if universal is None:
        return None
    excepted = _first(overlap.text.words, _EXCEPTED, affirmed=True)
    partly = _first(overlap.text.words, _PARTLY)
    others = _first(overlap.text.words, _OTHERS)
    strength = 0.2 if excepted else 0.12 if partly else 0.0
    strength += 0.08 if others and (partly or _first(overlap.text.words, _SOME)) else 0.0
    if not strength or not _same_thing(overlap):
        return None
    partial = excepted or partly or others or universal
    severity = 0.38 + strength + 0.2 * overlap.covered() + 0.1 * overlap.covers()
    why = f"the text makes exceptions ({partial!r}), the belief holds for {universal!r}"
    return Conflict("quantifier", graded(severity), why, (partial, universal, *_shared(overlap)))


def _all_of_some(overlap: Overlap) -> Conflict | None:
    whole = _first(overlap.text.words, _ALL)
    some = _first(overlap.belief.words, frozenset(("some", "part", "enough", "someof")))
    kept = _first(overlap.belief.words, _KEPT)
    not_all = _not_all(overlap)
    if whole is None or not ((some and kept) or not_all) or not _same_thing(overlap):
        return None
    if any(term.sign < 0 and term.role == "predicate" for term in overlap.text.terms):
        return None
    severity = 0.48 + 0.2 * overlap.covered() + 0.1 * overlap.covers()
    reserve = f"{some} {kept}" if some and kept else "not all"
    why = f"the text takes {whole!r}, the belief keeps some back ({reserve!r})"
    return Conflict("quantifier", graded(severity), why, (whole, reserve, *_shared(overlap)))


def _not_all(overlap: Overlap) -> bool:
    words = overlap.belief.words
    return any(
        first.text in ("not", "never") and second.text in ("all", "every", "everyone", "everything")
        for first, second in pairwise(words)
    )


def _same_thing(overlap: Overlap) -> bool:
    return bool(overlap.heads()) and overlap.covered() >= _LEAST_COVERED_BY_REST


def _shared(overlap: Overlap) -> tuple[str, ...]:
    return tuple(dict.fromkeys(link.there.word.shown for link in overlap.links))[:6]


def _first(words: Sequence[Word], wanted: frozenset[str], *, affirmed: bool = False) -> str | None:
    for place, word in enumerate(words):
        if word.text in wanted:
            if affirmed and is_negated([word.text for word in words], place):
                continue
            return word.shown
    return None


def exclusivity_conflict(overlap: Overlap) -> Conflict | None:
    """Find a second one where there may be one, or another where only a certain one may be."""
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
    rest = [link for link in overlap.links if link.there not in focus]
    lacking = [
        link
        for link in overlap.links
        if link.there in focus and link.here.sign * link.there.sign < 0
    ]
    if rest and lacking and any(link.here.sign > 0 for link in rest):
        severity = 0.5 + 0.2 * _covered_rest(overlap, focus, rest) + 0.1 * overlap.covers()
        why = f"the belief allows it only with {lacking[0].there.word.shown!r}"
        return Conflict("exclusivity", graded(severity), why, lacking[0].evidence)
    if all(link.here.sign < 0 for link in rest or overlap.links):
        return None
    if not rest and any(term not in focus for term in overlap.belief.terms):
        return None
    if rest and _covered_rest(overlap, focus, rest) < _LEAST_COVERED_BY_REST:
        return None
    taken = [link.here for link in rest]
    other = [
        term
        for term in overlap.text.terms
        if term not in taken and _is_noun(overlap, term) and term.head and term.sign > 0
    ]
    met = [link for link in overlap.links if link.there in focus and link.likeness > 0]
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
    return term.role != "predicate" or before in _PREPOSITIONS


def _focus(overlap: Overlap) -> list[Term]:
    """Return the terms that `only` is about."""
    words, terms = overlap.belief.words, overlap.belief.terms
    for place, word in enumerate(words):
        if word.text in _ONLY and not _negated(overlap, place):
            before = words[place - 1].text if place else ""
            if before in _AUXILIARIES or before in _PRONOUNS:
                focus = [term for term in terms if term.place > place]
                is_verb = before in _PRONOUNS or (focus and focus[0].role == "predicate")
                return focus[1:] if is_verb else focus
            end = next(
                (
                    behind
                    for behind in range(place + 1, len(words))
                    if words[behind].text in _AUXILIARIES or words[behind].text == ","
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
    terms = [term for term in overlap.belief.terms if term not in focus]
    met = [link.there for link in rest]
    heads = [term for term in terms if not term.condition]
    if not heads:
        return 0.0
    return sum(term in met for term in heads) / len(heads)


def _differently_described(overlap: Overlap, focus: list[Term], met: list[Link]) -> bool:
    described = [term for term in focus if not term.head]
    if not described or any(link.there in described for link in met):
        return False
    for link in met:
        here = [
            term
            for term in overlap.text.terms
            if not term.head and 0 < link.here.place - term.place <= 3
        ]
        if any(likeness(term.word.stem, _SAME) == 0 for term in here):
            return True
    return False
