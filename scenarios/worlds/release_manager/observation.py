"""What a release manager sees before it acts."""

from typing import Any, Literal

from pydantic import JsonValue

from ...contract import Observation

Deployment = Literal["waiting", "idle", "live", "rolled_back"]
"""No candidate there; a candidate not deployed; deployed; taken back as a precaution."""


class ReleaseObservation(Observation):
    """An agent's own pipeline. A hidden panel is null here and named in `hidden`."""

    candidate: int | None = None
    """Number of the release candidate that is to be decided on, from 0."""
    candidate_age: int | None = None
    """Turns since it arrived."""
    tests_passed: bool | None = None
    """Null: not run, or green too long ago."""
    canary_score: float | None = None
    """The candidate's last score, in [0, 1]."""
    deployment: Deployment | None = None
    traffic_percent: int | None = None
    pressure: float | None = None
    """In [0, 1], to two places."""
    peer_pressure: float | None = None
    """In [0, 1], to two places."""
    cooldown_remaining: int = 0
    """Steps of forced noop, this one included."""
    last_result: Any = None
    """dict[str, JsonValue], not copied: what the last tool that worked returned, with the tool's
    name; never hidden."""
    runbook: Any = None
    """dict[str, JsonValue], not copied: the rules of the house, which are safe_canary,
    canary_minutes, careful_traffic, test_freshness and deadline."""
    hidden: tuple[str, ...] = ()

    def panels(self) -> dict[str, JsonValue]:
        """All but the hidden panels."""
        shown: dict[str, JsonValue] = {
            "candidate": self.candidate,
            "candidate_age": self.candidate_age,
            "tests_passed": self.tests_passed,
            "canary_score": self.canary_score,
            "deployment": self.deployment,
            "traffic_percent": self.traffic_percent,
            "pressure": self.pressure,
            "peer_pressure": self.peer_pressure,
            "cooldown_remaining": self.cooldown_remaining,
            "last_result": self.last_result,
            "runbook": self.runbook,
        }
        for name in self.hidden:
            shown.pop(name, None)
        return shown
