"""Show what a run would ask of language models, take and cost: `start --dry-run`."""

import json
import math
from collections.abc import Callable, Sequence

import click
from rich.table import Table

from ...actors.resolved import ResolvedEpisode
from ..dry_run.estimate import BudgetCheck, Estimate, ModelEstimate, estimate
from ..dry_run.usage_forecast import Range
from ..llm.keys import Keys
from ..llm.language_models import missing_key
from ..runs.errors import MissingExtra
from .tables import console, counted, duration, rows_table, safe

_VERDICT = {"enough": "green", "may not suffice": "yellow", "is likely used up": "red",
            "will be used up": "red", "unknown price": "yellow"}  # fmt: skip
_PRICE_HINT = (
    "add `price: {input: …, output: …}` (US dollars per million tokens) to its settings; 0 for "
    "both if it is free"
)


def show_estimate(
    episode: ResolvedEpisode, budgets: Sequence[str] = (), *, as_json: bool = False,
    max_concurrency: int | None = None,
) -> None:  # fmt: skip
    """Estimate a run and print that, with what is missing before it can start.

    Raises what `estimate` raises.
    """
    estimated = estimate(
        episode, budgets=budgets, missing_keys=_missing(episode), max_concurrency=max_concurrency
    )
    print_estimate(estimated, as_json=as_json)


def _missing(episode: ResolvedEpisode) -> list[str]:
    """Return what `start` would say of keys, and of packages, that are not there."""
    try:
        keys = Keys.load()
    except MissingExtra as extra:
        return [str(extra)]
    missing = []
    for model in episode.models.values():
        try:
            missing.append(missing_key(model, keys))
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
        out.print(_metrics(one))
        out.print(f"[dim]{_terms(one)}[/]\n")
    if len(estimated.models) > 1:
        out.print(f"[italic]the whole run, {counted(estimated.steps, 'step')}[/]")
        out.print(_metrics(estimated))
    if estimated.budgets:
        out.print(_budgets(estimated.budgets))
    if estimated.models:
        out.print(_summary(estimated))
    for model in estimated.unpriced:
        out.print(f"[yellow]The price of {safe(model)} is unknown[/]: {safe(_PRICE_HINT)}.")
    for text in estimated.warnings:
        out.print(f"[yellow]Mind[/]: {safe(text)}.")
    for text in estimated.missing_keys:
        out.print(f"[yellow]Before it can start[/]: {safe(text)}.")
    if estimated.models:
        out.print(
            f"[dim]Measured on a rehearsal of {counted(estimated.rehearsed_steps, 'step')}.[/]"
        )
        out.print("[dim]Assumed for low, expected and high:[/]")
        for text in estimated.assumptions:
            out.print(f"[dim]- {safe(text)}[/]")
    out.print("Nobody was called, and nothing was written.")


def _summary(estimated: Estimate) -> str:
    """Put the estimate into two sentences."""
    models = list(dict.fromkeys([one.model for one in estimated.models]))
    whom = safe(models[0]) if len(models) == 1 else f"{len(models)} models"
    asks = f"This run would ask {whom} {_range(estimated.usage.calls, _count, ' times')}"
    if estimated.usd is not None:
        asks += f" and cost {_range(estimated.usd, _dollars)}."
    elif estimated.known_usd.high:
        asks += f". What it costs is not known: {_range(estimated.known_usd, _dollars)}, and more."
    else:
        asks += ". What it costs is not known."
    return f"{asks} It would take {_range(estimated.minutes * 60, duration)}."


def _metrics(one: Estimate | ModelEstimate) -> Table:
    rows: list[tuple[str, Range | None, Callable[[float], str]]] = [
        ("calls", one.usage.calls, _count),
        ("prompt tokens", one.usage.prompt_tokens, _count),
        ("completion tokens", one.usage.completion_tokens, _count),
        ("US dollars", one.usd, _dollars),
        ("time", one.minutes * 60, duration),
    ]
    columns = ("", "low", "expected", "high")
    cells = [[name, *_cells(metric, shown, "unknown")] for name, metric, shown in rows]
    return rows_table("", columns, cells, columns[1:])


def _budgets(checks: tuple[BudgetCheck, ...]) -> Table:
    rows = []
    for check in checks:
        shown = _dollars if check.unit == "usd" else _count
        unit = "" if check.unit == "usd" else f" {check.unit}"
        limit, needed = f"{shown(check.limit)}{unit}", _cells(check.needed, shown, "?")
        verdict = f"[{_VERDICT[check.verdict]}]{check.verdict}[/]"
        rows.append([safe(check.scope), limit, *needed, verdict])
    columns = ("budget of", "limit", "low", "expected", "high", "")
    return rows_table("Budgets", columns, rows, columns[1:-1])


def _cells(metric: Range | None, shown: Callable[[float], str], unknown: str) -> list[str]:
    return [unknown] * 3 if metric is None else [shown(amount) for amount in metric]


def _name(one: ModelEstimate) -> str:
    where = "" if one.api_base is None else f" at {one.api_base}"
    return f"{one.model}{where}, {counted(one.agents, 'agent')}"


def _terms(one: ModelEstimate) -> str:
    """Say what a model costs, and what sets its time."""
    price = "price unknown"
    if one.price is not None:
        price = (
            f"${_price(one.price.input)} per million prompt tokens, ${_price(one.price.output)} "
            f"per million completion tokens ({one.price_source})"
        )
        if not one.price.input and not one.price.output:
            price = f"free ({one.price_source})"
    return f"{safe(price)}; the time is set by {_BOUND_BY.get(one.bound_by, one.bound_by)}"


_BOUND_BY = {"latency": "how fast it answers", "local model": "this machine"}
"""Names for people of what bounds the time, where a setting is none."""


def _range(metric: Range, shown: Callable[[float], str], noun: str = "") -> str:
    """Show `500 to 1,500 times (about 640)`; one number if they look the same."""
    low, expected, high = [shown(amount) for amount in (metric.low, _about(metric), metric.high)]
    return f"{low}{noun}" if low == high else f"{low} to {high}{noun} (about {expected})"


def _about(metric: Range) -> float:
    """Round the expected value to two digits, since more would look like knowledge."""
    return min(max(float(f"{metric.expected:.2g}"), metric.low), metric.high)


def _price(usd: float) -> str:
    return f"{usd:.2f}" if usd == round(usd, 2) else f"{usd:g}"


def _count(amount: float) -> str:
    return f"{round(amount):,}"


def _dollars(amount: float) -> str:
    """Show dollars to the cent; below ten cents to two digits that mean something."""
    if amount == 0 or amount >= 0.1:
        return f"${amount:,.2f}"
    places = 1 - math.floor(math.log10(amount))
    return f"${amount:.{places}f}" if amount >= 1e-6 else "<$0.000001"
