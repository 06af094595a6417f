"""What language models were asked and what it cost, in a line or two for people."""

from collections.abc import Mapping
from typing import Any


def bill_lines(models: Mapping[str, Any]) -> list[str]:
    """The bill of a run, as `LanguageModels.to_json` gives it. Money that is unknown says so."""
    run = models["run"]
    line = (
        f"language models: {run['calls']:,} calls, {run['prompt_tokens']:,} prompt and "
        f"{run['completion_tokens']:,} completion tokens, {_cost(run)}"
    )
    lines = [line]
    if run["unknown_usage_calls"]:
        lines.append(
            f"of these, {run['unknown_usage_calls']:,} calls failed without telling their tokens; "
            f"they are counted at their estimate"
        )
    return lines


def _cost(run: Mapping[str, Any]) -> str:
    if run["usd"] is None:
        return "cost unknown (no price for the model: `price:` in the scenario file gives one)"
    unpriced = run["calls_without_price"]
    more = f" and {unpriced:,} calls at unknown prices" if unpriced else ""
    return f"${run['usd']:,.6f}".rstrip("0").rstrip(".") + more
