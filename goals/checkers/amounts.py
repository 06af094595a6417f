"""Rules on how much and how many: numbers, quantifiers (all, some), and exclusiveness (only)."""

from collections.abc import Container, Sequence
from itertools import pairwise

from .clauses import Conflict, Link, Overlap, Term, conflict, shown
from .lexicon import word_sets
from .quantities import Quantity
from .words import Word, Wording, likeness, stem

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
_VERBS_BEHIND = _AUXILIARIES | {"require", "requires"}
_NAMES = {"most": "upper bound", "least": "lower bound", "exactly": "amount", "about": "amount"}


def number_conflict(overlap: Overlap) -> Conflict | None:
    """Find the worst clash of an amount with a bound on the same thing."""
    found = [
        clash
        for amount in overlap.text.quantities
        for bound in overlap.belief.quantities
        if not _is_threshold(bound, overlap)
        and (clash := _clash(amount, bound, overlap)) is not None
    ]
    return max(found, key=lambda clash: clash.severity, default=None)


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
    return conflict("numbers", severity, rationale, amount.shown, bound.shown, *shown(others))


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
    words, place = overlap.belief.words, quantity.place
    if _first(words[:place], _AUXILIARIES) or not _first(words[place:], _VERBS_BEHIND):
        return False
    return any(term.place < place for term in overlap.belief.terms)


def quantifier_conflict(overlap: Overlap) -> Conflict | None:
    """Find some where the belief says all, or all where the belief keeps some back."""
    return _some_of_all(overlap) or _all_of_some(overlap)


def _some_of_all(overlap: Overlap) -> Conflict | None:
    text, belief = overlap.text.words, overlap.belief.words
    universal = _first(belief, _ALL) or _first(belief, _NO)
    if universal is None:
        return None
    exceptions = [place for place, word in enumerate(text) if word.text in _EXCEPTED]
    excepted = next((text[at].shown for at in exceptions if not text.is_negated(at)), None)
    partly, others = _first(text, _PARTLY), _first(text, _OTHERS)
    strength = 0.2 if excepted else 0.12 if partly else 0.0
    strength += 0.08 if others and (partly or _first(text, _SOME)) else 0.0
    if not strength or not _same_thing(overlap):
        return None
    partial = excepted or partly or others or universal
    why = f"the text makes exceptions ({partial!r}), the belief holds for {universal!r}"
    evidence = (partial, universal, *shown(overlap.links)[:6])
    return conflict("quantifier", _raised(0.38 + strength, overlap), why, *evidence)


def _all_of_some(overlap: Overlap) -> Conflict | None:
    belief = overlap.belief.words
    whole = _first(overlap.text.words, _ALL)
    some, kept = _first(belief, ("some", "part", "enough", "someof")), _first(belief, _KEPT)
    not_all = any(
        first.text in ("not", "never") and second.text in ("all", "every", "everyone", "everything")
        for first, second in pairwise(belief)
    )
    if whole is None or not ((some and kept) or not_all) or not _same_thing(overlap):
        return None
    if any(term.sign < 0 and term.is_verb for term in overlap.text.terms):
        return None
    reserve = f"{some} {kept}" if some and kept else "not all"
    why = f"the text takes {whole!r}, the belief keeps some back ({reserve!r})"
    evidence = (whole, reserve, *shown(overlap.links)[:6])
    return conflict("quantifier", _raised(0.48, overlap), why, *evidence)


def _same_thing(overlap: Overlap) -> bool:
    return bool(overlap.heads()) and overlap.covered() >= _LEAST_COVERED_BY_REST


def _raised(severity: float, overlap: Overlap) -> float:
    return severity + 0.2 * overlap.covered() + 0.1 * overlap.covers()


def _first(words: Sequence[Word], wanted: Container[str]) -> str | None:
    """Return the first of the wanted words, as it stands."""
    return next((word.shown for word in words if word.text in wanted), None)


def exclusivity_conflict(overlap: Overlap) -> Conflict | None:
    """Find a second one where there may be one, or another where only a certain one may be."""
    return _second(overlap) or _another(overlap)


