"""The commands that show goals and what happened to them, and `next`, which may take one."""

import secrets
from datetime import UTC, datetime
from shlex import quote

import click

from ....goals import commands
from ....goals.model import GoalCategory, GoalState
from ....goals.schemas import GoalAnswer
from ..tables import console, line, rows_table, safe
from . import output
from .output import say
from .session import Session, goal_argument, goal_command, limit_option, state_option

_LOOKED_AT = 200
_BLOCKED_SHOWN = 3
_STYLES = {"keep": "green", "roll_back": "red", "insufficient": "yellow"}
_NEXT = {
    "keep": "Goals may go on deciding; GOAL_CANARY_PERCENT says in how many selections.",
    "roll_back": "Set GOAL_SYSTEM=off and restart; GOAL_SHADOW=on stops selections at once.",
    "insufficient": "Go on, and look again later.",
}


@goal_command(
    "list",
    state_option(" By default adopted and proposed ones, with --by-date all."),
    click.option("--owner", help="Only goals of this owner."),
    click.option("--by-date", is_flag=True, help="The newest first, rather than by priority."),
    click.option(
        "--category", type=click.Choice([str(category) for category in GoalCategory]),
        help="Only goals of this category; with --by-date.",
    ),
    click.option("--deleted", is_flag=True, help="Deleted goals too; with --by-date."),
    click.option("--cursor", help="next_cursor of the page before; with --by-date."),
    limit_option(20),
)  # fmt: skip
def list_goals(
    goals: Session, states: tuple[GoalState, ...], owner: str | None, by_date: bool,
    category: str | None, deleted: bool, cursor: str | None, limit: int,
) -> None:  # fmt: skip
    """List goals: those that would be done first at the top, each with what blocks it."""
    if by_date:
        asked = commands.ListGoals(
            states=states, category=category, owner=owner, include_deleted=deleted, limit=limit,
            cursor=cursor,
        )  # fmt: skip
        _by_date(goals, asked)
        return
    for option, used in {"--category": category, "--deleted": deleted, "--cursor": cursor}.items():
        if used:
            raise click.UsageError(f"{option} goes with --by-date.")
    ranked = commands.RankGoals(owner=owner, limit=limit)
    _ranked(goals, ranked.model_copy(update={"states": states}) if states else ranked)


def _ranked(goals: Session, asked: commands.RankGoals) -> None:
    ranking = goals.answer(asked)
    if not ranking.items:
        _nothing(goals, f"No goals that are {' or '.join(asked.states)}")
        return
    now = datetime.now(UTC)
    columns = ["goal", "priority", "state", "text", "due", "owner"]
    rows = [
        [safe(output.short_id(item.goal.id)), item.priority, output.state_text(item.goal.state),
         output.text_and_blocks(item), output.due(item.goal.deadline, now),
         safe(item.goal.owner or "")]
        for item in ranking.items
    ]  # fmt: skip
    table = rows_table(f"Goals in {goals}", columns, rows, ("priority",), ("due", "owner"))
    console().print(table)
    weights = ranking.weights_used.model_dump()
    used = ", ".join(f"{name} {value:g}" for name, value in weights.items() if value)
    line(f"[dim]weights: {used}[/]")
    if ranking.considered > len(ranking.items):
        say(f"The first {len(ranking.items)} of {ranking.considered:,}; --limit shows more.")


def _by_date(goals: Session, asked: commands.ListGoals) -> None:
    page = goals.answer(asked)
    if not page.items:
        narrowed = asked.states or asked.category or asked.owner or asked.cursor
        _nothing(goals, "No such goals" if narrowed else "No goals")
        return
    rows = [
        [safe(output.short_id(goal.id)), output.when(goal.created_at),
         "[dim]deleted[/]" if goal.deleted_at else output.state_text(goal.state),
         output.text_cell(goal.text), safe(goal.owner or "")]
        for goal in page.items
    ]  # fmt: skip
    columns = ["goal", "proposed", "state", "text", "owner"]
    console().print(rows_table(f"Goals in {goals}", columns, rows, optional=("owner",)))
    if page.next_cursor is not None:
        say(f"The newest {len(page.items)}; go on with --cursor {page.next_cursor}")


def _nothing(goals: Session, what: str) -> None:
    example = 'gdg-runtime goals add "Tidy the test data"'
    say(f"{what} in {goals}. Propose one with: {example}{goals.options}")


@goal_command("show", goal_argument())
def show(goals: Session, goal: str) -> None:
    """Show GOAL with all that is known about it."""
    found = goals.find(goal)
    goals.end_as_json(GoalAnswer(goal=found))
    output.print_goal(found)


@goal_command("explain", goal_argument())
def explain(goals: Session, goal: str) -> None:
    """Say why GOAL stands where it stands: its score, term by term, and what blocks it."""
    explanation = goals.answer(commands.ExplainGoal(goal_id=goals.find(goal).id))
    ranked = explanation.ranked
    line(f"[bold]{safe(ranked.goal.id)}[/]  {output.state_text(ranked.goal.state)}")
    line(output.text_cell(ranked.goal.text))
    line(f"rank {ranked.rank}")
    for term in explanation.lines:
        line(f"  {safe(term)}")


