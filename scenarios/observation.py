"""What an agent sees before it acts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue, SkipValidation

from .rounding import shortened


class Source(NamedTuple):
    """A text that an observation holds, and whose it is."""

    kind: str
    """message, post, or what else the world has."""
    id: str
    """Unique among those of its kind in the observation."""
    author: str | None = None
    """The agent that wrote it; None where it was no agent, or nobody is told."""


class CurrentGoal(NamedTuple):
    """What an agent is to do now: for a goal that it executes, or as scheduled."""

    task_id: str
    text: str
    goal_id: str | None = None
    """None for a scheduled task."""
    attempt: int | None = None
    deadline: str | None = None
    """RFC 3339, in the run's logical time."""
    success_metrics: Mapping[str, float] = {}
    """Name to target: what has to be reached."""
    metadata: Mapping[str, JsonValue] = {}
    """What the scenario file says besides; `policy` names the scripted policy to act by."""


class Observation(BaseModel):
    """What an agent sees before it acts. Worlds add typed fields for their scripted policies.

    `reading`, `options`, `choices` and `sources` are for those who can't know the world
    beforehand, such as language models. They are worked out only when they are asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    messages: tuple[str, ...] = ()
    """Text addressed to the agent: briefings, pressure, what adversaries say."""
    goal: SkipValidation[CurrentGoal | None] = None
    """What the agent is to do now; set by the host, never by the world."""

    def panels(self) -> dict[str, JsonValue]:
        """Everything else the agent sees, as the step log keeps it."""
        return {}

    def reading(self) -> dict[str, JsonValue]:
        """The panels for a reader of words: with texts in full, short numbers, a fixed order."""
        return {name: shortened(panel) for name, panel in self.panels().items()}

    def options(self) -> tuple[str, ...] | None:
        """The tools that could succeed now, with what the agent is shown; None: perhaps all.

        A tool is left out only where it is certain to be refused. Must not tell what is hidden.
        """
        return None

    def choices(self) -> Mapping[str, tuple[JsonValue, ...]]:
        """The values that an argument can take now, where they are known, best first.

        Keyed by the argument's name, or by `tool.argument` where tools differ, which goes first.
        """
        return {}

    def sources(self) -> tuple[Source, ...]:
        """Whose texts the reading and the messages hold."""
        return tuple([Source("message", str(nth)) for nth in range(len(self.messages))])


def carrying(goal: CurrentGoal, observation: Any) -> Any:
    """The observation with what its agent is to do."""
    if isinstance(observation, BaseModel):
        return observation.model_copy(update={"goal": goal})
    return replace(observation, goal=goal)
