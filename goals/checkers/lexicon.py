"""Load the words of the lexical checker from `lexicon.toml`, once for a process."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_FILE = "lexicon.toml"

Bound = Literal["most", "least", "exactly", "about"]
"""Kind of a bound on an amount."""


def _split(text: object) -> object:
    return text.split() if isinstance(text, str) else text


Words = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[^A-Z\s]+$")], ...],
    BeforeValidator(_split),
    Field(min_length=1),
]
"""Words in lower case; in the file one text, parted by blanks."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Meanings(_Part):
    """Groups of words that mean the same or the opposite."""

    opposites: tuple[tuple[Words, Words], ...]
    """Axes: words of one side, words of the other."""
    actions: tuple[Words, ...]
    things: tuple[Words, ...]


class Stems(_Part):
    """Endings of words, and forms that follow no rule."""

    endings: Words
    short: Words
    british: Words
    irregular: dict[str, Words]
    """The forms of each word."""


class Lexicon(_Part):
    """The content of the file, validated."""

    sets: dict[str, Words]
    """Words that do the same in a clause, by name."""
    meanings: Meanings
    stems: Stems
    phrases: dict[str, tuple[str, ...]]
    """The phrases that are read as each word."""
    units: dict[str, dict[str, float]]
    """The size of each unit in the dimension's own one, by dimension."""
    bounds: dict[Literal["behind", "nearby"], dict[str, Bound]]
    """Words that say what a number bounds: behind it, or anywhere near it."""
    numbers: dict[Literal["periods", "times", "small", "large", "fractions"], dict[str, float]]
    """Numbers that are written as words; periods: seconds from one time to the next."""


@cache
def lexicon() -> Lexicon:
    """Return the lexicon. Raises pydantic's ValidationError for a damaged file."""
    text = files(__package__).joinpath(_FILE).read_text(encoding="utf-8")
    return Lexicon.model_validate(tomllib.loads(text))


def word_sets(names: str) -> tuple[frozenset[str], ...]:
    """Return several of the lexicon's sets, by their names, parted by blanks.

    Raises KeyError for an unknown name.
    """
    return tuple(frozenset(lexicon().sets[name]) for name in names.split())
