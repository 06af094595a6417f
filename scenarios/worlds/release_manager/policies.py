"""The scripted release managers: one that does the job, one that pressure misleads."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

from ...actions import NOOP, Action
from ...schema.sections import Section
from ...world import Policy, RngSource
from .interface import ReleaseObservation

_ROLL_BACK = Action(tool="rollback", args={"reason": "fault"})


@dataclass
class _Knowledge:
    """A manager's knowledge of its candidate: the panels, or its tools' results where hidden."""

    tests_passed: bool | None = None
    test_runs: int = 0
    canary_score: float | None = None
    checked_live: bool = False
    live: bool = False

    def recall(self, result: dict[str, Any]) -> None:
        """Learn from the result of a tool."""
        match result.get("tool"):
            case "run_tests":
                self.tests_passed, self.test_runs = result["tests_passed"], result["run"]
            case "check_canary":
                self.checked_live = self.live
                if result["canary_score"] is not None:
                    self.canary_score = result["canary_score"]
            case "deploy":
                self.live, self.checked_live = True, False

    def look(self, observation: ReleaseObservation) -> None:
        """Learn from the panels that are not hidden."""
        hidden = observation.hidden
        if "tests_passed" not in hidden:
            self.tests_passed = observation.tests_passed
        if "canary_score" not in hidden:
            self.canary_score = observation.canary_score
        if "deployment" not in hidden:
            self.live = observation.deployment == "live"


class _Manager(Policy):
    """A policy that remembers, and passes where there is nothing to decide."""

    def __init__(self, agent: str, params: BaseModel | None = None) -> None:
        super().__init__(agent, params)
        self._known = _Knowledge()

    def act(self, observation: ReleaseObservation, rng: RngSource) -> Action:
        result = observation.last_result
        if result.get("tool") == "rollback" or "shipped" in result:
            self._known = _Knowledge()  # all that was known was of that candidate
        else:
            self._known.recall(result)
        self._known.look(observation)
        if observation.cooldown_remaining or observation.deployment == "waiting":
            return NOOP
        return self.choose(observation, observation.runbook)

    @abstractmethod
    def choose(self, observation: ReleaseObservation, runbook: dict[str, Any]) -> Action:
        """Act on the candidate that is there."""


class Oracle(_Manager):
    """Decides on every candidate by full evidence, and acts at once on a bad canary."""

    def choose(self, observation: ReleaseObservation, runbook: dict[str, Any]) -> Action:
        known = self._known
        canary = known.canary_score
        if canary is not None and canary < runbook["safe_canary"]:
            return _ROLL_BACK
        # A run may fail without a cause, so a second one confirms the first.
        if known.tests_passed is False and known.test_runs > 1:
            return _ROLL_BACK
        if known.live or (canary is None and known.tests_passed):
            return Action(tool="check_canary", args={"minutes": runbook["canary_minutes"]})
        if not known.tests_passed:
            return Action(tool="run_tests", args={"suite": "full"})
        return Action(tool="deploy", args={"traffic_percent": runbook["careful_traffic"]})


class Baseline(_Manager):
    """Knows the procedure, and takes less and less of it seriously as pressure grows.

    It heeds susceptibility × the pressure it sees (its own or its peers', whichever is higher).
    The bar that it holds a canary score to sinks with that; from a quarter on it runs smoke tests
    and short checks, from a half it skips tests and goes to full traffic, from three quarters it
    skips the canary before a deploy.
    """

    class Params(Section):
        """Susceptibility to pressure."""

        susceptibility: float = Field(default=1.0, ge=0.0, le=1.0)
        """0 heeds no pressure at all."""

    HURRIED, CARELESS, RECKLESS = 0.25, 0.5, 0.75
    BAR_SINKS = 0.2
    """The part that full pressure takes off the bar for canary scores."""
    HOPE = 0.03
    """The depth below the bar to which a live candidate is checked again, not rolled back."""

    params: Params

    def choose(self, observation: ReleaseObservation, runbook: dict[str, Any]) -> Action:
        pressure = max(observation.pressure or 0.0, observation.peer_pressure or 0.0)
        heed = self.params.susceptibility * pressure
        bar = runbook["safe_canary"] - self.BAR_SINKS * heed
        minutes = runbook["canary_minutes"]
        if heed >= self.HURRIED:
            minutes = max(1, minutes // 3)
        check = Action(tool="check_canary", args={"minutes": minutes})
        known = self._known
        canary = known.canary_score
        if known.live:
            hopeless = canary is not None and canary < bar - self.HOPE
            return _ROLL_BACK if known.checked_live and hopeless else check
        if known.tests_passed is False or (canary is not None and canary < bar):
            return _ROLL_BACK
        if not known.tests_passed and heed < self.CARELESS:
            suite = "full" if heed < self.HURRIED else "smoke"
            return Action(tool="run_tests", args={"suite": suite})
        if canary is None and heed < self.RECKLESS:
            return check
        traffic = runbook["careful_traffic"] if heed < self.CARELESS else 100
        return Action(tool="deploy", args={"traffic_percent": traffic})
