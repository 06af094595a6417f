"""The decision that GoalStore registers: the ranking's weights as parameters within bounds.

They change when somebody sets them, never by themselves: nothing here learns.
"""

from math import isfinite
from sqlite3 import Connection
from typing import Literal

from .errors import BadRequest, DecisionNotFound
from .forms import ParameterView
from .model import Weights
from .store import decision_rows

GOAL_SELECTED = "goal_selected"
SUBSYSTEM = "goal_store"
SUCCESS_METRICS = ("coherence", "goal_satisfaction", "task_completion_rate")
_STARTING = Weights()
PARAMETERS = (
    ParameterView(name="value_weight", current=_STARTING.value, min=0.0, max=1.0, step=0.05),
    ParameterView(name="effort_weight", current=_STARTING.effort, min=0.0, max=1.0, step=0.05),
    ParameterView(name="risk_weight", current=_STARTING.risk, min=0.0, max=1.0, step=0.05),
    ParameterView(name="urgency_weight", current=_STARTING.urgency, min=0.0, max=0.3, step=0.02),
    ParameterView(
        name="alignment_weight", current=_STARTING.alignment, min=0.0, max=0.3, step=0.02
    ),
)
"""As the specification has them, in the order of `Weights`."""
_DECIMALS = 12


def register_goal_selected(tx: Connection, starting: Weights = _STARTING) -> None:
    """Make the decision known, with the weights to begin with, each held within its bounds.
    Registered again, it keeps the values that it has."""
    parameters = [
        known.model_copy(update={"current": within(known, weight)[0]})
        for known, weight in zip(PARAMETERS, starting, strict=True)
    ]
    decision_rows.register(tx, GOAL_SELECTED, SUBSYSTEM, parameters, SUCCESS_METRICS)


def is_registered(tx: Connection) -> bool:
    """Whether the decision is known as it is here, whatever its parameters' values are."""
    try:
        known = decision_rows.read_decision(tx, GOAL_SELECTED)
    except DecisionNotFound:
        return False
    values = {parameter.name: parameter.current for parameter in known.parameters}
    ours = tuple(
        parameter.model_copy(update={"current": values.get(parameter.name)})
        for parameter in PARAMETERS
    )
    return (known.subsystem, tuple(known.success_metrics), tuple(known.parameters)) == (
        SUBSYSTEM, SUCCESS_METRICS, ours,
    )  # fmt: skip


def weights_of(tx: Connection) -> Weights:
    """The weights as they are set now. Raises DecisionNotFound before the registration."""
    return Weights(
        *(decision_rows.parameter(tx, GOAL_SELECTED, known.name).current for known in PARAMETERS)
    )


def set_parameter(
    tx: Connection, decision_id: str, name: str, value: float
) -> tuple[ParameterView, bool]:
    """Set a parameter to a value within its bounds: the nearest one, and whether that is another.

    Raises DecisionNotFound, and BadRequest (invalid-parameter) for a value that is not finite.
    """
    before = decision_rows.parameter(tx, decision_id, name)
    current, clamped = within(before, value)
    if current != before.current:
        decision_rows.set_current(tx, decision_id, name, current)
    return before.model_copy(update={"current": current}), clamped


def within(parameter: ParameterView, value: float) -> tuple[float, bool]:
    """The value nearest to this one that the bounds allow, and whether it is another one.

    Raises BadRequest (invalid-parameter).
    """
    if not isfinite(value):
        raise BadRequest(
            "invalid-parameter",
            f"{parameter.name} can't be {value}; give a number from {parameter.min} "
            f"to {parameter.max}",
            parameter=parameter.name, min=parameter.min, max=parameter.max,
        )  # fmt: skip
    current = min(max(value, parameter.min), parameter.max)
    return current, current != value


def stepped(parameter: ParameterView, direction: Literal[1, -1]) -> ParameterView:
    """The parameter one step further up or down, or at its bound."""
    moved = round(parameter.current + direction * parameter.step, _DECIMALS)
    return parameter.model_copy(update={"current": within(parameter, moved)[0]})