@goal_command(
    "next",
    click.option(
        "--select", is_flag=True,
        help="Take it, as GOAL_SYSTEM, GOAL_SHADOW and GOAL_CANARY_PERCENT allow: it is "
        "executing then.",
    ),
    click.option(
        "--key", metavar="KEY",
        help="Name of the selection; the same one gets the same task again. With --select.",
    ),
    click.option("--owner", help="For this owner."),
)  # fmt: skip
def next_task(goals: Session, select: bool, key: str | None, owner: str | None) -> None:
    """Show what would be executed next: the ready goal with the highest score.

    A goal is ready if it is adopted and nothing blocks it. With --select, scheduled tasks come
    where goals are switched off.
    """
    if select:
        _select(goals, key or f"cli-{secrets.token_hex(8)}", owner)
    elif key is not None:
        raise click.UsageError("--key goes with --select.")
    else:
        _look(goals, owner)


def _look(goals: Session, owner: str | None) -> None:
    asked = commands.RankGoals(states=(GoalState.ADOPTED,), owner=owner, limit=_LOOKED_AT)
    ranking = goals.ask(asked)
    ready = next((item for item in ranking.items if not item.blocked_by), None)
    shown = () if ready is None else (ready,)
    goals.end_as_json(ranking.model_copy(update={"items": shown}))
    if ready is not None:
        line(f"[bold]{safe(ready.goal.id)}[/]  priority {ready.priority:.3f}")
        line(output.text_cell(ready.goal.text))
        say(f"Take it with: gdg-runtime goals next --select{goals.options}")
        return
    if not ranking.items:
        say(f"No goal is adopted. Adopt one with: gdg-runtime goals adopt GOAL{goals.options}")
        return
    which = "None" if ranking.considered <= _LOOKED_AT else f"None of the first {_LOOKED_AT}"
    line(f"{which} of {ranking.considered:,} adopted goals is ready.")
    for item in ranking.items[:_BLOCKED_SHOWN]:
        name, text = safe(output.short_id(item.goal.id)), output.text_cell(item.goal.text)
        line(f"  {name}  {text}: {output.blocks_text(item)}")


def _select(goals: Session, key: str, owner: str | None) -> None:
    goals.mode = "selects"
    answer = goals.answer(commands.NextTask(selection_key=key, owner=owner))
    task, shadow = answer.task, answer.shadow
    if task is not None and task.goal_id is not None:
        say(f"Selected {task.goal_id}, attempt {task.attempt}: {task.text}")
        for name, least in task.success_metrics.items():
            say(f"  to reach: {name} at least {least:g}")
        measured = "".join(f" --measured {quote(name)}=…" for name in task.success_metrics)
        say(f"When it is done: gdg-runtime goals complete {task.goal_id}{measured}{goals.options}")
    elif task is not None:
        say(f"Scheduled task {task.task_id}: {task.text}")
    else:
        say("Nothing is to be done now.")
    if shadow is not None:
        say(f"In shadow: the goal {shadow.id} would have been taken: {shadow.text}")
        say(
            "The server's GOAL_SYSTEM is off, or its GOAL_SHADOW on: goals decide nothing there."
            if goals.url is not None
            else "Goals decide nothing yet; they do with GOAL_SYSTEM=on and GOAL_SHADOW=off."
        )


@goal_command(
    "history",
    goal_argument(required=False),
    click.option(
        "--after", type=click.IntRange(0), default=0, metavar="SEQ",
        help="Only events with a higher number.",
    ),
    limit_option(50),
)  # fmt: skip
def history(goals: Session, goal: str | None, after: int, limit: int) -> None:
    """Show what happened to GOAL, or to all goals, the oldest first, from the ledger."""
    goal_id = None if goal is None else goals.find(goal).id
    events = goals.answer(commands.ReadHistory(goal_id=goal_id, after=after, limit=limit))
    if not events.items:
        say("Nothing happened after that." if after else f"Nothing has happened in {goals}.")
        return
    columns = ["seq", "when (UTC)", "goal", "by", "what"]
    rows = [
        [f"{event.seq}", safe(event.ts[:19].replace("T", " ")),
         "" if goal_id else safe(output.short_id(event.goal_id)), safe(event.actor),
         output.happened(event)]
        for event in events.items
    ]  # fmt: skip
    title, left_out = f"History of {goal_id or goals}", ("goal",) if goal_id else ()
    console().print(rows_table(title, columns, rows, ("seq",), left_out))
    if events.next_after is not None:
        say(f"There is more: --after {events.next_after}")


@goal_command(
    "rollout",
    click.option(
        "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"]),
        help="Count only what happened from this time on, in UTC: after a cure, the crashes before "
        "it say nothing.",
    ),
)  # fmt: skip
def rollout(goals: Session, since: datetime | None) -> None:
    """Show how goals have done so far, and the verdict: keep, roll back, or insufficient."""
    utc = None if since is None else since.replace(tzinfo=UTC)
    answer = goals.answer(commands.ReadRollout(since=utc))
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
    console().print(rows_table("Rollout of goals", ["figure", "value", ""], rows, ("value",)))
    words = safe(answer.verdict.replace("_", " "))
    line(f"verdict: [{_STYLES.get(answer.verdict, 'default')}]{words}[/]")
    for reason in answer.reasons:
        line(f"  {safe(reason)}")
    line(_NEXT.get(answer.verdict, ""))
