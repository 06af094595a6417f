"""The commands that change one goal: `add`, `edit`, `complete`, and the verbs of the table."""

import json
import re
from collections.abc import Callable, Mapping
from inspect import cleandoc
from shlex import quote
from typing import Any, Literal, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from ....goals.commands import COMMANDS, AdoptGoal, CompleteGoal, CreateGoal, EditGoal
from ....goals.model import GoalCategory, GoalDraft, GoalPatch, GoalState
from ....goals.schemas import GoalAnswer
from ...goals.table import VERBS
from .output import print_done, say
from .session import Session, goal_argument, goal_command

_MINUTES = {"": 1, "m": 1, "min": 1, "h": 60, "d": 1_440, "w": 10_080}
_OUTCOMES = {
    GoalState.SATISFIED: "Satisfied",
    GoalState.ADOPTED: "Not satisfied, it will be tried again:",
    GoalState.ABANDONED: "Not satisfied, and abandoned after too many attempts:",
}


def duration(text: str) -> int | Literal[""]:
    """Read minutes from 90 or 90min, 36h, 7d, 2w; empty for `none`. Raises click.BadParameter."""
    if text == "none":
        return ""
    match = re.fullmatch(r"(\d{1,12}) ?(\w*)", text)
    if match is None or match[2] not in _MINUTES:
        raise click.BadParameter(f"{text!r} is no length of time: expected 90min, 36h, 7d or 2w")
    return int(match[1]) * _MINUTES[match[2]]


def named_number(text: str) -> tuple[str, float | None]:
    """Read NAME=NUMBER, or NAME=none. Raises click.BadParameter."""
    name, _, number = text.rpartition("=")
    try:
        return name, None if name and number == "none" else float(name and number)
    except ValueError:
        message = f"{text!r}: expected NAME=NUMBER, such as coverage=0.9"
        raise click.BadParameter(message) from None


def named_value(text: str) -> tuple[str, Any]:
    """Read KEY=VALUE; the value is read as JSON if it is that, else taken as a text. Raises
    click.BadParameter."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise click.BadParameter(f"{text!r}: expected KEY=VALUE, such as ticket=42")
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError):
        return key, value


def _time(name: str, says: str) -> dict[str, Any]:
    return {"name": name, "type": duration, "metavar": "TIME", "help": says}


def _several(what: str, says: str) -> dict[str, Any]:
    return {"multiple": True, "metavar": what, "help": f"{says}; can be given several times."}


_OPTIONS: dict[str, dict[str, Any]] = {
    "category": {
        "type": click.Choice([str(category) for category in GoalCategory]),
        "help": "Where it comes from.",
    },
    "value": {"help": "What it is worth, 0 to 1."},
    "effort": {"help": "What it costs, 0 to 1."},
    "risk": {"help": "How much may go wrong, 0 to 1."},
    "horizon_min_min": _time("--start", "How long after it was proposed it may begin."),
    "horizon_max_min": _time(
        "--deadline", "How long it may take from when it was proposed: 90min, 36h, 7d, 2w."
    ),
    "aligns_with": _several("BELIEF", "A belief that it serves"),
    "contradicts": _several("BELIEF", "A belief that forbids it while active"),
    "success_metrics": {
        "name": "--metric", "type": named_number, "multiple": True, "metavar": "NAME=TARGET",
        "help": "It is satisfied if this was measured and is at least the target.",
    },
    "metadata": {
        "name": "--meta", "type": named_value, "multiple": True, "metavar": "KEY=VALUE",
        "help": "Something to keep with it; the value is JSON or a text.",
    },
    "owner": {"help": "Whose goal it is, such as an agent's id."},
    "depends_on": _several("GOAL", "A goal that must be satisfied first"),
    "repeat_every_min": _time(
        "--repeat-every", "Once satisfied it comes again, so long after its start: 1d, 2w."
    ),
    "requires_approval": {
        "name": "--requires-approval/--no-approval", "default": None,
        "help": "Whether somebody has to approve it before it can be adopted.",
    },
}  # fmt: skip
"""Field of a goal to its option; what is not said here follows from its name and type."""


def _goal_options() -> list[Callable[[Any], Any]]:
    """Make an option for each field of a goal but its text; `given` sorts out what was typed."""
    fields = [(name, info) for name, info in GoalDraft.model_fields.items() if name != "text"]
    return [_option(name, info, _OPTIONS.get(name, {})) for name, info in fields]


def _option(field: str, info: FieldInfo, said: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Make the option of a field; what `said` leaves open follows from the field's type."""
    kinds = _types(info.annotation)
    settings = {
        "name": f"--{field.replace('_', '-')}",
        "type": next((kind for kind in (bool, int, float) if kind in kinds), None),
        "multiple": any(get_origin(kind) is tuple for kind in kinds),
        "help": info.description,
        **said,
    }
    return click.option(settings.pop("name"), field, **settings)