def _second(overlap: Overlap) -> Conflict | None:
    words = overlap.belief.words
    place = next((place for place in range(len(words)) if _is_single(words, place)), len(words))
    counted = [term for term in overlap.belief.terms if term.place > place and term.head]
    for link in overlap.links:
        if link.there not in counted[:1] or link.likeness < 0 or link.here.sign < 0:
            continue
        place_here = link.here.place
        more = _first(overlap.text.words[max(place_here - 3, 0) : place_here + 1], _ANOTHER)
        if more:
            single = words[place].shown
            why = f"{more!r} {link.here.word.shown!r}, where the belief holds {single!r}"
            severity = _raised(0.55, overlap)
            return conflict("exclusivity", severity, why, more, single, *link.evidence)
    return None


def _is_single(words: Wording, place: int) -> bool:
    before = words.text(place - 1)
    return words.text(place) in ("single", "sole") or (
        words.text(place) in ("one", "1")
        and before in ("exactly", "only", "just", "atmost", "precisely")
    )


def _another(overlap: Overlap) -> Conflict | None:
    focus = _focus(overlap)
    if not focus:
        return None
    rest = [link for link in overlap.links if link.there not in focus]
    met = [link for link in overlap.links if link.there in focus]
    lacking = [link for link in met if link.here.sign * link.there.sign < 0]
    covered = _covered_rest(overlap, focus)
    severity = 0.5 + 0.2 * covered + 0.1 * overlap.covers()
    if lacking and any(link.here.sign > 0 for link in rest):
        why = f"the belief allows it only with {lacking[0].there.word.shown!r}"
        return conflict("exclusivity", severity, why, *lacking[0].evidence)
    if all(link.here.sign < 0 for link in rest or overlap.links):
        return None
    if rest and covered < _LEAST_COVERED_BY_REST:
        return None
    if not rest and any(term not in focus for term in overlap.belief.terms):
        return None
    taken = {link.here for link in rest}
    other = [
        term
        for term in overlap.text.terms
        if term not in taken and term.head and term.sign > 0
        and (not term.is_verb or overlap.text.words.text(term.place - 1) in _PREPOSITIONS)
    ]  # fmt: skip
    alike = [link for link in met if link.likeness > 0]
    heads = [link.here for link in alike if link.there.head]
    if any(link.here.sign * link.there.sign > 0 for link in alike if link.there.head):
        other = heads if _differently_described(overlap, focus, alike) else []
    if not other:
        return None
    wanted = " ".join(term.word.shown for term in focus)
    why = f"the belief allows only {wanted!r}, the text says {other[-1].word.shown!r}"
    evidence = (other[-1].word.shown, wanted, *shown(rest))
    return conflict("exclusivity", severity, why, *evidence)


def _focus(overlap: Overlap) -> list[Term]:
    """Return the terms that `only` is about."""
    words = overlap.belief.words
    for place, word in enumerate(words):
        before = words.text(place - 1)
        if before in ("not", "never"):
            continue
        earlier, later = overlap.belief.around(place)
        if word.text in _ONLY:
            if before in _AUXILIARIES or before in _PRONOUNS:
                is_verb = before in _PRONOUNS or (later and later[0].is_verb)
                return later[1:] if is_verb else later
            ends = [
                behind
                for behind in range(place + 1, len(words))
                if words[behind].text in _AUXILIARIES or words[behind].text == ","
            ]
            if ends:
                return [term for term in later if term.place < ends[0]]
            return later[1:] if len(later) > 1 and later[0].is_verb else later
        if word.text == "reservedfor":
            return later
        if word.text in _NONE_ELSE:
            start = len(earlier)
            while start and earlier[start - 1].role == earlier[-1].role != "predicate":
                start -= 1
            return earlier[start:]
    return []


def _covered_rest(overlap: Overlap, focus: list[Term]) -> float:
    """Return the share of the belief's other terms that the text has, 0 to 1."""
    rest = [term for term in overlap.belief.terms if term not in focus and not term.condition]
    return sum(term in overlap.met_there for term in rest) / len(rest) if rest else 0.0


def _differently_described(overlap: Overlap, focus: list[Term], met: list[Link]) -> bool:
    described = [term for term in focus if not term.head]
    if not described or any(link.there in described for link in met):
        return False
    return any(
        not term.head
        and 0 < link.here.place - term.place <= 3
        and likeness(term.word.stem, _SAME) == 0
        for link in met
        for term in overlap.text.terms
    )
