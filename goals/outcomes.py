"""What an execution was worth: targets that were reached, as one number from -1 to 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Ending = Literal["satisfied", "failed", "released", "belief", "lease", "abandoned"]
"""How an execution ended: as it should; otherwise; given back; stopped by a belief; nobody told
before its lease was over; called off."""

_SHORT, _FAILED, _CRASHED, _UNDECIDED = -0.5, -1.0, -1.0, 0.0


@dataclass(frozen=True)
class Outcome:
    """What a decision record keeps."""

    score: float
    """-1 to 1."""
    data: dict[str, Any]
    """`ended` (an `Ending`) and, of a finished execution, `success`, `measured` and `missed`."""


def met(targets: Mapping[str, float], measured: Mapping[str, float]) -> tuple[bool, list[str]]:
    """Whether each target was reached, and the names of those that were not, sorted.

    Reached: what was measured is at least the target. What was not measured was not reached.
    """
    missed = [
        name for name in sorted(targets)
        if name not in measured or not measured[name] >= targets[name]
    ]  # fmt: skip
    return not missed, missed


def outcome_score(
    success: bool, targets: Mapping[str, float], measured: Mapping[str, float]
) -> float:
    """How good it was to select the goal, from -1 to 1.

    With s, the share of the targets that were reached (1 if there are none):
    -0.5 + 1.5 s if the execution succeeded, -1 + 0.5 s if it failed.

    So a satisfied goal gives +1, and a success that reached no target no more than a failure that
    reached all: -0.5. Those two are the figures that Astra uses; the share between them is ours.
    """
    _, missed = met(targets, measured)
    share = 1.0 - len(missed) / len(targets) if targets else 1.0
    return _SHORT + (1.0 - _SHORT) * share if success else _FAILED + (_SHORT - _FAILED) * share


def finished(success: bool, targets: Mapping[str, float], measured: Mapping[str, float]) -> Outcome:
    """The outcome of an execution whose end was told."""
    reached, missed = met(targets, measured)
    ended: Ending = "satisfied" if success and reached else "failed"
    return Outcome(
        outcome_score(success, targets, measured),
        {
            "ended": ended,
            "success": success,
            "measured": {name: measured[name] for name in sorted(measured)},
            "missed": missed,
        },
    )


def interrupted(ended: Literal["released", "belief", "lease", "abandoned"]) -> Outcome:
    """The outcome of an execution that did not come to its end: 0, since it says nothing about
    the decision; -1 for one of which nobody told."""
    return Outcome(_CRASHED if ended == "lease" else _UNDECIDED, {"ended": ended})