def _types(annotation: Any) -> list[Any]:
    """Return an annotation and all that it is made of."""
    return [annotation, *(inner for part in get_args(annotation) for inner in _types(part))]


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that were typed, as schemas take them; a cleared one is None or empty."""
    fields: dict[str, Any] = {}
    for name, value in options.items():
        if value is None or value == ():
            continue
        if value == "":
            fields[name] = None
        elif name in ("success_metrics", "metadata"):
            fields[name] = dict(value)
        else:
            fields[name] = () if value == ("",) else value
    return fields


@goal_command(
    "add",
    click.argument("text"),
    *_goal_options(),
    click.option("--adopt", is_flag=True, help="Adopt it at once, if no belief stands against it."),
    mode="creates",
)
def add(goals: Session, text: str, adopt: bool, **options: Any) -> None:
    """Propose a goal: TEXT says what is to be done.

    What is not said is in the middle: value, effort and risk are 0.5. A goal that is typed is
    user_requested unless another category is named.
    """
    fields = {"category": "user_requested", **given(options), "text": text}
    draft = GoalDraft.model_validate(fields)
    goals.open()
    needed = tuple(goals.find(part).id for part in draft.depends_on)
    answer = goals.ask(CreateGoal(draft=draft.model_copy(update={"depends_on": needed})))
    goal = answer.goal
    if adopt:
        if not goals.as_json:
            click.echo(f"Proposed {goal.id}.")
        answer = goals.ask(AdoptGoal(goal_id=goal.id))
    goals.end_as_json(answer)
    print_done("Adopted" if adopt else "Proposed", answer)
    if not adopt:
        _suggest("approve" if goal.requires_approval else "adopt", goal.id, goals)


def _suggest(verb: str, goal_id: str, goals: Session) -> None:
    say(f"{verb.capitalize()} it with: gdg-runtime goals {verb} {goal_id}{goals.options}")


@goal_command(
    "edit",
    goal_argument(),
    click.option("--text", help="What is to be done."),
    *_goal_options(),
    click.option(
        "--if-version", type=click.IntRange(1), metavar="N",
        help="Only if it is still at this version; else nothing is changed.",
    ),
    mode="changes",
)  # fmt: skip
def edit(
    goals: Session, goal: str, text: str | None, if_version: int | None, **options: Any
) -> None:
    """Change GOAL: what is not given stays.

    `none` clears a time, and a metric (NAME=none); "" clears the owner, and a list of beliefs or
    goals. An adopted goal is vetted again if its text or beliefs change.
    """
    fields = given(options)
    if text is not None:
        fields["text"] = text
    if not fields:
        raise click.UsageError("There is nothing to change: give an option such as --value 0.8.")
    patch = GoalPatch.model_validate(fields)
    if patch.depends_on:
        needed = [goals.find(part).id for part in patch.depends_on]
        patch = GoalPatch.model_validate({**fields, "depends_on": needed})
    found = goals.find(goal)
    answer = goals.answer(EditGoal(goal_id=found.id, patch=patch, expected_version=if_version))
    is_same = answer.goal.version == found.version
    print_done("Nothing to do, it is so already:" if is_same else "Changed", answer)


@goal_command(
    "complete",
    goal_argument(),
    click.option("--failed", is_flag=True, help="It did not succeed."),
    click.option(
        "--measured", type=named_number,
        **_several("NAME=NUMBER", "What one of its metrics came to"),
    ),
    click.option(
        "--attempt", type=click.IntRange(1), metavar="N",
        help="Which execution is meant; by default the current one.",
    ),
    click.option("--reason", help="Why, for the ledger; at most 500 characters."),
    mode="changes",
)  # fmt: skip
def complete(
    goals: Session, goal: str, failed: bool, measured: tuple[tuple[str, float], ...], **told: Any
) -> None:
    """Tell how GOAL's execution ended.

    It is satisfied if it succeeded and each of its metrics was measured and is at least the
    target. Else it is tried again, or abandoned after too many attempts.
    """
    came_to, found = dict(measured), goals.find(goal)
    command = CompleteGoal(goal_id=found.id, success=not failed, measured=came_to, **told)
    answer = goals.answer(command)
    now = answer.goal
    if now.version == found.version:
        print_done(f"Nothing to do, it is {now.state} already:", answer)
        return
    print_done(_OUTCOMES.get(now.state, now.state), answer)
    if failed or now.state is GoalState.SATISFIED:
        return
    for name, least in found.success_metrics.items():
        if name not in came_to:
            say(f"{name} was not measured: --measured {quote(name)}=…; the target is {least:g}")
        elif came_to[name] < least:
            say(f"{name} came to {came_to[name]:g}; the target is {least:g}")


def verb_command(name: str) -> click.Command:
    """Make the command of a verb of the table."""
    row = VERBS[name]
    verb, kind = row.verb, COMMANDS[row.command]
    assert verb is not None

    def run(goals: Session, goal: str, **options: Any) -> None:
        found = goals.find(goal)
        answer = goals.answer(kind.model_validate({**options, "goal_id": found.id}))
        assert isinstance(answer, GoalAnswer)
        now = answer.goal
        if verb.unchanged is not None and now.version == found.version:
            print_done(verb.unchanged.format(state=now.state), answer)
            return
        print_done(verb.done, answer)
        if verb.hint and now.state == "proposed":
            _suggest(verb.hint, now.id, goals)

    run.__doc__ = cleandoc(verb.says)
    options = [
        _option(field, kind.model_fields[field], {"help": words})
        for field, words in verb.options.items()
    ]
    return goal_command(name, goal_argument(), *options, mode="changes")(run)
