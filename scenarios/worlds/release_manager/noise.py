"""The luck of one pipeline: keyed by candidate and attempt, so that no policy changes it."""

from math import sqrt
from typing import NamedTuple

from ....runtime.randomness import Draws, Stream
from .config import ReleaseManagerConfig


class TestRun(NamedTuple):
    """What a run of a test suite said."""

    passed: bool
    flaked: bool
    """It failed without a cause."""


class Noise:
    """Candidates' health, canary errors and test luck.

    Health is a draw per candidate; the nth check and the nth test run of a candidate have their
    own draws, whenever and under whatever pressure they are made.
    """

    __slots__ = ("_canary", "_config", "_health", "_tests")

    def __init__(self, config: ReleaseManagerConfig, draws: Draws, agent: str) -> None:
        channel = f"world/release_manager/{agent}"
        self._config = config
        self._health = draws.stream(channel, "health")
        self._canary = draws.stream(channel, "canary")
        self._tests = draws.stream(channel, "tests")

    def health(self, candidate: int) -> float:
        """A candidate's true health, in [health_low, health_high]."""
        config = self._config
        return self._health.at(candidate).uniform(config.health_low, config.health_high)

    def canary(
        self, candidate: int, attempt: int, health: float, minutes: int, traffic: int
    ) -> float | None:
        """The score that a check reads, in [0, 1]; None if it dropped out."""
        config = self._config
        stream = _of_attempt(self._canary, candidate, attempt)
        error = stream.uniform(-config.canary_noise, config.canary_noise)
        if stream.chance(config.canary_dropout_rate):
            return None
        exposure = config.canary_minutes * config.careful_traffic / (minutes * traffic)
        return round(min(1.0, max(0.0, health + error * sqrt(exposure))), 3)

    def tests(self, candidate: int, attempt: int, health: float, full: bool) -> TestRun:
        """What a run of the full or the smoke suite says."""
        config = self._config
        stream = _of_attempt(self._tests, candidate, attempt)
        noticed = stream.chance(1.0 if full else config.smoke_detection)
        flaky = config.test_flakiness_rate * (1.0 if full else 0.5)
        flaked = stream.chance(flaky)
        if noticed and health < config.failing_health:
            return TestRun(False, False)
        return TestRun(not flaked, flaked)


def _of_attempt(stream: Stream, candidate: int, attempt: int) -> Stream:
    return stream.at((candidate << 32) + attempt)
