"""What is said between the director, the scenario and the GoalStore.

director ──AssignGoals──▶ goals        (before each batch of turns)
agent    ──(commands)───▶ goals        (in its turn)
scenario ──Measured─────▶ goals        (after each batch)
director ──CloseGoals───▶ goals        (at the end)
"""

from typing import Any

from pydantic import JsonValue

from ...runtime.message import Message
from ...scenarios.world import Moment


class AssignGoals(Message, name="episode.assign_goals"):
    """To the GoalStore: it is the turn of these agents. The answer is `GoalsAssigned`."""

    moment: Moment
    agents: tuple[str, ...]


class GoalsAssigned(Message, name="episode.goals_assigned"):
    """The GoalStore's answer, in the order of the agents."""

    goals: Any
    """list[CurrentGoal | None]."""


class Measured(Message, name="episode.measured"):
    """The scenario to the GoalStore: what the success of goals can be measured by."""

    moment: Any
    figures: Any
    """list[tuple[agent, dict[str, float]]]."""


class CloseGoals(Message, name="episode.close_goals"):
    """To the GoalStore: the episode is over. The answer is its figures, for metrics.json."""

    moment: Moment


class OutsideCommand(Message, name="goals.outside"):
    """Somebody outside of the run, such as the HTTP API, asks something of the GoalStore."""

    request: str
    """By which the asker knows the answer."""
    command: str
    """The command's message name."""
    body: dict[str, JsonValue]
    """The command as JSON."""
