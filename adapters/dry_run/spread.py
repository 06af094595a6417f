"""Figures that are not known exactly."""

from collections.abc import Iterable
from typing import NamedTuple


class Spread(NamedTuple):
    """The least that is to be expected of a figure, what is likely, and the most."""

    low: float = 0.0
    expected: float = 0.0
    high: float = 0.0

    def plus(self, other: "Spread") -> "Spread":
        return Spread(*[mine + its for mine, its in zip(self, other, strict=True)])

    def times(self, other: "Spread") -> "Spread":
        return Spread(*[mine * its for mine, its in zip(self, other, strict=True)])

    def most(self, other: "Spread") -> "Spread":
        """The greater of both, place by place."""
        return Spread(*[max(mine, its) for mine, its in zip(self, other, strict=True)])

    def per(self, amount: float) -> "Spread":
        return Spread(*[mine / amount for mine in self])

    def rounded(self) -> "Spread":
        """In whole numbers."""
        return Spread(*[round(mine) for mine in self])

    @classmethod
    def sum(cls, spreads: Iterable["Spread"]) -> "Spread":
        total = cls()
        for spread in spreads:
            total = total.plus(spread)
        return total


NONE = Spread()


def json_of(spread: Spread | None) -> dict[str, float] | None:
    return None if spread is None else spread._asdict()
