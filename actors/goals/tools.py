"""The tools by which a language model's agent works with its goals."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...goals.model import Goal
from ...scenarios.actions import Tool
from .client import Goals

LIST = Tool("goal_list", "See your goals with their ids, states and ranks.")
_LISTED = 10
"""Goals that a list shows, the best ones."""


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ProposeArguments(_Arguments):
    """A goal of one's own."""

    text: str = Field(min_length=1, max_length=500)
    category: Literal["introspection", "exploration", "maintenance", "user_requested"]
    value: float = Field(ge=0.0, le=1.0)
    effort: float = Field(ge=0.0, le=1.0)
    risk: float = Field(ge=0.0, le=1.0)


class GoalArguments(_Arguments):
    """One of the agent's own goals."""

    goal_id: str = Field(min_length=1, max_length=128)


class GiveUpArguments(GoalArguments):
    """Why a goal is given up."""

    reason: str = Field(min_length=1, max_length=500)


PROPOSE = Tool("goal_propose", "Propose a goal of your own; it still has to be adopted.",
               ProposeArguments)  # fmt: skip
ADOPT = Tool("goal_adopt", "Adopt a proposed goal, if your beliefs allow it.", GoalArguments)
COMPLETE = Tool("goal_complete", "Tell that the goal you execute is reached.", GoalArguments)
ABANDON = Tool("goal_abandon", "Give a goal up for good.", GiveUpArguments)


GOAL_TOOLS = (LIST, PROPOSE, ADOPT, COMPLETE, ABANDON)


async def _list(goals: Goals) -> dict[str, Any]:
    ranked = await goals.ranked()
    executing = await goals.list("executing")
    return {
        "executing": [_shown(goal) for goal in executing],
        "others": [
            {**_shown(entry.goal), "priority": round(entry.priority, 3),
             "blocked_by": list(entry.blocked_by)}
            for entry in ranked[:_LISTED]
        ],
        "more": max(0, len(ranked) - _LISTED),
    }  # fmt: skip


_DONE_BY: dict[str, Callable[..., Awaitable[Goal]]] = {
    PROPOSE.name: Goals.propose,
    ADOPT.name: Goals.adopt,
    COMPLETE.name: Goals.complete,
    ABANDON.name: Goals.abandon,
}
"""The methods of `ctx.goals` behind the tools; a tool's arguments have their parameters' names."""


async def tools_now(goals: Goals) -> tuple[list[Tool], dict[str, tuple[str, ...]]]:
    """Find the tools that could succeed now, and the ids that they can take."""
    by_state: dict[str, list[str]] = {}
    for goal in await goals.list("proposed", "adopted", "executing"):
        by_state.setdefault(goal.state, []).append(goal.id)
    ids = {
        ADOPT.name: tuple(by_state.get("proposed", ())),
        COMPLETE.name: tuple(by_state.get("executing", ())),
        ABANDON.name: tuple([goal for found in by_state.values() for goal in found]),
    }
    tools = [tool for tool in GOAL_TOOLS if ids.get(tool.name, True)]
    return tools, {f"{name}.goal_id": known for name, known in ids.items()}


async def use(tool: str, args: dict[str, Any], goals: Goals) -> dict[str, Any]:
    """Use a tool with arguments that fit it, and return the result. Raises GoalRefused."""
    if tool == LIST.name:
        return await _list(goals)
    arguments = next(known.arguments for known in GOAL_TOOLS if known.name == tool)
    return _shown(await _DONE_BY[tool](goals, **arguments.model_validate(args).model_dump()))


def _shown(goal: Goal) -> dict[str, Any]:
    return {"goal_id": goal.id, "text": goal.text, "state": str(goal.state)}
