"""The commands that show goals and what happened to them, and `next`, which may take one."""

import secrets
from datetime import UTC, datetime
from shlex import quote

import click

from ....goals.commands import (
    ExplainGoal,
    ListGoals,
    NextTask,
    RankGoals,
    ReadHistory,
    ReadRollout,
)
from ....goals.model import GoalCategory, GoalState
from ....goals.schemas import GoalAnswer
from .output import print_json, say
from .session import (
    Session,
    Target,
    complete_goal,
    find_goal,
    goal_argument,
    session,
    short_id,
    target_options,
)

_LOOKED_AT = 200
_BLOCKED_SHOWN = 3
_STYLES = {"keep": "green", "roll_back": "red", "insufficient": "yellow"}
_NEXT = {
    "keep": "Goals may go on deciding; GOAL_CANARY_PERCENT says in how many selections.",
    "roll_back": "Set GOAL_SYSTEM=off and restart; GOAL_SHADOW=on stops selections at once.",
    "insufficient": "Go on, and look again later.",
}


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
@target_options
def list_goals(
    states: tuple[str, ...], owner: str | None, by_date: bool, category: str | None,
    deleted: bool, cursor: str | None, limit: int, target: Target,
) -> None:  # fmt: skip
    """List goals: those that would be done first at the top, each with what blocks it."""
    if not by_date:
        needs_date = {"--category": category, "--deleted": deleted, "--cursor": cursor}
        for option, used in needs_date.items():
            if used:
                raise click.UsageError(f"{option} goes with --by-date.")
    wanted = tuple(GoalState(state) for state in states)
    with session(target) as goals:
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
    ranking = goals.ask(asked)
    if goals.target.as_json:
        print_json(ranking)
        return
    if not ranking.items:
        _nothing(goals.target, f"No goals that are {' or '.join(asked.states)}")
        return
    from ..tables import console
    from .tables import ranked_table

    out, now = console(), datetime.now(UTC)
    out.print(ranked_table(f"Goals in {goals.target}", ranking.items, now))
    weights = ranking.weights_used.model_dump()
    used = ", ".join(f"{name} {value:g}" for name, value in weights.items() if value)
    out.print(f"[dim]weights: {used}[/]", soft_wrap=True)
    if ranking.considered > len(ranking.items):
        say(f"The first {len(ranking.items)} of {ranking.considered:,}; --limit shows more.")


def _by_date(goals: Session, asked: ListGoals) -> None:
    page = goals.ask(asked)
    if goals.target.as_json:
        print_json(page)
        return
    if not page.items:
        narrowed = asked.states or asked.category or asked.owner or asked.cursor
        _nothing(goals.target, "No such goals" if narrowed else "No goals")
        return
    from ..tables import console
    from .tables import dated_table

    table = dated_table(f"Goals in {goals.target}", page.items, datetime.now(UTC))
    console().print(table)
    if page.next_cursor is not None:
        say(f"The newest {len(page.items)}; go on with --cursor {page.next_cursor}")


def _nothing(target: Target, what: str) -> None:
    say(
        f'{what} in {target}. Propose one with: gdg-runtime goals add "Tidy the test data"'
        f"{target.options}"
    )


@click.command("show")
@goal_argument
@target_options
def show(goal: str, target: Target) -> None:
    """Show GOAL with all that is known about it."""
    with session(target) as goals:
        found = find_goal(goals, goal)
    if target.as_json:
        print_json(GoalAnswer(goal=found))
        return
    from .tables import print_goal

    print_goal(found, datetime.now(UTC))


@click.command("explain")
@goal_argument
@target_options
def explain(goal: str, target: Target) -> None:
    """Say why GOAL stands where it stands: its score, term by term, and what blocks it."""
    with session(target) as goals:
        explanation = goals.ask(ExplainGoal(goal_id=find_goal(goals, goal).id))
    if target.as_json:
        print_json(explanation)
        return
    from ..tables import console, safe
    from .tables import state_text, text_cell

    out, ranked = console(), explanation.ranked
    out.print(f"[bold]{safe(ranked.goal.id)}[/]  {state_text(ranked.goal.state)}", soft_wrap=True)
    out.print(text_cell(ranked.goal.text), soft_wrap=True)
    out.print(f"rank {ranked.rank}", soft_wrap=True)
    for line in explanation.lines:
        out.print(f"  {safe(line)}", soft_wrap=True)


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
@target_options
def next_task(select: bool, key: str | None, owner: str | None, target: Target) -> None:
    """Show what would be executed next: the ready goal with the highest score.

    A goal is ready if it is adopted and nothing blocks it. With --select, scheduled tasks come
    where goals are switched off.
    """
    if key is not None and not select:
        raise click.UsageError("--key goes with --select.")
    with session(target, selects=select) as goals:
        if select:
            _select(goals, key or f"cli-{secrets.token_hex(8)}", owner)
        else:
            _look(goals, owner)


