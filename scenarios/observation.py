"""Observations: what an agent sees before it acts, with numbers short enough to read."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue, SkipValidation

DIGITS = 4
"""Significant digits that are kept."""
PLACES = 6
"""Decimal places beyond which a number is noise."""


def rounded(number: float) -> float | int:
    """Round to 4 significant digits and 6 places; whole where it then has no fraction."""
    if not isfinite(number):
        return number
    short = float(f"{round(number, PLACES):.{DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def shortened(value: Any) -> JsonValue:
    """Round every fractional number of JSON data; tuples become lists."""
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, Mapping):
        return {str(key): shortened(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [shortened(entry) for entry in value]
    return value  # type: ignore[no-any-return]


class Source(NamedTuple):
    """A text that an observation holds, and whose it is."""

    kind: str
    """message, post, or what else the world has."""
    id: str
    """Unique among those of its kind in the observation."""
    author: str | None = None
    """The agent that wrote it; None where it was no agent, or where the author is hidden."""


class CurrentGoal(NamedTuple):
    """The task of an agent now: for a goal that it executes, or as scheduled."""

    task_id: str
    text: str
    goal_id: str | None = None
    """None for a scheduled task."""
    attempt: int | None = None
    deadline: str | None = None
    """RFC 3339, in the run's logical time."""
    success_metrics: Mapping[str, float] = {}
    """The targets to reach, by name."""
    metadata: Mapping[str, JsonValue] = {}
    """Further data of the scenario file; `policy` names the scripted policy to act by."""


class Observation(BaseModel):
    """The sight of one agent before it acts. Worlds add typed fields for their scripted policies.

    `reading`, `options`, `choices` and `sources` are for those who can't know the world
    beforehand, such as language models. They are worked out only when they are asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    messages: tuple[str, ...] = ()
    """Text addressed to the agent: briefings, pressure, what adversaries say."""
    goal: SkipValidation[CurrentGoal | None] = None
    """The task of the agent now; set by the host, never by the world."""

    def panels(self) -> dict[str, JsonValue]:
        """Return everything else that the agent sees, as the step log keeps it."""
        return {}

    def reading(self) -> dict[str, JsonValue]:
        """Return the panels for a reader of words: texts in full, short numbers, a fixed order."""
        return {name: shortened(panel) for name, panel in self.panels().items()}

    def options(self) -> tuple[str, ...] | None:
        """Name the tools that could succeed now; None means perhaps all.

        A tool is left out only where it is certain to be refused. Must not tell what is hidden.
        """
        return None

    def choices(self) -> Mapping[str, tuple[JsonValue, ...]]:
        """Return the values that an argument can take now, where they are known, best first.

        Keyed by the argument's name, or by `tool.argument` where tools differ, which goes first.
        """
        return {}

    def sources(self) -> tuple[Source, ...]:
        """Name the authors of the texts in the reading and of the messages."""
        return tuple([Source("message", str(nth)) for nth in range(len(self.messages))])


def carrying(goal: CurrentGoal, observation: Any) -> Any:
    """Return the observation with what its agent is to do."""
    if isinstance(observation, BaseModel):
        return observation.model_copy(update={"goal": goal})
    return replace(observation, goal=goal)
