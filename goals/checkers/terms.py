"""A word of a clause with its part in it."""

from dataclasses import dataclass
from typing import Literal

from .words import Word

Role = Literal["predicate", "core", "aside"]


@dataclass
class Term:
    """A word that says something about the topic."""

    word: Word
    place: int
    sign: int
    """-1: under an odd number of negations."""
    role: Role
    """Verb; subject or object; or part of a prepositional phrase or a condition."""
    head: bool = True
    """The noun of its noun phrase, not what describes it."""
    condition: bool = False
    """In a part that says when, or unless what."""
    required: bool = False
    """What must be so for what is forbidden otherwise: never … without this."""
