"""Options and arguments that several commands share."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from ..runs.catalogue import RunCatalogue

F = TypeVar("F", bound=Callable[..., Any])

out_option = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"),
    show_default=True, help="Folder of the runs.",
)  # fmt: skip

budget_option = click.option(
    "--budget", "budgets", multiple=True, metavar="LIMIT",
    help="Limit what language models may cost, in place of the scenario's budget: usd=5, "
    "tokens=100000, calls=500, role.poster.tokens=5000, agent.llm_1.calls=20; tokens=none lifts "
    "it. A run whose budget is used up pauses at a step boundary.",
)  # fmt: skip

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)


def _complete_scenario(_: click.Context, __: click.Parameter, text: str) -> list[CompletionItem]:
    from ...scenarios.files import shipped_scenarios

    shipped = [CompletionItem(name) for name in shipped_scenarios() if name.startswith(text)]
    return [*shipped, CompletionItem(text, type="file")]


def _complete_run(context: click.Context, _: click.Parameter, text: str) -> list[CompletionItem]:
    rows = RunCatalogue(Path(context.params.get("out") or "runs")).list(limit=50)
    names = ["latest", *[row["run_id"] for row in rows]]
    found = [CompletionItem(name) for name in names if name.startswith(text)]
    return [*found, CompletionItem(text, type="dir")]


scenario_argument = click.argument("scenario", shell_complete=_complete_scenario)
run_argument = click.argument("run", shell_complete=_complete_run)


def _together(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Join options to one decorator; `--help` shows the last one first."""
    return lambda command: reduce(lambda decorated, option: option(decorated), options, command)


override_options = _together(
    click.option(
        "--scenario-param", "params", multiple=True, metavar="KEY=VALUE",
        help="Override a parameter of the world.",
    ),
    click.option(
        "--set", "sets", multiple=True, metavar="KEY=VALUE",
        help="Override a key: governance.transaction_tax_rate=0.1, agents.0.count=5.",
    ),
)  # fmt: skip
"""The options that replace settings of the scenario file."""

cassette_options = _together(
    click.option(
        "--missing", type=click.Choice(["error", "live", "noop"]), default="error",
        show_default=True, help="What becomes of a question that the cassette does not have.",
    ),
    click.option(
        "--cassette", "cassette_file", metavar="FILE",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Answer models and other effects from a cassette; see `gdg-runtime cassette`.",
    ),
)  # fmt: skip
"""The options that name a cassette, which answers in place of models and other effects."""

hosting_options = _together(
    click.option(
        "--verbose", "-v", is_flag=True,
        help="Log each effect that ends, on stderr (JSON lines where that is no terminal).",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Print the run's path and nothing else."),
    json_option,
    click.option(
        "--backend", type=click.Choice(["trio", "asyncio"]), default="trio",
        show_default=True, help="Event loop for effects.",
    ),
    click.option(
        "--max-concurrency", type=click.IntRange(1, 10_000),
        help="Most effects in flight at once; by default as the scenario says.",
    ),
)  # fmt: skip
"""The options that host and show a run; none of them changes what the run does."""
