"""Slopes of a series over time: least squares while it goes on, Theil-Sen at its end."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from statistics import median

from .figure import Figure


class RunningSlope:
    """Least-squares slope of values over times, in constant memory (Welford's update)."""

    __slots__ = ("_mean_time", "_mean_value", "_product", "_square", "n")

    def __init__(self) -> None:
        self.n = 0
        self._mean_time = 0.0
        self._mean_value = 0.0
        self._square = 0.0
        self._product = 0.0

    def add(self, time: float, value: float) -> None:
        """Take a point; times may come in any order."""
        self.n = n = self.n + 1
        off = time - self._mean_time
        self._mean_time += off / n
        self._mean_value += (value - self._mean_value) / n
        self._square += off * (time - self._mean_time)
        self._product += off * (value - self._mean_value)

    def close(self) -> Figure:
        """Value per unit of time; undefined for fewer than two different times."""
        if self._square <= 0.0:
            return Figure.undefined("a slope needs two scored steps", self.n)
        return Figure.of(self._product / self._square, self.n)


def theil_sen(times: Sequence[float], values: Sequence[float]) -> Figure:
    """Median of the slopes between all pairs of points (Sen 1968), per unit of time.

    Times must ascend. Takes time in proportion to n² where the series rises or falls, and to
    n log n where neither its rising nor its falling pairs are half of all.
    """
    n = len(times)
    pairs = n * (n - 1) // 2
    if not pairs:
        return Figure.undefined("a slope needs two scored steps", n)
    rising, falling = _rising_and_falling(values)
    if 2 * rising < pairs and 2 * falling < pairs:
        return Figure(0.0, n)
    slopes = [
        (values[later] - value) / (times[later] - time)
        for first, (time, value) in enumerate(zip(times, values, strict=True))
        for later in range(first + 1, n)
    ]
    return Figure.of(median(slopes), n)


def _rising_and_falling(values: Sequence[float]) -> tuple[int, int]:
    """How many pairs rise from the earlier to the later, and how many fall."""
    rising = falling = 0
    earlier: list[float] = []
    for value in values:
        lower = bisect_left(earlier, value)
        rising += lower
        falling += len(earlier) - bisect_right(earlier, value, lower)
        insort(earlier, value)
    return rising, falling
