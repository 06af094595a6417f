"""`belief`: add, list and set beliefs; and `weights` of the ranking."""

from typing import Any

import click

from ....goals import commands
from ....goals.model import Belief
from ....goals.schemas import BeliefAnswer, BeliefDraft, BeliefPatch, Decisions
from ..tables import console, rows_table, safe
from .output import one_line, say, text_cell
from .session import Session, goal_command, limit_option

_LONGEST = 200
_DECISION = "goal_selected"


@goal_command(
    "add",
    click.argument("belief"),
    click.argument("text"),
    click.option("--confidence", type=float, default=1.0, show_default=True, help="0 to 1."),
    click.option("--inactive", is_flag=True, help="It is not held for now: it blocks nothing."),
    click.option("--immutable", is_flag=True, help="It can't be changed any more."),
    mode="creates",
)
def add(goals: Session, belief: str, inactive: bool, **typed: Any) -> None:
    """Hold a belief: BELIEF is its id, such as core.honesty, TEXT what it says."""
    draft = BeliefDraft.model_validate({"id": belief, "active": not inactive, **typed})
    _print_done("Added", goals.answer(commands.AddBelief(draft=draft)))


@goal_command(
    "list",
    click.option("--active/--inactive", default=None, help="Only those."),
    click.option("--cursor", help="next_cursor of the page before."),
    limit_option(50),
)
def list_command(goals: Session, active: bool | None, cursor: str | None, limit: int) -> None:
    """List beliefs by id."""
    page = goals.answer(commands.ListBeliefs(active=active, cursor=cursor, limit=limit))
    if page.items:
        rows = [[safe(one.id), _held(one), text_cell(one.text)] for one in page.items]
        console().print(rows_table("Beliefs", ["belief", "held", "text"], rows))
    elif active is not None or cursor:
        say(f"No such beliefs in {goals}.")
    else:
        example = 'gdg-runtime goals belief add core.honesty "Always tell users the truth"'
        say(f"No beliefs in {goals}. Add one with: {example}{goals.options}")
    if page.next_cursor is not None:
        say(f"The first {len(page.items)}; go on with --cursor {page.next_cursor}")


def _held(belief: Belief) -> str:
    lines = ["[green]active[/]" if belief.active else "[dim]inactive[/]"]
    if belief.confidence != 1.0:
        lines.append(f"confidence {belief.confidence:g}")
    if belief.immutable:
        lines.append("immutable")
    return "\n".join(lines)


@goal_command(
    "set",
    click.argument("belief"),
    click.option("--active/--inactive", default=None, help="Whether it is held."),
    click.option("--text", help="What it says."),
    click.option("--confidence", type=float, help="0 to 1."),
    click.option(
        "--immutable", is_flag=True, default=None, help="From now on it can't be changed."
    ),
    mode="changes",
)
def set_command(goals: Session, belief: str, **typed: Any) -> None:
    """Change BELIEF: what is not given stays.

    A belief that becomes active takes executing goals that contradict it back.
    """
    fields = {name: value for name, value in typed.items() if value is not None}
    if not fields:
        raise click.UsageError("There is nothing to change: give an option such as --inactive.")
    edited = commands.EditBelief(belief_id=belief, patch=BeliefPatch.model_validate(fields))
    _print_done("Set", goals.answer(edited))


def _print_done(done: str, answer: BeliefAnswer) -> None:
    belief = answer.belief
    facts = ["active" if belief.active else "inactive", f"confidence {belief.confidence:g}"]
    if belief.immutable:
        facts.append("immutable")
    say(f"{done} {belief.id} ({', '.join(facts)}): {one_line(belief.text, _LONGEST)}")


@click.group("belief", commands=[add, list_command, set_command])
def belief() -> None:
    """Beliefs: a goal may serve them, and is blocked while an active one stands against it.

    Begin with: gdg-runtime goals belief add core.honesty "Always tell users the truth"
    """


@goal_command(
    "weights",
    click.argument("name", required=False),
    click.argument("value", type=float, required=False),
)
def weights(goals: Session, name: str | None, value: float | None) -> None:
    """Show the weights that goals are ranked by; or set the weight NAME to VALUE.

    NAME is value, effort, risk, urgency or alignment. A weight has bounds and is kept within them.
    """
    if name is None:
        decisions = goals.ask(commands.ListDecisions(limit=1))
        goals.end_as_json(decisions.model_copy(update={"records": ()}))
        _print_weights(decisions)
        return
    if value is None:
        raise click.UsageError(f"What shall {name} be? gdg-runtime goals weights {name} 0.5")
    goals.mode = "changes"
    full = name if name.endswith("_weight") else f"{name}_weight"
    asked = commands.SetParameter(decision_id=_DECISION, parameter=full, value=value)
    answer = goals.answer(asked)
    now = answer.parameter
    say(f"{now.name} is {now.current:g}.")
    if answer.clamped:
        say(f"Note: {value:g} is outside its bounds, {now.min:g} to {now.max:g}.", err=True)


def _print_weights(decisions: Decisions) -> None:
    columns = ["weight", "now", "least", "most", "step"]
    for decision in decisions.decisions:
        rows = []
        for one in decision.parameters:
            numbers = (one.current, one.min, one.max, one.step)
            rows.append([safe(one.name), *[f"{number:g}" for number in numbers]])
        console().print(rows_table(decision.decision_id, columns, rows, right=columns[1:]))
