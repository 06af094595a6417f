"""Cassettes: the outcomes of one run's effects, in a file that other runs can be played from.

`cassette` is the file, and the errors around it; `export` makes one of a run's journal; `player`
answers effects from it and describes what it lacks.
"""

from .cassette import Cassette, CassetteMiss
from .player import CassettePlayer, Missing

__all__ = ["Cassette", "CassetteMiss", "CassettePlayer", "Missing"]
