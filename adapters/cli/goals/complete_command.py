"""`gdg-runtime goals complete`."""

from shlex import quote

import click

from ....goals.answers import GoalAnswer
from ....goals.commands import CompleteGoal
from ....goals.model import GoalState
from .fields import named_number
from .finding import find_goal
from .goal_argument import goal_argument
from .place import Place, place_options
from .session import session
from .telling import say, tell_goal, tell_json


@click.command("complete")
@goal_argument
@click.option("--failed", is_flag=True, help="It did not succeed.")
@click.option(
    "--measured", type=named_number, multiple=True, metavar="NAME=NUMBER",
    help="What one of its metrics came to; can be given several times.",
)  # fmt: skip
@click.option(
    "--attempt", type=click.IntRange(1), metavar="N",
    help="Which execution is meant; by default the current one.",
)  # fmt: skip
@click.option("--reason", help="Why, for the ledger; at most 500 characters.")
@place_options
def command(
    goal: str, failed: bool, measured: tuple[tuple[str, float], ...], attempt: int | None,
    reason: str | None, place: Place,
) -> None:  # fmt: skip
    """Tell how GOAL's execution ended.

    It is satisfied if it succeeded and each of its metrics was measured and is at least the
    target. Else it is tried again, or abandoned after too many attempts.
    """
    figures = dict(measured)
    with session(place, changes=True) as goals:
        found = find_goal(goals, goal)
        answer = goals.ask(
            CompleteGoal(
                goal_id=found.id, success=not failed, measured=figures, attempt=attempt,
                reason=reason,
            ),
            GoalAnswer,
        )  # fmt: skip
    if place.as_json:
        tell_json(answer)
        return
    now = answer.goal
    if now.version == found.version:
        tell_goal(f"Nothing to do, it is {now.state} already:", answer)
        return
    tell_goal(_OUTCOMES.get(now.state, now.state), answer)
    if failed or now.state is GoalState.SATISFIED:
        return
    for name, target in found.success_metrics.items():
        if name not in figures:
            say(f"{name} was not measured: --measured {quote(name)}=…; the target is {target:g}")
        elif figures[name] < target:
            say(f"{name} came to {figures[name]:g}; the target is {target:g}")


_OUTCOMES = {
    GoalState.SATISFIED: "Satisfied",
    GoalState.ADOPTED: "Not satisfied, it will be tried again:",
    GoalState.ABANDONED: "Not satisfied, and abandoned after too many attempts:",
}
