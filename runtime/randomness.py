"""Keyed random streams: a draw is a function of (run seed, channel, purpose, step, index).

No generator is shared and none carries state from one step into the next, so an actor that is
added, removed or restarted changes no other actor's draws. Two runs that differ in one lever see
the same noise wherever they ask the same question: common random numbers.
"""

from collections.abc import MutableSequence, Sequence
from hashlib import blake2b
from math import cos, log, pi, sqrt
from struct import Struct
from typing import TypeVar

T = TypeVar("T")

_BLOCK = Struct("<8Q")
_PLACE = Struct("<qQ")
_TO_UNIT = 2.0**-53


class Stream:
    """The draws of one (channel, purpose, step), in order of index.

    Each block of eight draws is one BLAKE2b digest of the key, the step and the block's number.
    """

    __slots__ = ("_block", "_drawn", "_key", "step")

    def __init__(self, key: bytes, step: int) -> None:
        self._key = key
        self.step = step
        self._block: tuple[int, ...] = ()
        self._drawn = 0

    def at(self, step: int) -> "Stream":
        """Return this channel and purpose's stream at another step, from its first draw."""
        return Stream(self._key, step)

    def _word(self) -> int:
        """Draw the next 64 random bits."""
        index = self._drawn
        place = index & 7
        if not place:
            message = _PLACE.pack(self.step, index >> 3)
            self._block = _BLOCK.unpack(blake2b(message, key=self._key).digest())
        self._drawn = index + 1
        return self._block[place]

    def random(self) -> float:
        """Draw a float in [0, 1), uniform, with 53 bits."""
        return (self._word() >> 11) * _TO_UNIT

    def uniform(self, low: float, high: float) -> float:
        """Draw a float in [low, high)."""
        return low + (high - low) * self.random()

    def chance(self, probability: float) -> bool:
        """Draw True with the given probability in [0, 1]."""
        return self.random() < probability

    def below(self, bound: int) -> int:
        """Draw an integer in [0, bound), bound in [1, 2**32]; its bias is below bound / 2**64."""
        if bound < 1:
            raise ValueError(f"below() needs a bound of at least 1, got {bound}")
        return (self._word() * bound) >> 64

    def gauss(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """Draw from a normal distribution (Box-Muller; uses two draws of the stream)."""
        radius = sqrt(-2.0 * log(1.0 - self.random()))
        return mean + deviation * radius * cos(2.0 * pi * self.random())

    def choice(self, items: Sequence[T]) -> T:
        """Draw one of the items, each as likely."""
        if not items:
            raise ValueError("choice() needs at least one item, got an empty sequence")
        return items[self.below(len(items))]

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """Draw the items of `count` different places in random order (all, if there are fewer).

        Costs one draw per item returned, whatever the length of `items`.
        """
        size = len(items)
        moved: dict[int, int] = {}
        chosen: list[T] = []
        for place in range(min(count, size)):
            pick = place + self.below(size - place)
            chosen.append(items[moved.get(pick, pick)])
            moved[pick] = moved.get(place, place)
        return chosen

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Permute in place (Fisher-Yates)."""
        for last in range(len(items) - 1, 0, -1):
            pick = self.below(last + 1)
            items[last], items[pick] = items[pick], items[last]


class Draws:
    """The randomness of one run: every stream of it follows from the seed.

    `seed` is any integer. A channel names who draws (an actor's path, `world/feed`), a purpose
    names what for.
    """

    __slots__ = ("_root", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._root = blake2b(str(seed).encode(), person=b"gdg-runtime").digest()

    def key(self, channel: str, purpose: str) -> bytes:
        """Return the key of all streams of (channel, purpose); keep it to save a digest each."""
        return blake2b(f"{channel}\0{purpose}".encode(), key=self._root, digest_size=32).digest()

    def stream(self, channel: str, purpose: str, step: int = 0) -> Stream:
        """Return the stream of (channel, purpose) at a step, from its first draw."""
        return Stream(self.key(channel, purpose), step)
