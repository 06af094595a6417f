"""What `start --dry-run` shows: what a run would ask of language models, take and cost."""

import json
from collections.abc import Callable, Iterator

import click
from rich.console import Console
from rich.table import Table

from ..llm.budget_check import BudgetCheck
from ..llm.estimate import Estimate, ModelEstimate
from ..llm.load import Load
from ..llm.spread import Spread
from .tables import console, rows_table, safe

_VERDICT = {"enough": "green", "may not suffice": "yellow", "is likely used up": "red",
            "will be used up": "red", "unknown price": "yellow"}  # fmt: skip
_PRICE_HINT = (
    "add `price: {input: …, output: …}` (US dollars per million tokens) to its settings; 0 for "
    "both if it is free"
)


def print_estimate(estimate: Estimate, *, as_json: bool = False) -> None:
    """Print an estimate: one JSON object on one line, or tables and sentences."""
    if as_json:
        click.echo(json.dumps(estimate.to_json(), allow_nan=False))
        return
    out = console()
    if not estimate.models:
        out.print(
            f"No agent of {safe(estimate.scenario)} asks a language model: the run costs nothing."
        )
    for one in estimate.models:
        out.print(f"[italic]{safe(_name(one))}[/]")
        out.print(_figures(one.load, one.usd, one.minutes))
        out.print(f"[dim]{_terms(one)}[/]\n")
    if len(estimate.models) > 1:
        out.print(f"[italic]the whole run, {_counted(estimate.steps, 'step')}[/]")
        out.print(_figures(estimate.load, estimate.usd, estimate.minutes))
    if estimate.budgets:
        out.print(_budgets(estimate.budgets))
    _print_words(estimate, out)


def _print_words(estimate: Estimate, out: Console) -> None:
    if estimate.models:
        out.print(_summary(estimate))
    for model in estimate.unpriced:
        out.print(f"[yellow]The price of {safe(model)} is unknown[/]: {safe(_PRICE_HINT)}.")
    for text in estimate.warnings:
        out.print(f"[yellow]Mind[/]: {safe(text)}.")
    for text in estimate.missing_keys:
        out.print(f"[yellow]Before it can start[/]: {safe(text)}.")
    if estimate.models:
        out.print(f"[dim]Measured on a rehearsal of {_counted(estimate.rehearsed, 'step')}.[/]")
        out.print("[dim]Assumed for low, expected and high:[/]")
        for text in estimate.assumptions:
            out.print(f"[dim]- {safe(text)}[/]")
    out.print("Nobody was called, and nothing was written.")


def _summary(estimate: Estimate) -> str:
    """The estimate in two sentences."""
    models = list(dict.fromkeys([one.model for one in estimate.models]))
    whom = safe(models[0]) if len(models) == 1 else f"{len(models)} models"
    asks = f"This run would ask {whom} {_range(estimate.load.calls, _count, ' times')}"
    if estimate.usd is not None:
        asks += f" and cost {_range(estimate.usd, _dollars)}."
    elif estimate.known_usd.high:
        asks += f". What it costs is not known: {_range(estimate.known_usd, _dollars)}, and more."
    else:
        asks += ". What it costs is not known."
    return f"{asks} It would take {_range(estimate.minutes, _duration)}."


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
