"""Cassettes: what effects came to in one run, in a file that other runs can be played from.

`export` makes one of a run's journal, by `occurrences`; `cassette` is the file itself; `player`
answers effects from it, and tells by `nearest` what is missing. `failures` is what can go wrong.
"""

from .cassette import Cassette
from .failures import CassetteMiss
from .player import CassettePlayer, Missing

__all__ = ["Cassette", "CassetteMiss", "CassettePlayer", "Missing"]
