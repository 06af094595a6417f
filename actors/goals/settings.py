"""A scenario file's `goals:` section as the settings of a GoalStore."""

from ...goals.flags import GoalFlags
from ...goals.policy import GoalPolicy
from ...scenarios.schema.goals import GoalsConfig


def flags_of(goals: GoalsConfig) -> GoalFlags:
    """The flags that the section sets."""
    return GoalFlags(system=goals.system, shadow=goals.shadow, canary_percent=goals.canary_percent)


def policy_of(goals: GoalsConfig) -> GoalPolicy:
    """The store's policy."""
    return GoalPolicy.model_validate(goals.policy)
