"""Goals as JSON lines, one a line, as export writes and import reads them."""

import json
from typing import IO, Any, NamedTuple

from pydantic import ValidationError

from ....goals.schemas import GoalView, check_fit
from ..errors import CliError
from .mistakes import mistakes
from .refusals import EXIT_BAD_INPUT

_MOST_TOLD = 10


class GoalLine(NamedTuple):
    """A goal as it was written: a file may hold more of them than fit into memory as objects."""

    text: bytes

    def goal(self) -> GoalView:
        return GoalView.model_validate_json(self.text)


def goal_line(goal: GoalView) -> str:
    """A goal on one line."""
    return json.dumps(goal.model_dump(mode="json"))


def read_goals(file: IO[bytes]) -> list[GoalLine]:
    """All goals of a file, each checked. Raises CliError with everything that is wrong."""
    whole = file.read().removeprefix(b"\xef\xbb\xbf")
    numbered = [(number, line) for number, line in enumerate(whole.split(b"\n"), 1) if line.strip()]
    if numbered and not _is_json(numbered[0][1]) and _is_json(whole):
        numbered = [(1, whole)]
    goals, wrong = [], []
    for number, line in numbered:
        try:
            texts = [json.dumps(entry).encode() for entry in _entries(line)]
        except ValueError as error:
            wrong.append(f"line {number}: this is no JSON ({error})")
            continue
        try:
            for text in texts:
                _check(GoalView.model_validate_json(text))
        except ValidationError as error:
            wrong += [f"line {number}: {words}" for words in mistakes(error, {}).split("\n")]
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
        goals += [GoalLine(text) for text in texts]
    if wrong:
        more = len(wrong) - _MOST_TOLD
        listed = "\n".join(wrong[:_MOST_TOLD]) + (f"\n… and {more:,} more" if more > 0 else "")
        raise CliError(f"nothing was imported:\n{listed}", EXIT_BAD_INPUT)
    return goals


def _check(goal: GoalView) -> None:
    check_fit(goal.horizon_min_min, goal.horizon_max_min, goal.aligns_with, goal.contradicts)


def _entries(line: bytes) -> list[Any]:
    """The goals in a piece of JSON: a goal, a list of goals, or a list under `goals`."""
    value = json.loads(line)
    if isinstance(value, dict) and isinstance(value.get("goals"), list):
        value = value["goals"]
    return value if isinstance(value, list) else [value]


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
