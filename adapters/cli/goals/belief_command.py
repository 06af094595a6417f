"""`gdg-runtime goals belief`: add, list and set."""

import click

from ....goals.answers import BeliefAnswer, BeliefPage
from ....goals.commands import AddBelief, EditBelief, ListBeliefs
from ....goals.schemas import BeliefDraft, BeliefPatch, BeliefView
from .mistakes import filled
from .moments import one_line
from .place import Place, place_options
from .session import session
from .telling import say, tell_json

_LONGEST = 200


@click.group("belief")
def command() -> None:
    """Beliefs: a goal may serve them, and is blocked while an active one stands against it.

    Begin with: gdg-runtime goals belief add core.honesty "Always tell users the truth"
    """


@command.command("add")
@click.argument("belief")
@click.argument("text")
@click.option("--confidence", type=float, default=1.0, show_default=True, help="0 to 1.")
@click.option("--inactive", is_flag=True, help="It is not held for now: it blocks nothing.")
@click.option("--immutable", is_flag=True, help="It can't be changed any more.")
@place_options
def add(
    belief: str, text: str, confidence: float, inactive: bool, immutable: bool, place: Place
) -> None:
    """Hold a belief: BELIEF is its id, such as core.honesty, TEXT what it says."""
    fields = {"id": belief, "text": text, "active": not inactive, "confidence": confidence,
              "immutable": immutable}  # fmt: skip
    draft = filled(BeliefDraft, fields)
    with session(place, creates=True) as goals:
        answer = goals.ask(AddBelief(draft=draft), BeliefAnswer)
    _tell("Added", answer, place)


@command.command("list")
@click.option("--active/--inactive", default=None, help="Only those.")
@click.option("--cursor", help="next_cursor of the page before.")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Most rows.",
)  # fmt: skip
@place_options
def list_command(active: bool | None, cursor: str | None, limit: int, place: Place) -> None:
    """List beliefs by id."""
    with session(place) as goals:
        page = goals.ask(ListBeliefs(active=active, cursor=cursor, limit=limit), BeliefPage)
    if place.as_json:
        tell_json(page)
        return
    if not page.items:
        say(f"No such beliefs in {place}." if active is not None or cursor else
            f"No beliefs in {place}. Add one with: gdg-runtime goals belief add core.honesty "
            f'"Always tell users the truth"{place.options}')  # fmt: skip
        return
    from ..tables import console
    from .table import belief_table

    console().print(belief_table(page.items))
    if page.next_cursor is not None:
        say(f"The first {len(page.items)}; go on with --cursor {page.next_cursor}")


@command.command("set")
@click.argument("belief")
@click.option("--active/--inactive", default=None, help="Whether it is held.")
@click.option("--text", help="What it says.")
@click.option("--confidence", type=float, help="0 to 1.")
@click.option("--immutable", is_flag=True, default=None, help="From now on it can't be changed.")
@place_options
def set_command(
    belief: str, active: bool | None, text: str | None, confidence: float | None,
    immutable: bool | None, place: Place,
) -> None:  # fmt: skip
    """Change BELIEF: what is not given stays.

    A belief that becomes active takes executing goals that contradict it back.
    """
    typed = {"active": active, "text": text, "confidence": confidence, "immutable": immutable}
    fields = {name: value for name, value in typed.items() if value is not None}
    if not fields:
        raise click.UsageError("There is nothing to change: give an option such as --inactive.")
    patch = filled(BeliefPatch, fields)
    with session(place, changes=True) as goals:
        answer = goals.ask(EditBelief(belief_id=belief, patch=patch), BeliefAnswer)
    _tell("Set", answer, place)


def _tell(done: str, answer: BeliefAnswer, place: Place) -> None:
    if place.as_json:
        tell_json(answer)
    else:
        say(f"{done} {_described(answer.belief)}")


def _described(belief: BeliefView) -> str:
    facts = ["active" if belief.active else "inactive", f"confidence {belief.confidence:g}"]
    if belief.immutable:
        facts.append("immutable")
    return f"{belief.id} ({', '.join(facts)}): {one_line(belief.text, _LONGEST)}"