def _look(goals: Session, owner: str | None) -> None:
    asked = RankGoals(states=(GoalState.ADOPTED,), owner=owner, limit=_LOOKED_AT)
    ranking = goals.ask(asked)
    ready = next((item for item in ranking.items if not item.blocked_by), None)
    target = goals.target
    if target.as_json:
        print_json(ranking.model_copy(update={"items": () if ready is None else (ready,)}))
        return
    from ..tables import console, safe
    from .tables import blocks_text, text_cell

    out, now = console(), datetime.now(UTC)
    if ready is not None:
        out.print(f"[bold]{safe(ready.goal.id)}[/]  priority {ready.priority:.3f}", soft_wrap=True)
        out.print(text_cell(ready.goal.text), soft_wrap=True)
        say(f"Take it with: gdg-runtime goals next --select{target.options}")
        return
    if not ranking.items:
        say(f"No goal is adopted. Adopt one with: gdg-runtime goals adopt GOAL{target.options}")
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
    answer = goals.ask(NextTask(selection_key=key, owner=owner))
    target, task, shadow = goals.target, answer.task, answer.shadow
    if target.as_json:
        print_json(answer)
        return
    if task is not None and task.goal_id is not None:
        say(f"Selected {task.goal_id}, attempt {task.attempt}: {task.text}")
        for name, least in task.success_metrics.items():
            say(f"  to reach: {name} at least {least:g}")
        figures = "".join(f" --measured {quote(name)}=…" for name in task.success_metrics)
        say(f"When it is done: gdg-runtime goals complete {task.goal_id}{figures}{target.options}")
    elif task is not None:
        say(f"Scheduled task {task.task_id}: {task.text}")
    else:
        say("Nothing is to be done now.")
    if shadow is not None:
        say(f"In shadow: the goal {shadow.id} would have been taken: {shadow.text}")
        say(_switched_off(target))


def _switched_off(target: Target) -> str:
    if target.url is not None:
        return "The server's GOAL_SYSTEM is off, or its GOAL_SHADOW on: goals decide nothing there."
    return "Goals decide nothing yet; they do with GOAL_SYSTEM=on and GOAL_SHADOW=off."


@click.command("history")
@click.argument("goal", required=False, shell_complete=complete_goal)
@click.option(
    "--after", type=click.IntRange(0), default=0, metavar="SEQ",
    help="Only events with a higher number.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Most rows.",
)  # fmt: skip
@target_options
def history(goal: str | None, after: int, limit: int, target: Target) -> None:
    """Show what happened to GOAL, or to all goals, the oldest first, from the ledger."""
    with session(target) as goals:
        goal_id = None if goal is None else find_goal(goals, goal).id
        asked = ReadHistory(goal_id=goal_id, after=after, limit=limit)
        history = goals.ask(asked)
    if target.as_json:
        print_json(history)
        return
    if not history.items:
        say("Nothing happened after that." if after else f"Nothing has happened in {target}.")
        return
    from ..tables import console
    from .tables import events_table

    title = f"History of {goal_id or target}"
    console().print(events_table(title, history.items, of_one_goal=goal_id is not None))
    if history.next_after is not None:
        say(f"There is more: --after {history.next_after}")


@click.command("rollout")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Count only what happened from this time on, in UTC: after a cure, the crashes before it "
    "say nothing.",
)  # fmt: skip
@target_options
def rollout(since: datetime | None, target: Target) -> None:
    """Show how goals have done so far, and the verdict: keep, roll back, or insufficient."""
    asked = ReadRollout(since=None if since is None else since.replace(tzinfo=UTC))
    with session(target) as goals:
        answer = goals.ask(asked)
    if target.as_json:
        print_json(answer)
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
