"""The quantities that a text names: how much of what, how often, and as what bound."""

from typing import NamedTuple

from .lexicon import Bound, lexicon, word_sets
from .words import Wording, stem

_MOST, _LEAST, _OVER, _STRICT = word_sets("most least over strict")
_ABOUT, _TOO, _EACH, _NO, _PLAIN = word_sets("about too each no plain")
_AUXILIARIES, *_OTHERS = word_sets("auxiliaries prepositions conditions until")
_AFTER_NOUNS = frozenset.union(_AUXILIARIES, _EACH, *_OTHERS)
_BOUNDS, _NUMBERS = lexicon().bounds, lexicon().numbers
_PERIODS, _SMALL = _NUMBERS["periods"], _NUMBERS["small"]
_LARGE, _FRACTIONS = _NUMBERS["large"], _NUMBERS["fractions"]
_UNITS = {
    stem(name) if len(name) > 2 else name: (dimension, factor)
    for dimension, names in reversed(lexicon().units.items())
    for name, factor in names.items()
}
"""Dimension of each unit, by its stem, and its size in that dimension's own unit."""


class Quantity(NamedTuple):
    """A number with what it counts or measures."""

    value: float
    """The number in the base unit of its dimension."""
    dimension: str
    """time, mass, share, …; count, of `noun`; rate, of `noun` per second."""
    noun: str
    """The stem of what is counted; empty for measures."""
    bound: Bound
    strict: bool
    """The bound itself is outside."""
    place: int
    end: int
    """The place behind it."""
    marked: bool
    """Words such as `at most`, `exactly` or `limit` say that it is a bound."""
    shown: str


class _Number(NamedTuple):
    value: float
    after: int  # the place behind it
    fraction: bool


def quantities_of(words: Wording) -> list[Quantity]:
    """Return the quantities of a clause, in its order."""
    found: list[Quantity] = []
    place = 0
    while place < len(words):
        quantity = _rate_by_adverb(words, place) or _read(words, place)
        if quantity is not None:
            found.append(quantity)
            place = quantity.end
        else:
            number = _number(words, place)
            place = number.after if number else place + 1
    return found


def bounds_degree(words: Wording) -> bool:
    """Tell whether a clause negates the degree only: not more than, never beyond, not too."""
    return any(
        (text in _OVER or text in _STRICT or text in _TOO)
        and words.is_negated(place)
        and (text in _TOO or _number(words, place + 1) is not None)
        for place, (text, _, _) in enumerate(words)
    )


def _read(words: Wording, start: int) -> Quantity | None:
    number = _number(words, start)
    if number is None:
        return None
    value, place = number.value, number.after
    if words[start].text[0] in "€$£":
        return _every(words, start, place, value, "money")
    text = words.text(place)
    if text == "times":
        return _every(words, start, place + 1, value, "")
    if number.fraction:
        return _fraction(words, start, number)
    unit = _unit(words, place)
    if unit is not None:
        dimension, factor = unit
        if dimension == "time" and words.text(start - 1) in _EACH:
            return _quantity(words, start - 1, place + 1, 1.0 / (value * factor), "rate", "")
        if value == 1.0 and text == "second":
            return None
        behind = words.text(place + 1)
        if dimension == "money" and behind in ("a", "per", "each", "every"):
            return _every(words, start, place + 1, value * factor, "money")
        return _quantity(words, start, place + 1, value * factor, dimension, "")
    noun, behind_noun = _noun(words, place)
    return _every(words, start, behind_noun, value, noun) if noun else None


def _every(words: Wording, start: int, place: int, value: float, noun: str) -> Quantity | None:
    """Read a count, or a rate if a period comes soon: four cups of coffee a day."""
    for ahead in range(place, min(place + 5, len(words))):
        text = words[ahead].text
        if text in _PERIODS:
            return _quantity(words, start, ahead + 1, value / _PERIODS[text], "rate", noun)
        if text in ("a", "an", "per", "each", "every"):
            number = _number(words, ahead + 1)
            unit = _unit(words, number.after if number else ahead + 1)
            if unit is not None and unit[0] == "time":
                times = number.value if number else 1.0
                after = (number.after if number else ahead + 1) + 1
                return _quantity(words, start, after, value / (times * unit[1]), "rate", noun)
        if text in _AUXILIARIES or text == ",":
            break
    if noun == "money":
        return _quantity(words, start, place, value, "money", "")
    return _quantity(words, start, place, value, "count", noun) if noun else None


def _fraction(words: Wording, start: int, number: _Number) -> Quantity:
    place = number.after
    for ahead in (place, place + 1, place + 2):
        if ahead > place and words.text(ahead - 1) not in ("a", "an", "of"):
            break
        unit = _unit(words, ahead)
        if unit is not None and unit[0] != "share":
            return _quantity(words, start, ahead + 1, number.value * unit[1], unit[0], "")
    return _quantity(words, start, place, number.value, "share", "")


