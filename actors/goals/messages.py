"""Messages between the director, the scenario, the agents and the GoalStore.

director ──AssignGoals──▶ goals        (before each batch of turns)
agent    ──(commands)───▶ goals        (in its turn)
scenario ──Measured─────▶ goals        (after each batch)
director ──CloseGoals───▶ goals        (at the end)
"""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from ...runtime.message import ActorRef, Message, Unchecked
from ...scenarios.observation import CurrentGoal
from ...scenarios.world import Moment


class AssignGoals(Message, name="episode.assign_goals"):
    """A message to the GoalStore that it is the turn of these agents. The answer is
    `GoalsAssigned`."""

    moment: Moment
    agents: tuple[str, ...]


class GoalsAssigned(Message, name="episode.goals_assigned"):
    """The GoalStore's answer, in the order of the agents."""

    goals: Unchecked[Sequence[CurrentGoal | None]]


class Measured(Message, name="episode.measured"):
    """The scenario to the GoalStore: the metrics that the success of goals is measured by."""

    moment: Unchecked[Moment]
    figures: Unchecked[Sequence[tuple[str, Mapping[str, float]]]]
    """By agent, then by name."""


class CloseGoals(Message, name="episode.close_goals"):
    """A message to the GoalStore that the episode is over. The answer is its metrics, for
    metrics.json."""

    moment: Moment


class OutsideCommand(Message, name="goals.outside"):
    """A command to the GoalStore from outside of the run, such as from the HTTP API."""

    request: str
    """The name by which the asker knows the answer."""
    command: str
    """The command's message name."""
    body: dict[str, JsonValue]
    """The command as JSON."""


GoalsRef = ActorRef[AssignGoals | Measured | CloseGoals]
"""The GoalStore as the episode's own actors know it; agents send it commands."""
