"""Options that make up a goal, for proposing one and for changing one."""

import json
import re
from collections.abc import Callable
from typing import Any

import click

from ....goals.model import GoalCategory

_MINUTES = {"": 1, "m": 1, "min": 1, "h": 60, "d": 1_440, "w": 10_080}


class Cleared:
    """In place of a value: there shall be none."""


def duration(text: str) -> int | Cleared:
    """Minutes, from 90 or 90min, 36h, 7d, 2w; or none. Raises click.BadParameter."""
    if text == "none":
        return Cleared()
    match = re.fullmatch(r"(\d{1,12}) ?(\w*)", text)
    if match is None or match[2] not in _MINUTES:
        raise click.BadParameter(f"{text!r} is no length of time: expected 90min, 36h, 7d or 2w")
    return int(match[1]) * _MINUTES[match[2]]


def named_number(text: str) -> tuple[str, float | None]:
    """NAME=NUMBER, or NAME=none. Raises click.BadParameter."""
    name, _, number = text.rpartition("=")
    try:
        return name, None if name and number == "none" else float(name and number)
    except ValueError:
        message = f"{text!r}: expected NAME=NUMBER, such as coverage=0.9"
        raise click.BadParameter(message) from None


def named_value(text: str) -> tuple[str, Any]:
    """KEY=VALUE; the value is read as JSON if it is that, else taken as a text. Raises
    click.BadParameter."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise click.BadParameter(f"{text!r}: expected KEY=VALUE, such as ticket=42")
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError):
        return key, value


def goal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What a goal is made of, beside its text; `given` sorts out what was typed."""
    for option in (
        click.option(
            "--requires-approval/--no-approval", default=None,
            help="Whether somebody has to approve it before it can be adopted.",
        ),
        click.option(
            "--repeat-every", "repeat_every_min", type=duration, metavar="TIME",
            help="Once satisfied it comes again, so long after its start: 1d, 2w.",
        ),
        click.option(
            "--depends-on", multiple=True, metavar="GOAL",
            help="A goal that must be satisfied first; can be given several times.",
        ),
        click.option("--owner", help="Whose goal it is, such as an agent's id."),
        click.option(
            "--meta", "metadata", type=named_value, multiple=True, metavar="KEY=VALUE",
            help="Something to keep with it; the value is JSON or a text.",
        ),
        click.option(
            "--metric", "success_metrics", type=named_number, multiple=True,
            metavar="NAME=TARGET",
            help="It is satisfied if this was measured and is at least the target.",
        ),
        click.option(
            "--contradicts", multiple=True, metavar="BELIEF",
            help="A belief that forbids it while active; can be given several times.",
        ),
        click.option(
            "--aligns-with", multiple=True, metavar="BELIEF",
            help="A belief that it serves; can be given several times.",
        ),
        click.option(
            "--deadline", "horizon_max_min", type=duration, metavar="TIME",
            help="How long it may take from when it was proposed: 90min, 36h, 7d, 2w.",
        ),
        click.option(
            "--start", "horizon_min_min", type=duration, metavar="TIME",
            help="How long after it was proposed it may begin.",
        ),
        click.option("--risk", type=float, help="How much may go wrong, 0 to 1."),
        click.option("--effort", type=float, help="What it costs, 0 to 1."),
        click.option("--value", type=float, help="What it is worth, 0 to 1."),
        click.option(
            "--category", type=click.Choice([str(category) for category in GoalCategory]),
            help="Where it comes from.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The fields that were typed, as the forms take them; what was cleared is None or empty."""
    fields: dict[str, Any] = {}
    for name, value in options.items():
        if value is None or value == ():
            continue
        if isinstance(value, Cleared) or value == "":
            fields[name] = None
        elif name in ("success_metrics", "metadata"):
            fields[name] = dict(value)
        else:
            fields[name] = () if value == ("",) else value
    return fields
