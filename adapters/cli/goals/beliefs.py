"""`belief`: add, list and set beliefs; and `weights` of the ranking."""

import click

from ....goals.commands import (
    AddBelief,
    EditBelief,
    ListBeliefs,
    ListDecisions,
    SetParameter,
)
from ....goals.model import Belief
from ....goals.schemas import BeliefAnswer, BeliefDraft, BeliefPatch, Decisions
from .output import one_line, print_json, say
from .refusals import filled
from .session import Target, session, target_options

_LONGEST = 200
_DECISION = "goal_selected"


@click.group("belief")
def belief() -> None:
    """Beliefs: a goal may serve them, and is blocked while an active one stands against it.

    Begin with: gdg-runtime goals belief add core.honesty "Always tell users the truth"
    """


@belief.command("add")
@click.argument("belief")
@click.argument("text")
@click.option("--confidence", type=float, default=1.0, show_default=True, help="0 to 1.")
@click.option("--inactive", is_flag=True, help="It is not held for now: it blocks nothing.")
@click.option("--immutable", is_flag=True, help="It can't be changed any more.")
@target_options
def add(
    belief: str, text: str, confidence: float, inactive: bool, immutable: bool, target: Target
) -> None:
    """Hold a belief: BELIEF is its id, such as core.honesty, TEXT what it says."""
    fields = {"id": belief, "text": text, "active": not inactive, "confidence": confidence,
              "immutable": immutable}  # fmt: skip
    draft = filled(BeliefDraft, fields)
    with session(target, creates=True) as goals:
        answer = goals.ask(AddBelief(draft=draft))
    _tell("Added", answer, target)


@belief.command("list")
@click.option("--active/--inactive", default=None, help="Only those.")
@click.option("--cursor", help="next_cursor of the page before.")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Most rows.",
)  # fmt: skip
@target_options
def list_command(active: bool | None, cursor: str | None, limit: int, target: Target) -> None:
    """List beliefs by id."""
    with session(target) as goals:
        page = goals.ask(ListBeliefs(active=active, cursor=cursor, limit=limit))
    if target.as_json:
        print_json(page)
        return
    if not page.items:
        say(f"No such beliefs in {target}." if active is not None or cursor else
            f"No beliefs in {target}. Add one with: gdg-runtime goals belief add core.honesty "
            f'"Always tell users the truth"{target.options}')  # fmt: skip
        return
    from ..tables import console
    from .tables import belief_table

    console().print(belief_table(page.items))
    if page.next_cursor is not None:
        say(f"The first {len(page.items)}; go on with --cursor {page.next_cursor}")


@belief.command("set")
@click.argument("belief")
@click.option("--active/--inactive", default=None, help="Whether it is held.")
@click.option("--text", help="What it says.")
@click.option("--confidence", type=float, help="0 to 1.")
@click.option("--immutable", is_flag=True, default=None, help="From now on it can't be changed.")
@target_options
def set_command(
    belief: str, active: bool | None, text: str | None, confidence: float | None,
    immutable: bool | None, target: Target,
) -> None:  # fmt: skip
    """Change BELIEF: what is not given stays.

    A belief that becomes active takes executing goals that contradict it back.
    """
    typed = {"active": active, "text": text, "confidence": confidence, "immutable": immutable}
    fields = {name: value for name, value in typed.items() if value is not None}
    if not fields:
        raise click.UsageError("There is nothing to change: give an option such as --inactive.")
    patch = filled(BeliefPatch, fields)
    with session(target, changes=True) as goals:
        answer = goals.ask(EditBelief(belief_id=belief, patch=patch))
    _tell("Set", answer, target)


def _tell(done: str, answer: BeliefAnswer, target: Target) -> None:
    if target.as_json:
        print_json(answer)
    else:
        say(f"{done} {_described(answer.belief)}")


def _described(belief: Belief) -> str:
    facts = ["active" if belief.active else "inactive", f"confidence {belief.confidence:g}"]
    if belief.immutable:
        facts.append("immutable")
    return f"{belief.id} ({', '.join(facts)}): {one_line(belief.text, _LONGEST)}"


@click.command("weights")
@click.argument("name", required=False)
@click.argument("value", type=float, required=False)
@target_options
def weights(name: str | None, value: float | None, target: Target) -> None:
    """Show the weights that goals are ranked by; or set the weight NAME to VALUE.

    NAME is value, effort, risk, urgency or alignment. A weight has bounds and is kept within them.
    """
    if name is not None and value is None:
        raise click.UsageError(f"What shall {name} be? gdg-runtime goals weights {name} 0.5")
    with session(target, changes=name is not None) as goals:
        if name is None or value is None:
            decisions = goals.ask(ListDecisions(limit=1))
            _show(decisions, target)
            return
        full = name if name.endswith("_weight") else f"{name}_weight"
        asked = SetParameter(decision_id=_DECISION, parameter=full, value=value)
        answer = goals.ask(asked)
    if target.as_json:
        print_json(answer)
        return
    now = answer.parameter
    say(f"{now.name} is {now.current:g}.")
    if answer.clamped:
        say(f"Note: {value:g} is outside its bounds, {now.min:g} to {now.max:g}.", err=True)


def _show(decisions: Decisions, target: Target) -> None:
    if target.as_json:
        print_json(decisions.model_copy(update={"records": ()}))
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
