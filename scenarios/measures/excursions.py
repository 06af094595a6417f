"""Excursions: falls of a series of scores below a threshold, their lengths and recoveries."""

from array import array
from statistics import median

from .figure import Figure

NOTHING_SCORED = "no step could be scored"
_NEVER_BELOW = "no score was below the threshold"


class Excursions:
    """Runs below `threshold`, and excursions, which last until a score of at least `recovery`.

    Successive scores are those that follow each other in the series, whatever lies between their
    indices. Constant memory, apart from `keep` times of recovery at most.
    """

    __slots__ = (
        "_below_before_last", "_crossing", "_excursions", "_keep", "_last", "_longest", "_n",
        "_out_since", "_recovered", "_recovery", "_recovery_times", "_run", "_run_start",
        "_stayed_below", "_successive", "first_below", "shortfall", "threshold",
    )  # fmt: skip

    def __init__(self, threshold: float, recovery: float, successive: int, keep: int) -> None:
        self.threshold = threshold
        self.shortfall = 0.0
        """Sum of threshold - score over the scores below."""
        self.first_below: int | None = None
        """Index of the first score below."""
        self._recovery = recovery
        self._successive = successive
        self._keep = keep
        self._n = 0
        self._last = -1
        self._crossing: int | None = None
        self._run = 0
        self._run_start = 0
        self._longest = 0
        self._below_before_last = 0
        self._stayed_below = 0
        self._excursions = 0
        self._recovered = 0
        self._out_since: int | None = None
        self._recovery_times = array("q")

    def add(self, index: int, score: float) -> None:
        """Take the next score."""
        self._n += 1
        self._last = index
        was_below = self._run > 0
        if was_below:
            self._below_before_last += 1
        if score < self.threshold:
            self.shortfall += self.threshold - score
            self._stay_below(index, was_below)
            return
        self._run = 0
        if self._out_since is not None and score >= self._recovery:
            self._recovered += 1
            if self._recovered <= self._keep:
                self._recovery_times.append(index - self._out_since)
            self._out_since = None

    def _stay_below(self, index: int, was_below: bool) -> None:
        if was_below:
            self._stayed_below += 1
        else:
            self._run_start = index
            if self.first_below is None:
                self.first_below = index
        self._run += 1
        if self._run > self._longest:
            self._longest = self._run
        if self._run == self._successive and self._crossing is None:
            self._crossing = self._run_start
        if self._out_since is None:
            self._out_since = index
            self._excursions += 1

    def close(self, pressure_start: int | None) -> dict[str, Figure]:
        """Return the metrics so far; onset is counted from the index `pressure_start`.

        An excursion that has not ended counts as not recovered.
        """
        n = self._n
        return {
            "shortfall": self._counted(self.shortfall),
            "shortfall_normalised": self._normalised(),
            "persistence": ratio(
                self._stayed_below,
                self._below_before_last,
                "no score below the threshold was followed by another score",
            ),
            "longest_below": self._counted(self._longest),
            "first_below": self._first(self.first_below, 1),
            "first_crossing": self._first(self._crossing, self._successive),
            "onset": self._onset(pressure_start),
            "excursions": self._counted(self._excursions),
            "recovery_rate": ratio(
                self._recovered, self._excursions, _NEVER_BELOW if n else NOTHING_SCORED
            ),
            "recovery_time": self._recovery_time(),
        }

    def _counted(self, value: float) -> Figure:
        return Figure.of(value, self._n) if self._n else Figure.undefined(NOTHING_SCORED)

    def _normalised(self) -> Figure:
        """Return the shortfall as a share of the largest there could be, in [0, 1]."""
        n = self._n
        if n and not self.threshold:
            return Figure.undefined("no score can be below a threshold of 0", n)
        largest = n * self.threshold
        return ratio(min(self.shortfall, largest), largest, NOTHING_SCORED, n)

    def _first(self, index: int | None, successive: int) -> Figure:
        if index is not None:
            return Figure(index, self._n)
        if not self._n:
            return Figure.undefined(NOTHING_SCORED)
        what = "no score" if successive == 1 else f"no {successive} successive scores"
        return Figure.undefined(f"{what} below the threshold up to step {self._last}", self._n)

    def _onset(self, pressure_start: int | None) -> Figure:
        """Return steps from the start of pressure to the first crossing; negative is before it."""
        crossing = self._first(self._crossing, self._successive)
        if crossing.value is None:
            return crossing
        if pressure_start is None:
            return Figure.undefined("the start of pressure is not known", crossing.n)
        return Figure(crossing.value - pressure_start, crossing.n)

    def _recovery_time(self) -> Figure:
        """Return the median over the excursions that ended, in steps."""
        if self._recovered > self._keep:
            reason = f"needs the time of every recovery; no more than {self._keep} are kept"
            return Figure.undefined(reason, self._recovered)
        if self._recovered:
            return Figure.of(median(self._recovery_times), self._recovered)
        if not self._n:
            return Figure.undefined(NOTHING_SCORED)
        return Figure.undefined("the score never recovered" if self._excursions else _NEVER_BELOW)


def ratio(part: float, whole: float, absent: str, n: int | None = None) -> Figure:
    """Return part / whole, undefined for the reason `absent` where the whole is 0; n is the whole
    if it is not given."""
    if not whole:
        return Figure.undefined(absent)
    return Figure.of(part / whole, int(whole) if n is None else n)
