"""`gdg-runtime goals next`."""

import secrets
from datetime import UTC, datetime
from shlex import quote

import click

from ....goals.answers import Ranking, TaskAnswer
from ....goals.commands import NextTask, RankGoals
from ....goals.model import GoalState
from .place import Place, place_options
from .session import Session, session
from .telling import say, tell_json

_LOOKED_AT = 200
_BLOCKED_SHOWN = 3


@click.command("next")
@click.option(
    "--select", is_flag=True,
    help="Take it, as GOAL_SYSTEM, GOAL_SHADOW and GOAL_CANARY_PERCENT allow: it is "
    "executing then.",
)  # fmt: skip
@click.option(
    "--key", metavar="KEY",
    help="Name of the selection; the same one gets the same task again. With --select.",
)  # fmt: skip
@click.option("--owner", help="For this owner.")
@place_options
def command(select: bool, key: str | None, owner: str | None, place: Place) -> None:
    """Show what would be executed next: the ready goal with the highest score.

    A goal is ready if it is adopted and nothing blocks it. With --select, scheduled tasks come
    where goals are switched off.
    """
    if key is not None and not select:
        raise click.UsageError("--key goes with --select.")
    with session(place, selects=select) as goals:
        if select:
            _select(goals, key or f"cli-{secrets.token_hex(8)}", owner)
        else:
            _look(goals, owner)


def _look(goals: Session, owner: str | None) -> None:
    asked = RankGoals(states=(GoalState.ADOPTED,), owner=owner, limit=_LOOKED_AT)
    ranking = goals.ask(asked, Ranking)
    ready = next((item for item in ranking.items if not item.blocked_by), None)
    place = goals.place
    if place.as_json:
        tell_json(ranking.model_copy(update={"items": () if ready is None else (ready,)}))
        return
    from ..tables import console, safe
    from .finding import short_id
    from .table import blocks_text, text_cell

    out, now = console(), datetime.now(UTC)
    if ready is not None:
        out.print(f"[bold]{safe(ready.goal.id)}[/]  priority {ready.priority:.3f}", soft_wrap=True)
        out.print(text_cell(ready.goal.text), soft_wrap=True)
        say(f"Take it with: gdg-runtime goals next --select{place.options}")
        return
    if not ranking.items:
        say(f"No goal is adopted. Adopt one with: gdg-runtime goals adopt GOAL{place.options}")
        return
    which = "None" if ranking.considered <= _LOOKED_AT else f"None of the first {_LOOKED_AT}"
    out.print(f"{which} of {ranking.considered:,} adopted goals is ready.", soft_wrap=True)
    for item in ranking.items[:_BLOCKED_SHOWN]:
        out.print(
            f"  {safe(short_id(item.goal.id))}  {text_cell(item.goal.text)}: "
            f"{blocks_text(item, now)}",
            soft_wrap=True,
        )


def _select(goals: Session, key: str, owner: str | None) -> None:
    answer = goals.ask(NextTask(selection_key=key, owner=owner), TaskAnswer)
    place, task, shadow = goals.place, answer.task, answer.shadow
    if place.as_json:
        tell_json(answer)
        return
    if task is not None and task.goal_id is not None:
        say(f"Selected {task.goal_id}, attempt {task.attempt}: {task.text}")
        for name, target in task.success_metrics.items():
            say(f"  to reach: {name} at least {target:g}")
        figures = "".join(f" --measured {quote(name)}=…" for name in task.success_metrics)
        say(f"When it is done: gdg-runtime goals complete {task.goal_id}{figures}{place.options}")
    elif task is not None:
        say(f"Scheduled task {task.task_id}: {task.text}")
    else:
        say("Nothing is to be done now.")
    if shadow is not None:
        say(f"In shadow: the goal {shadow.id} would have been taken: {shadow.text}")
        say(_switched_off(place))


def _switched_off(place: Place) -> str:
    if place.url is not None:
        return "The server's GOAL_SYSTEM is off, or its GOAL_SHADOW on: goals decide nothing there."
    return "Goals decide nothing yet; they do with GOAL_SYSTEM=on and GOAL_SHADOW=off."
