"""`gdg-runtime goals weights`."""

import click

from ....goals.answers import Decisions, ParameterAnswer
from ....goals.commands import ListDecisions, SetParameter
from .place import Place, place_options
from .session import session
from .telling import say, tell_json

_DECISION = "goal_selected"


@click.command("weights")
@click.argument("name", required=False)
@click.argument("value", type=float, required=False)
@place_options
def command(name: str | None, value: float | None, place: Place) -> None:
    """Show the weights that goals are ranked by; or set the weight NAME to VALUE.

    NAME is value, effort, risk, urgency or alignment. A weight has bounds and is kept within them.
    """
    if name is not None and value is None:
        raise click.UsageError(f"What shall {name} be? gdg-runtime goals weights {name} 0.5")
    with session(place, changes=name is not None) as goals:
        if name is None or value is None:
            decisions = goals.ask(ListDecisions(limit=1), Decisions)
            _show(decisions, place)
            return
        full = name if name.endswith("_weight") else f"{name}_weight"
        asked = SetParameter(decision_id=_DECISION, parameter=full, value=value)
        answer = goals.ask(asked, ParameterAnswer)
    if place.as_json:
        tell_json(answer)
        return
    now = answer.parameter
    say(f"{now.name} is {now.current:g}.")
    if answer.clamped:
        say(f"Note: {value:g} is outside its bounds, {now.min:g} to {now.max:g}.", err=True)


def _show(decisions: Decisions, place: Place) -> None:
    if place.as_json:
        tell_json(decisions.model_copy(update={"records": ()}))
        return
    from ..tables import console, rows_table, safe

    columns = ["weight", "now", "least", "most", "step"]
    for decision in decisions.decisions:
        rows = [
            [safe(parameter.name), *[f"{number:g}" for number in
             (parameter.current, parameter.min, parameter.max, parameter.step)]]
            for parameter in decision.parameters
        ]  # fmt: skip
        console().print(rows_table(decision.decision_id, columns, rows, right=columns[1:]))
