"""Goals by their id, or by a part of it that no other goal has."""

import re
from collections.abc import Iterator

from ....goals.answers import GoalAnswer, GoalPage, Refused
from ....goals.commands import ListGoals, ReadGoal
from ....goals.fields import GOAL_ID
from ....goals.schemas import GoalView
from .moments import one_line
from .progress import Progress
from .session import Session, WasRefused

_MADE_HERE = re.compile(r"goal_[0-9a-z]{26}")
_NO_IDS = ("prioritized", "next", "import")
"""What stands in the place of an id in a server's addresses."""
_ENDING = 8
_MOST_SHOWN = 10
_PAGE = 200


def short_id(goal_id: str) -> str:
    """What names a goal in a table: the end of the id, which can be typed in its place."""
    return goal_id[-_ENDING:] if _MADE_HERE.fullmatch(goal_id) else goal_id


def find_goal(goals: Session, text: str) -> GoalView:
    """The goal that a user means. Raises WasRefused if it is none or several."""
    if re.fullmatch(GOAL_ID, text) and text not in _NO_IDS:
        try:
            return goals.ask(ReadGoal(goal_id=text), GoalAnswer).goal
        except WasRefused as error:
            if error.refused.code != "goal-not-found":
                raise
    with Progress("looked at") as progress:
        found = [goal for goal in progress.through(all_goals(goals)) if _is_part(text, goal.id)]
    if len(found) == 1:
        return found[0]
    if found:
        raise WasRefused(Refused(code="goal-ambiguous", detail=_ambiguous(text, found)))
    detail = f"no goal has the id {text!r}, nor one that begins or ends so"
    raise WasRefused(Refused(code="goal-not-found", detail=detail))


def all_goals(goals: Session, asked: ListGoals | None = None) -> Iterator[GoalView]:
    """All goals that `asked` tells of, page by page, the newest first."""
    asked = (asked or ListGoals()).model_copy(update={"limit": _PAGE})
    while True:
        page = goals.ask(asked, GoalPage)
        yield from page.items
        if page.next_cursor is None:
            return
        asked = asked.model_copy(update={"cursor": page.next_cursor})


def _is_part(text: str, goal_id: str) -> bool:
    return bool(text) and (goal_id.endswith(text) or goal_id.startswith((text, f"goal_{text}")))


def _ambiguous(text: str, found: list[GoalView]) -> str:
    lines = [f"\n  {goal.id}  {one_line(goal.text, 50)}" for goal in found[:_MOST_SHOWN]]
    if len(found) > _MOST_SHOWN:
        lines.append(f"\n  … and {len(found) - _MOST_SHOWN} more")
    return (
        f"{text!r} begins or ends the ids of {len(found)} goals; give more of it:{''.join(lines)}"
    )
