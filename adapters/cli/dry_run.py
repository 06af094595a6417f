"""What `start --dry-run` shows: what a run would ask of language models, take and cost."""

import json
from collections.abc import Callable, Iterator, Sequence

import click
from rich.console import Console
from rich.table import Table

from ...actors.resolved import ResolvedEpisode
from ..dry_run.budget_check import BudgetCheck
from ..dry_run.estimate import Estimate, ModelEstimate, estimate
from ..dry_run.load import Load
from ..dry_run.spread import Spread
from ..llm.keys import Keys
from ..runs.errors import MissingExtra
from .tables import console, rows_table, safe

_VERDICT = {"enough": "green", "may not suffice": "yellow", "is likely used up": "red",
            "will be used up": "red", "unknown price": "yellow"}  # fmt: skip
_PRICE_HINT = (
    "add `price: {input: …, output: …}` (US dollars per million tokens) to its settings; 0 for "
    "both if it is free"
)


def show_estimate(
    episode: ResolvedEpisode,
    budgets: Sequence[str] = (),
    *,
    as_json: bool = False,
    max_concurrency: int | None = None,
) -> None:
    """Estimate a run and print that, with what is missing before it can start.

    Raises what `estimate` raises.
    """
    missing = _missing(episode)
    print_estimate(
        estimate(episode, budgets=budgets, missing_keys=missing, max_concurrency=max_concurrency),
        as_json=as_json,
    )


def _missing(episode: ResolvedEpisode) -> list[str]:
    """What `start` would say of keys, and of packages, that are not there."""
    missing = []
    try:
        keys = Keys.load()
        for model in episode.models.values():
            try:
                missing.append(keys.missing(model))
            except MissingExtra as extra:
                missing.append(str(extra))
    except MissingExtra as extra:
        missing.append(str(extra))
    return [text for text in missing if text is not None]


def print_estimate(estimated: Estimate, *, as_json: bool = False) -> None:
    """Print an estimate: one JSON object on one line, or tables and sentences."""
    if as_json:
        click.echo(json.dumps(estimated.to_json(), allow_nan=False))
        return
    out = console()
    if not estimated.models:
        costs = "" if estimated.warnings else ": the run costs nothing"
        out.print(f"No agent of {safe(estimated.scenario)} asks a language model{costs}.")
    for one in estimated.models:
        out.print(f"[italic]{safe(_name(one))}[/]")
        out.print(_figures(one.load, one.usd, one.minutes))
        out.print(f"[dim]{_terms(one)}[/]\n")
    if len(estimated.models) > 1:
        out.print(f"[italic]the whole run, {_counted(estimated.steps, 'step')}[/]")
        out.print(_figures(estimated.load, estimated.usd, estimated.minutes))
    if estimated.budgets:
        out.print(_budgets(estimated.budgets))
    _print_words(estimated, out)


def _print_words(estimated: Estimate, out: Console) -> None:
    if estimated.models:
        out.print(_summary(estimated))
    for model in estimated.unpriced:
        out.print(f"[yellow]The price of {safe(model)} is unknown[/]: {safe(_PRICE_HINT)}.")
    for text in estimated.warnings:
        out.print(f"[yellow]Mind[/]: {safe(text)}.")
    for text in estimated.missing_keys:
        out.print(f"[yellow]Before it can start[/]: {safe(text)}.")
    if estimated.models:
        out.print(f"[dim]Measured on a rehearsal of {_counted(estimated.rehearsed, 'step')}.[/]")
        out.print("[dim]Assumed for low, expected and high:[/]")
        for text in estimated.assumptions:
            out.print(f"[dim]- {safe(text)}[/]")
    out.print("Nobody was called, and nothing was written.")


