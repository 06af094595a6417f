"""Quantifiers: all against some, and exceptions from what holds for everyone."""

from collections.abc import Sequence

from .conflict import Conflict, graded
from .negation import NO
from .overlap import Overlap
from .words import Word

_ALL = frozenset(
    "every each all always everyone everybody everything any whole entire everywhere both "
    "universal universally uniformly anyone anybody full fully complete completely".split()
)
_EXCEPTED = frozenset(
    "exempt exempts exempting except excluding exception exceptions waive waiving excuse spare "
    "skip skipping barring apart besides omit leave".split()
)
_PARTLY = frozenset("someof partly partially partial half sample occasionally sometimes "
                    "selected selectively".split())  # fmt: skip
_OTHERS = frozenset("rest others remainder remaining other few handful".split())
_KEPT = frozenset(
    "kept keep left leave reserved reserve remain remains stay saved save spared spare aside free "
    "retained".split()
)
_LEAST_COVERED = 0.4


def quantifier_conflict(overlap: Overlap) -> Conflict | None:
    """Some where the belief says all, or all where the belief keeps some back."""
    return _some_of_all(overlap) or _all_of_some(overlap)


def _some_of_all(overlap: Overlap) -> Conflict | None:
    universal = _first(overlap.belief.words, _ALL) or _first(overlap.belief.words, NO)
    if universal is None:
        return None
    excepted = _first(overlap.text.words, _EXCEPTED)
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


_SOME = frozenset("some someof few handful several most many half sample".split())


def _all_of_some(overlap: Overlap) -> Conflict | None:
    whole = _first(overlap.text.words, _ALL)
    some = _first(overlap.belief.words, frozenset(("some", "part", "enough", "someof")))
    kept = _first(overlap.belief.words, _KEPT)
    not_all = _not_all(overlap)
    if whole is None or not ((some and kept) or not_all) or not _same_thing(overlap):
        return None
    if any(term.sign < 0 and term.role == "predicate" for term in overlap.text.terms):
        return None
    severity = 0.45 + 0.2 * overlap.covered() + 0.1 * overlap.covers()
    reserve = f"{some} {kept}" if some and kept else "not all"
    why = f"the text takes {whole!r}, the belief keeps some back ({reserve!r})"
    return Conflict("quantifier", graded(severity), why, (whole, reserve, *_shared(overlap)))


def _not_all(overlap: Overlap) -> bool:
    words = overlap.belief.words
    return any(
        first.text in ("not", "never") and second.text in ("all", "every", "everyone", "everything")
        for first, second in zip(words, words[1:], strict=False)
    )


def _same_thing(overlap: Overlap) -> bool:
    return bool(overlap.heads()) and overlap.covered() >= _LEAST_COVERED


def _shared(overlap: Overlap) -> tuple[str, ...]:
    return tuple(dict.fromkeys(link.there.word.shown for link in overlap.links))[:6]


def _first(words: Sequence[Word], wanted: frozenset[str]) -> str | None:
    return next((word.shown for word in words if word.text in wanted), None)
