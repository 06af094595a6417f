"""The legal ways of a goal through its life, as a table."""

from .errors import IllegalTransition
from .model import GoalState

_PROPOSED, _ADOPTED, _EXECUTING, _SATISFIED, _ABANDONED = GoalState

TRANSITIONS: dict[str, dict[GoalState, GoalState]] = {
    "adopted": {_PROPOSED: _ADOPTED},
    "selected": {_ADOPTED: _EXECUTING},
    "released": {_EXECUTING: _ADOPTED},
    "satisfied": {_EXECUTING: _SATISFIED},
    "abandoned": {_PROPOSED: _ABANDONED, _ADOPTED: _ABANDONED, _EXECUTING: _ABANDONED},
}
"""Command to (state before, state after)."""

NO_OPS: dict[str, tuple[GoalState, ...]] = {
    "adopted": (_ADOPTED, _EXECUTING),
    "satisfied": (_SATISFIED,),
    "abandoned": (_ABANDONED,),
}
"""Command to the states in which it has been done already. `adopted` holds for an executing goal
too: whoever lost the first answer may ask again after a selection."""

EDITABLE = (_PROPOSED, _ADOPTED)
"""States in which more than the metadata may be changed."""


def next_state(command: str, goal_id: str, state: GoalState) -> GoalState | None:
    """The state that a command leads to; None if there is nothing to do.

    Raises IllegalTransition.
    """
    if state in NO_OPS.get(command, ()):
        return None
    following = TRANSITIONS[command].get(state)
    if following is None:
        raise IllegalTransition(
            goal_id, command, state, [str(known) for known in TRANSITIONS[command]]
        )
    return following
