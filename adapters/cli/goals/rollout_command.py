"""`gdg-runtime goals rollout`."""

from datetime import UTC, datetime

import click

from ....goals.answers import RolloutAnswer
from ....goals.commands import ReadRollout
from .place import Place, place_options
from .session import session
from .telling import tell_json

_STYLES = {"keep": "green", "roll_back": "red", "insufficient": "yellow"}
_NEXT = {
    "keep": "Goals may go on deciding; GOAL_CANARY_PERCENT says in how many selections.",
    "roll_back": "Set GOAL_SYSTEM=off and restart; GOAL_SHADOW=on stops selections at once.",
    "insufficient": "Go on, and look again later.",
}


@click.command("rollout")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Count only what happened from this time on, in UTC: after a cure, the crashes before it "
    "say nothing.",
)  # fmt: skip
@place_options
def command(since: datetime | None, place: Place) -> None:
    """Show how goals have done so far, and the verdict: keep, roll back, or insufficient."""
    asked = ReadRollout(since=None if since is None else since.replace(tzinfo=UTC))
    with session(place) as goals:
        answer = goals.ask(asked, RolloutAnswer)
    if place.as_json:
        tell_json(answer)
        return
    from ..tables import console, rows_table, safe

    rate = answer.success_rate
    rows = [
        ["selections", f"{answer.selections:,}", ""],
        ["finished", f"{answer.finished:,}", ""],
        ["successes", f"{answer.successes:,}", ""],
        ["success rate", "undefined" if rate is None else f"{rate:.1%}",
         "nothing has finished" if rate is None else "roll back below 80 %"],
        ["blocked by beliefs", f"{answer.safety_blocks:,}", "the vetting at work"],
        ["violations", f"{answer.violations:,}", "roll back at the first"],
        ["crashes", f"{answer.crashes:,}", "roll back at the first"],
    ]  # fmt: skip
    out = console()
    out.print(rows_table("Rollout of goals", ["figure", "value", ""], rows, right=("value",)))
    words = answer.verdict.replace("_", " ")
    out.print(
        f"verdict: [{_STYLES.get(answer.verdict, 'default')}]{safe(words)}[/]", soft_wrap=True
    )
    for reason in answer.reasons:
        out.print(f"  {safe(reason)}", soft_wrap=True)
    out.print(_NEXT.get(answer.verdict, ""), soft_wrap=True)
