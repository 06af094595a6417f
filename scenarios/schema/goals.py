"""The `goals:` section of a scenario file: what agents are after, and what they hold to be true.

What a goal, a belief, a task and the store's policy can say is defined by the layer of goals.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ...goals.model import GoalDraft
from ...goals.policy import GoalPolicy, GoalWeights
from ...goals.schemas import BeliefDraft, ScheduledTaskDraft
from .language_model import ModelOverrides
from .sections import Section


def _switched(given: Any) -> Any:
    """Read `on` and `off`, which YAML 1.2 takes for texts, and 1 and 0, which are numbers."""
    if isinstance(given, str):
        return _SWITCHED.get(given.strip().lower(), given)
    if isinstance(given, int) and given in (0, 1):
        return bool(given)
    return given


_SWITCHED = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


Switch = Annotated[
    bool, BeforeValidator(_switched), Field(json_schema_extra={"expected": "on or off"})
]


class OwnGoal(Section):
    """A goal that an agent begins with."""

    name: str | None = Field(default=None, min_length=1, max_length=64)
    """By which other goals of the same agent name it in `depends_on`."""
    adopt: bool = True
    """True: it is adopted at the beginning, if the beliefs allow it. False: it is proposed."""
    goal: GoalDraft
    """The goal itself; in a file its fields may stand beside this one."""


class GoalSpec(OwnGoal):
    """A goal that several agents begin with, each with a copy of its own."""

    target: str = Field(default="all", min_length=1)
    """`all`, an agent's id, an agent type, or the name of an entry of `agents`."""


class TaskSpec(Section):
    """Work that agents do whenever they pursue no goal."""

    target: str = Field(default="all", min_length=1)
    """As of a goal."""
    task: ScheduledTaskDraft
    """The task itself; in a file its fields may stand beside `target`."""


class BeliefChange(Section):
    """A belief that is taken up or given up on the way."""

    step: int = Field(ge=0, le=10**14)
    """Index over the whole episode of the step before which it happens."""
    belief: str = Field(min_length=1, max_length=128)
    active: bool


class GoalsConfig(Section):
    """Goals in an episode."""

    system: Switch = False
    """GOAL_SYSTEM: whether goals may decide what agents do. Off: goals are ranked and logged."""
    shadow: Switch = True
    """GOAL_SHADOW: on, goals are ranked and logged but never executed, whatever `system` says."""
    canary_percent: float = Field(default=100.0, ge=0.0, le=100.0)
    """GOAL_CANARY_PERCENT: the share of selections in which a goal may be taken, in percent."""
    policy: GoalPolicy = GoalPolicy()
    """The rules by which the store treats goals; every field of its policy."""
    weights: GoalWeights = GoalWeights()
    """The weights of the ranking."""
    checker: Literal["lexical", "judge", "both"] = "lexical"
    """The checker that compares goals with beliefs before they are adopted: rules, a language
    model, or both, of which the stricter counts."""
    judge: ModelOverrides | None = None
    """The judge's language model, where it differs from `llm:`."""
    beliefs: tuple[BeliefDraft, ...] = ()
    """Beliefs that all agents hold."""
    belief_changes: tuple[BeliefChange, ...] = ()
    list: tuple[GoalSpec, ...] = Field(default=(), max_length=10_000)
    """Goals that agents begin with."""
    tasks: tuple[TaskSpec, ...] = Field(default=(), max_length=10_000)
    """Tasks that agents do whenever no goal is to be executed."""