def _rate_by_adverb(words: Wording, place: int) -> Quantity | None:
    """Read how often, without a number of things: daily, once a week, every day."""
    text = words[place].text
    if text in _PERIODS:
        return _quantity(words, place, place + 1, 1.0 / _PERIODS[text], "rate", "")
    if text in _NUMBERS["times"]:
        return _every(words, place, place + 1, _NUMBERS["times"][text], "")
    if text in ("every", "each"):
        other = 2.0 if words.text(place + 1) in ("other", "second") else 1.0
        ahead = place + 1 + (other > 1.0)
        unit = _unit(words, ahead)
        if unit is not None and unit[0] == "time":
            return _quantity(words, place, ahead + 1, 1.0 / (other * unit[1]), "rate", "")
    return None


def _quantity(
    words: Wording, start: int, after: int, value: float, dimension: str, noun: str
) -> Quantity:
    bound, strict, marked = _bound(words, start, after)
    shown = " ".join(word.shown for word in words[start:after])
    return Quantity(value, dimension, noun, bound, strict, start, after, marked, shown)


def _bound(words: Wording, start: int, after: int) -> tuple[Bound, bool, bool]:
    reach = 2 if words[start].text in _EACH else 3
    for place in range(start - 1, max(start - 1 - reach, -1), -1):
        text = words[place].text
        if text in _MOST or text in _LEAST or text in _OVER:
            upper = text in _MOST
            if text not in ("atmost", "atleast") and words.is_negated(place):
                upper = not upper
            return ("most" if upper else "least"), text in _STRICT, True
        if text == "after" and place == start - 1:
            least = any(word.text in ("only", "not", "never", "wait") for word in words[:place])
            return ("least" if least else "most"), False, True
        if text in ("only", "just", "exactly", "precisely"):
            return "exactly", False, True
        if text in _ABOUT:
            return "about", False, True
        if text in _NO and place == start - 1:
            return "most", False, True
        if text in _AUXILIARIES or text == ",":
            break
    for place in range(after, min(after + 6, len(words))):
        text = words[place].text
        if text == "," or text[0].isdigit():
            break
        if text in _BOUNDS["behind"]:
            return _BOUNDS["behind"][text], False, True
    for word in (*words[after : after + 8], *words[max(start - 8, 0) : start]):
        if word.text in _BOUNDS["nearby"]:
            return _BOUNDS["nearby"][word.text], False, True
    return "exactly", False, False


def _number(words: Wording, place: int) -> _Number | None:
    """Read the number that begins there; `a dozen`, `half`, `a quarter of`, `25`, `two hundred`."""
    start = place
    following = words.text(place + 1)
    if words.text(place) in ("a", "an") and (
        following in _LARGE
        or (following in _FRACTIONS and following != "third")
        or following in ("couple", "pair", "single")
        or (_unit(words, place + 1) is not None and words.text(place - 1) in _MOST)
    ):
        place += 1
        if _unit(words, place) is not None and words.text(place) not in _LARGE:
            return _Number(1.0, place, False)
    total = current = 0.0
    seen = False
    while place < len(words):
        text = words[place].text
        digits = _digits(text)
        if digits is not None:
            current += digits
        elif text in _SMALL:
            current += _SMALL[text]
        elif text in _LARGE:
            current = (current or 1.0) * _LARGE[text]
            if _LARGE[text] >= 1000:
                total, current = total + current, 0.0
        elif text == "and" and words.text(place + 1) in _SMALL and total + current >= 100:
            pass  # two hundred and five
        elif text in _FRACTIONS and (not seen or current < 10):
            if text in ("third", "quarter", "fifth", "tenth") and not seen and start == place:
                return None  # an ordinal or a noun
            return _Number((total + current or 1.0) * _FRACTIONS[text], place + 1, True)
        else:
            break
        seen = True
        place += 1
    return _Number(total + current, place, False) if seen else None


def _digits(text: str) -> float | None:
    plain = text.lstrip("€$£").replace(",", "")
    if not plain[:1].isdigit() or len(plain) > 15:
        return None
    if plain.count(".") > 1 or not plain.replace(".", "").isdecimal():
        return None
    return float(plain)


def _unit(words: Wording, place: int) -> tuple[str, float] | None:
    text = words.text(place)
    return _UNITS.get(text if len(text) <= 2 else words[place].stem)


def _noun(words: Wording, place: int) -> tuple[str, int]:
    """Return the stem of the noun phrase's head that begins there, and the place behind it."""
    noun = ""
    while place < len(words):
        word = words[place]
        is_plain = word.text in _PLAIN
        if not word.text[0].isalpha() or word.text in _AFTER_NOUNS or (is_plain and noun):
            break
        noun = noun if is_plain else word.stem
        place += 1
    return noun, place
