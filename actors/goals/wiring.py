"""The wiring of goals: from a resolved config to the GoalStore's actor."""

from typing import Any

from ...goals.store.database import Database
from ...runtime.kernel import Kernel
from ...runtime.ref import ActorRef
from ...scenarios.schema.episode import EpisodeConfig
from ..agents.seat import ModelSeat
from ..ports import GoalFiles
from .judge import Judge
from .keeper import GoalKeeper

PATH = "goals"
"""The path of the GoalStore's actor."""


def spawn_goals(
    kernel: Kernel, config: EpisodeConfig, files: GoalFiles | None, recorder: ActorRef[Any],
    judge: ModelSeat | None,
) -> ActorRef[Any]:  # fmt: skip
    """The GoalStore of an episode that has goals; without files it is kept in memory.

    `judge` is the language model that compares goals with beliefs, where one does.
    """
    goals = config.goals
    assert goals is not None
    files = files or GoalFiles(Database.open(":memory:"), lambda line: None)
    asked = None if judge is None else Judge(judge, with_rules=goals.checker == "both")
    return kernel.spawn(PATH, GoalKeeper, goals, config, files, recorder, asked)
