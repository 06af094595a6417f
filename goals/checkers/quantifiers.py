"""Quantifiers: all against some, and exceptions from what holds for everyone."""

from collections.abc import Sequence
from itertools import pairwise

from .conflict import Conflict, graded
from .negation import NO, is_negated
from .overlap import Overlap
from .word_set import word_set
from .words import Word

_ALL = word_set("""
    every each all always everyone everybody everything any whole entire everywhere both
    universal universally uniformly anyone anybody full fully complete completely
""")
_EXCEPTED = word_set("""
    exempt exempts exempting except excluding exception exceptions waive waiving excuse spare
    skip skipping barring apart besides omit leave
""")
_PARTLY = word_set("""
    someof partly partially partial half sample occasionally sometimes selected selectively
""")  # fmt: skip
_OTHERS = word_set("rest others remainder remaining other few handful")
_KEPT = word_set("""
    kept keep left leave reserved reserve remain remains stay saved save spared spare aside
    free retained
""")
_LEAST_COVERED = 0.4


def quantifier_conflict(overlap: Overlap) -> Conflict | None:
    """Some where the belief says all, or all where the belief keeps some back."""
    return _some_of_all(overlap) or _all_of_some(overlap)


def _some_of_all(overlap: Overlap) -> Conflict | None:
    universal = _first(overlap.belief.words, _ALL) or _first(overlap.belief.words, NO)
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


_SOME = word_set("some someof few handful several most many half sample")


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
    return bool(overlap.heads()) and overlap.covered() >= _LEAST_COVERED


def _shared(overlap: Overlap) -> tuple[str, ...]:
    return tuple(dict.fromkeys(link.there.word.shown for link in overlap.links))[:6]


def _first(words: Sequence[Word], wanted: frozenset[str], *, affirmed: bool = False) -> str | None:
    for place, word in enumerate(words):
        if word.text in wanted:
            if affirmed and is_negated([word.text for word in words], place):
                continue
            return word.shown
    return None
