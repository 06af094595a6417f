"""`gdg-runtime goals list`."""

from datetime import UTC, datetime

import click

from ....goals.answers import GoalPage, Ranking
from ....goals.commands import ListGoals, RankGoals
from ....goals.model import GoalCategory, GoalState
from .place import Place, place_options
from .session import Session, session
from .telling import say, tell_json


@click.command("list")
@click.option(
    "--state", "states", type=click.Choice([str(state) for state in GoalState]), multiple=True,
    help="Only goals in this state; can be given several times. By default adopted and proposed "
    "ones, with --by-date all.",
)  # fmt: skip
@click.option("--owner", help="Only goals of this owner.")
@click.option("--by-date", is_flag=True, help="The newest first, rather than by priority.")
@click.option(
    "--category", type=click.Choice([str(category) for category in GoalCategory]),
    help="Only goals of this category; with --by-date.",
)  # fmt: skip
@click.option("--deleted", is_flag=True, help="Deleted goals too; with --by-date.")
@click.option("--cursor", help="next_cursor of the page before; with --by-date.")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Most rows.",
)  # fmt: skip
@place_options
def command(
    states: tuple[str, ...], owner: str | None, by_date: bool, category: str | None,
    deleted: bool, cursor: str | None, limit: int, place: Place,
) -> None:  # fmt: skip
    """List goals: those that would be done first at the top, each with what blocks it."""
    if not by_date:
        needs_date = {"--category": category, "--deleted": deleted, "--cursor": cursor}
        for option, used in needs_date.items():
            if used:
                raise click.UsageError(f"{option} goes with --by-date.")
    wanted = tuple(GoalState(state) for state in states)
    with session(place) as goals:
        if by_date:
            asked = ListGoals(
                states=wanted, category=category, owner=owner, include_deleted=deleted,
                limit=limit, cursor=cursor,
            )  # fmt: skip
            _by_date(goals, asked)
        else:
            ranked = RankGoals(owner=owner, limit=limit)
            _ranked(goals, ranked.model_copy(update={"states": wanted}) if wanted else ranked)


def _ranked(goals: Session, asked: RankGoals) -> None:
    ranking = goals.ask(asked, Ranking)
    if goals.place.as_json:
        tell_json(ranking)
        return
    if not ranking.items:
        _nothing(goals.place, f"No goals that are {' or '.join(asked.states)}")
        return
    from ..tables import console
    from .table import ranked_table

    out, now = console(), datetime.now(UTC)
    out.print(ranked_table(f"Goals in {goals.place}", ranking.items, now))
    weights = ranking.weights_used.model_dump()
    used = ", ".join(f"{name} {value:g}" for name, value in weights.items() if value)
    out.print(f"[dim]weights: {used}[/]", soft_wrap=True)
    if ranking.considered > len(ranking.items):
        say(f"The first {len(ranking.items)} of {ranking.considered:,}; --limit shows more.")


def _by_date(goals: Session, asked: ListGoals) -> None:
    page = goals.ask(asked, GoalPage)
    if goals.place.as_json:
        tell_json(page)
        return
    if not page.items:
        narrowed = asked.states or asked.category or asked.owner or asked.cursor
        _nothing(goals.place, "No such goals" if narrowed else "No goals")
        return
    from ..tables import console
    from .table import dated_table

    table = dated_table(f"Goals in {goals.place}", page.items, datetime.now(UTC))
    console().print(table)
    if page.next_cursor is not None:
        say(f"The newest {len(page.items)}; go on with --cursor {page.next_cursor}")


def _nothing(place: Place, what: str) -> None:
    say(
        f'{what} in {place}. Propose one with: gdg-runtime goals add "Tidy the test data"'
        f"{place.options}"
    )
