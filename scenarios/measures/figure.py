"""A measured number with what is needed to trust it, and how unequally numbers are spread."""

from collections.abc import Sequence
from math import fsum, isfinite
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """A measured value with the number of observations and the version of its definition.

    Where the value is undefined it is None, with the reason; it is never 0 or NaN instead.
    """

    value: float | None
    n: int
    version: int = 1
    """Of the metric's definition; a change of formula raises it."""
    reason: str | None = None

    @classmethod
    def of(cls, value: float, n: int, version: int = 1) -> "Figure":
        """Make a defined figure; an infinite or NaN value makes an undefined one."""
        if not isfinite(value):
            return cls(None, n, version, f"the computation gave {value}, which is no finite number")
        return cls(value, n, version)

    @classmethod
    def undefined(cls, reason: str, n: int = 0, version: int = 1) -> "Figure":
        """Make a figure without a value, with the reason in words."""
        return cls(None, n, version, reason)

    @classmethod
    def mean(cls, values: Sequence[float], absent: str, version: int = 1) -> "Figure":
        """Average the values; undefined for the reason `absent` where there are none."""
        if not values:
            return cls.undefined(absent, version=version)
        return cls.of(fsum(values) / len(values), len(values), version)

    @classmethod
    def difference(cls, left: "Figure", right: "Figure", n: int, version: int = 1) -> "Figure":
        """Subtract right from left; undefined where a side is, for the reason of the first."""
        if left.value is None:
            return cls(None, n, version, left.reason)
        if right.value is None:
            return cls(None, n, version, right.reason)
        return cls.of(left.value - right.value, n, version)

    def to_json(self) -> dict[str, Any]:
        """Return value, n, version, and the reason where the value is null."""
        entry: dict[str, Any] = {"value": self.value, "n": self.n, "version": self.version}
        if self.value is None:
            entry["reason"] = self.reason
        return entry


def gini(values: Sequence[float]) -> Figure:
    """Return the Gini coefficient: Σ (2i - n - 1) · x_i / (n · Σ x_i), the x_i ascending, i from 1.

    0 where all are equal, towards 1 where one has everything. Meant for values of at least 0;
    with negative ones it can leave [0, 1]. Undefined without values, and where unequal values
    add up to 0.
    """
    n = len(values)
    if not n:
        return Figure.undefined("there are no values")
    ascending = sorted(values)
    if ascending[0] == ascending[-1]:
        return Figure.of(0.0, n)
    total = fsum(ascending)
    if total == 0.0:
        return Figure.undefined("the values are unequal and add up to 0", n)
    weighted = fsum([(2 * rank - n - 1) * value for rank, value in enumerate(ascending, start=1)])
    return Figure.of(weighted / (n * total), n)