def _summary(estimated: Estimate) -> str:
    """The estimate in two sentences."""
    models = list(dict.fromkeys([one.model for one in estimated.models]))
    whom = safe(models[0]) if len(models) == 1 else f"{len(models)} models"
    asks = f"This run would ask {whom} {_range(estimated.load.calls, _count, ' times')}"
    if estimated.usd is not None:
        asks += f" and cost {_range(estimated.usd, _dollars)}."
    elif estimated.known_usd.high:
        asks += f". What it costs is not known: {_range(estimated.known_usd, _dollars)}, and more."
    else:
        asks += ". What it costs is not known."
    return f"{asks} It would take {_range(estimated.minutes, _duration)}."


def _figures(load: Load, usd: Spread | None, minutes: Spread) -> Table:
    rows: list[tuple[str, Iterator[str]]] = [
        ("calls", map(_count, load.calls)),
        ("prompt tokens", map(_count, load.prompt_tokens)),
        ("completion tokens", map(_count, load.completion_tokens)),
        ("US dollars", iter(["unknown"] * 3) if usd is None else map(_dollars, usd)),
        ("time", map(_duration, minutes)),
    ]
    columns = ("", "low", "expected", "high")
    return rows_table("", columns, [[name, *cells] for name, cells in rows], columns[1:])


def _budgets(checks: tuple[BudgetCheck, ...]) -> Table:
    table = rows_table(
        "Budgets", ("budget of", "limit", "low", "expected", "high", ""),
        [], ("limit", "low", "expected", "high"),
    )  # fmt: skip
    for check in checks:
        shown = _dollars if check.unit == "usd" else _count
        unit = "" if check.unit == "usd" else f" {check.unit}"
        needed = ["?"] * 3 if check.needed is None else [shown(amount) for amount in check.needed]
        verdict = f"[{_VERDICT[check.verdict]}]{check.verdict}[/]"
        table.add_row(safe(check.scope), f"{shown(check.limit)}{unit}", *needed, verdict)
    return table


def _name(one: ModelEstimate) -> str:
    where = "" if one.api_base is None else f" at {one.api_base}"
    return f"{one.model}{where}, {_counted(one.agents, 'agent')}"


def _terms(one: ModelEstimate) -> str:
    """A model's price, and what sets its pace."""
    price = "price unknown"
    if one.price is not None:
        price = (
            f"${_price(one.price.input)} per million prompt tokens, ${_price(one.price.output)} "
            f"per million completion tokens ({one.price_source})"
        )
        if not one.price.input and not one.price.output:
            price = f"free ({one.price_source})"
    return f"{safe(price)}; the time is set by {_PACE[one.bound_by]}"


_PACE = {
    "requests_per_minute": "requests_per_minute",
    "tokens_per_minute": "tokens_per_minute",
    "max_concurrency": "max_concurrency",
    "latency": "how fast it answers",
    "local model": "this machine",
}


def _range(spread: Spread, shown: Callable[[float], str], noun: str = "") -> str:
    """`500 to 1,500 times (about 640)`; one figure if they look the same."""
    low, expected, high = [shown(amount) for amount in (spread.low, _about(spread), spread.high)]
    return f"{low}{noun}" if low == high else f"{low} to {high}{noun} (about {expected})"


def _about(spread: Spread) -> float:
    """What is expected, in two digits, since more would look like knowledge."""
    return min(max(float(f"{spread.expected:.2g}"), spread.low), spread.high)


def _price(usd: float) -> str:
    return f"{usd:.2f}" if usd == round(usd, 2) else f"{usd:g}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _count(amount: float) -> str:
    return f"{round(amount):,}"


def _dollars(amount: float) -> str:
    """To the cent; below ten cents to two digits that mean something."""
    if amount == 0 or amount >= 0.1:
        return f"${amount:,.2f}"
    return f"${amount:.{_places(amount)}f}" if amount >= 1e-6 else "<$0.000001"


def _places(amount: float) -> int:
    places = 2
    while amount < 10.0 ** (1 - places):
        places += 1
    return places


def _duration(minutes: float) -> str:
    if minutes < 1.5:
        return f"{round(minutes * 60)} s"
    if minutes < 10:
        return f"{minutes:.1f} min"
    return f"{round(minutes)} min" if minutes < 120 else f"{minutes / 60:,.1f} h"
