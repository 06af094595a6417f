"""Runs a file of reference cases: `python tests/golden/check.py FILE`.

Prints each case that misses with what was expected and what came, then a line with the counts.
Exit code 0 if all cases hold, 1 if any misses or is unknown, 2 if the file can't be read. The
form of the file is told in README.md beside this one.
"""

import ast
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gdg_runtime.actors.levers import stack_of
from gdg_runtime.actors.levers.built_in import CircuitBreaker
from gdg_runtime.runtime.randomness import Draws, Stream
from gdg_runtime.scenarios.actions import Action
from gdg_runtime.scenarios.economy.interaction import Interaction, PayoffConfig, PayoffEngine
from gdg_runtime.scenarios.economy.proxy import (
    Observables,
    ProxyComputer,
    ProxyConfig,
    inverse_sigmoid,
    sigmoid,
    sigmoid_bounds,
    sigmoid_derivative,
    uncertainty_band,
)
from gdg_runtime.scenarios.interactions import Account, Charges
from gdg_runtime.scenarios.measures import figure, soft
from gdg_runtime.scenarios.measures import soft as calibration
from gdg_runtime.scenarios.measures.figure import Figure
from gdg_runtime.scenarios.measures.soft import summary
from gdg_runtime.scenarios.schema.governance import GovernanceConfig
from gdg_runtime.scenarios.world import Moment

Input = Mapping[str, Any]
Batches = Mapping[str, list[dict[str, Any]]]
Quantity = Callable[[Input, Batches], Any]

AGENT = "a"
START = Moment(epoch=0, step=0, index=0, hours=0.0)
ACT = Action(tool="act")


class Unknown(Exception):
    """A case that no row of the table can take."""


def _sigmoid(given: Input, _: Batches) -> Any:
    """The reference calls everything about the sigmoid by one name; the input tells which."""
    k = given["k"]
    if "v_hat" in given:
        return sigmoid(given["v_hat"], k)
    if "p" in given:
        return inverse_sigmoid(given["p"], k)
    if "threshold" in given:
        return list(uncertainty_band(k, given["threshold"]))
    return list(sigmoid_bounds(k))


def _proxy(given: Input, _: Batches) -> Any:
    computer = ProxyComputer(ProxyConfig.model_validate(given.get("config", {})))
    if "count" in given:
        return {
            "rework": computer.rework_signal(given["count"]),
            "rejection": computer.rejection_signal(given["count"]),
            "misuse": computer.misuse_signal(given["count"]),
        }
    v_hat, p = computer.compute(Observables(**given["observables"]))
    return {"v_hat": v_hat, "p": p}


def _engine(given: Input) -> PayoffEngine:
    # The reference keeps the proxy's sharpness among the payoff settings; no payoff depends on it.
    config = {key: value for key, value in given.get("config", {}).items() if key != "sigmoid_k"}
    return PayoffEngine(PayoffConfig.model_validate(config))


def _payoff(given: Input, _: Batches) -> Any:
    engine = _engine(given)
    if "interaction" not in given:
        return {
            "break_even_p": engine.break_even_p(),
            "social_break_even_p": engine.social_break_even_p(),
        }
    interaction = _interaction(given["interaction"])
    return {
        "payoff_initiator": engine.payoff_initiator(interaction),
        "payoff_counterparty": engine.payoff_counterparty(interaction),
        "expected_surplus": engine.expected_surplus(interaction.p),
        "expected_harm": engine.expected_harm(interaction.p),
        "total_welfare": engine.total_welfare(interaction),
        "social_surplus": engine.social_surplus(interaction),
    }


def _interaction(fields: Input) -> Interaction:
    return Interaction(**{"accepted": True, "initiator": AGENT, "counterparty": "b", **fields})


def _of_batch(metric: Callable[..., Any], *, payoffs: bool = False) -> Quantity:
    """A metric of a batch; what else the input holds are options of the metric."""

    def quantity(given: Input, batches: Batches) -> Any:
        batch = [_interaction(fields) for fields in batches[given["batch"]]]
        options = {key: value for key, value in given.items() if key not in ("batch", "config")}
        if payoffs:
            return metric(batch, _engine(given), **options)
        return metric(batch, **options)

    return quantity


def _curve(given: Input, batches: Batches) -> Any:
    """The reference gives an empty bin the fraction 0."""
    bins = _of_batch(calibration.calibration_curve)(given, batches)
    return [[mean, 0.0 if fraction is None else fraction, n] for mean, fraction, n in bins]


UNMEASURED = {
    "incoherence": {"disagreement": 0.0, "error": 0.0, "index": 0.0, "n_decisions": 0},
    "obfuscation": {
        "probe_evasion": 0.0,
        "drift": 0.0,
        "rationalization": 0.0,
        "detector_auc": None,
        "belief_shift": 0.0,
    },
}
"""Sections of the reference's summary for replayed decisions and probes, of which these cases
have none: the reference fills them with 0, this project leaves them out."""

SEED_WELFARE = (
    "total_welfare",
    "total_social_surplus",
    "avg_initiator_payoff",
    "avg_counterparty_payoff",
)


def _summary(given: Input, batches: Batches) -> Any:
    sections = _of_batch(summary, payoffs=True)(given, batches)
    chosen = {name: sections["welfare"][name] for name in SEED_WELFARE}
    return {**sections, "welfare": chosen, **UNMEASURED}


def _gini(given: Input, _: Batches) -> Any:
    return figure.gini(given["values"])


def _stream(purpose: str) -> Stream:
    return Draws(0).stream("check", purpose)


def _charges(charges: Charges) -> dict[str, Any]:
    return {
        "cost_a": charges.cost_a,
        "cost_b": charges.cost_b,
        "freeze": list(charges.freeze),
        "unfreeze": list(charges.unfreeze),
        "reputation_deltas": dict(charges.reputation_deltas),
        "resource_deltas": dict(charges.resource_deltas),
    }


def _lever_on_interaction(given: Input, _: Batches) -> Any:
    stack = stack_of(GovernanceConfig.model_validate(given["config"]))
    return _charges(stack.on_interaction(_interaction(given["interaction"]), _stream, START))


def _staking(given: Input, _: Batches) -> Any:
    """Whether the agent may act; with a slash rate, what a worthless interaction costs it."""
    stack = stack_of(GovernanceConfig.model_validate(given["config"]))
    denial = stack.on_action(Account(AGENT, given.get("resources", 0.0)), ACT, START)
    if "stake_slash_rate" not in given["config"]:
        return denial is None
    return _charges(stack.on_interaction(_interaction({"p": 0.0}), _stream, START))


def _circuit_breaker(given: Input, _: Batches) -> Any:
    lever = CircuitBreaker(GovernanceConfig.model_validate(given["config"]))
    seen: list[dict[str, Any]] = []
    for p in given["ps"]:
        charges = lever.on_interaction(_interaction({"p": p}), _stream(lever.name), START)
        standing = lever.standing(AGENT)
        seen.append(
            {
                "avg_toxicity": standing.mean_toxicity,
                "violations": standing.violations,
                "freeze": list(charges.freeze),
            }
        )
    return seen


def _decay(given: Input, _: Batches) -> Any:
    config = GovernanceConfig(reputation_decay_rate=given["reputation_decay_rate"])
    account = Account(AGENT, reputation=given["reputation"])
    deltas = dict(stack_of(config).on_epoch_start([account], START).reputation_deltas)
    return {
        "reputation_deltas": deltas,
        "new_reputation": account.reputation + deltas.get(AGENT, 0.0),
    }


def _vote(given: Input, _: Batches) -> Any:
    config = GovernanceConfig(
        vote_normalization_enabled=given["enabled"],
        max_vote_weight_per_agent=given["max_vote_weight_per_agent"],
    )
    return stack_of(config).vote_weight(AGENT, given["vote_count"])


def _feed(given: Input, _: Batches) -> Any:
    from gdg_runtime.scenarios.worlds.sandbox.institutions.ranked_posts import visibility_score

    return visibility_score(
        net_votes=float(given["upvotes"] - given["downvotes"]),
        replies=given["reply_count"],
        age_hours=given["age_seconds"] / 3600.0,
        reply_weight=given["reply_weight"],
        age_decay=given["age_decay"],
    )


QUANTITIES: dict[str, Quantity] = {
    "sigmoid": _sigmoid,
    "sigmoid_derivative": lambda given, _: sigmoid_derivative(given["v_hat"], given["k"]),
    "proxy": _proxy,
    "payoff": _payoff,
    "toxicity_rate": _of_batch(soft.toxicity_rate),
    "toxicity_rate_all": _of_batch(soft.toxicity_rate_all),
    "conditional_loss_initiator": _of_batch(soft.conditional_loss_initiator, payoffs=True),
    "conditional_loss_counterparty": _of_batch(soft.conditional_loss_counterparty, payoffs=True),
    "spread": _of_batch(soft.spread, payoffs=True),
    "quality_gap": _of_batch(soft.quality_gap),
    "average_quality": _of_batch(soft.average_quality),
    "uncertain_fraction": _of_batch(soft.uncertain_fraction),
    "participation_by_quality": _of_batch(soft.participation_by_quality),
    "welfare_metrics": _of_batch(soft.welfare_metrics, payoffs=True),
    "calibration_error": _of_batch(calibration.calibration_error),
    "brier_score": _of_batch(calibration.brier_score),
    "expected_calibration_error": _of_batch(calibration.expected_calibration_error),
    "calibration_curve": _curve,
    "log_loss": _of_batch(calibration.log_loss),
    "discrimination_auc": _of_batch(calibration.discrimination_auc),
    "quality_distribution": _of_batch(calibration.quality_distribution),
    "quality_variance": _of_batch(soft.quality_variance),
    "quality_std": _of_batch(soft.quality_std),
    "payoff_variance_initiator": _of_batch(soft.payoff_variance_initiator, payoffs=True),
    "payoff_variance_counterparty": _of_batch(soft.payoff_variance_counterparty, payoffs=True),
    "coefficient_of_variation": _of_batch(soft.coefficient_of_variation, payoffs=True),
    "metrics_summary": _summary,
    "gini": _gini,
    "lever_tax": _lever_on_interaction,
    "lever_audit": _lever_on_interaction,
    "lever_staking": _staking,
    "lever_circuit_breaker": _circuit_breaker,
    "lever_decay": _decay,
    "lever_vote": _vote,
    "feed": _feed,
}
"""The reference's name of a quantity → how this project computes it from a case's input."""

GROUPS = (
    "sigmoid",
    "proxy",
    "payoff",
    "metrics",
    "metrics_summary",
    "gini",
    "lever_tax",
    "lever_audit",
    "lever_staking",
    "lever_circuit_breaker",
    "lever_decay",
    "lever_vote",
    "feed",
)

_NAME = re.compile(r"(?P<name>\w+)(?:\((?P<options>.*)\))?")


def compute(case: Mapping[str, Any], batches: Batches) -> Any:
    """What this project makes of a case. Raises Unknown where the table has no row for it.

    A quantity may carry options in parentheses, `average_quality(accepted_only=True)`; one
    without a value, `(bins)`, is in the input.
    """
    match = _NAME.fullmatch(str(case["quantity"]))
    if case["group"] not in GROUPS:
        raise Unknown(f"unknown group {case['group']!r}")
    if match is None or match["name"] not in QUANTITIES:
        raise Unknown(f"unknown quantity {case['quantity']!r}")
    given = dict(case["input"])
    for option in (match["options"] or "").split(","):
        name, equals, value = option.partition("=")
        if equals:
            given[name.strip()] = ast.literal_eval(value.strip())
    return _plain(QUANTITIES[match["name"]](given, batches))


def _plain(result: Any) -> Any:
    if isinstance(result, Figure):
        return result.value
    if isinstance(result, dict):
        return {key: _plain(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [_plain(value) for value in result]
    return result


def agree(expected: Any, got: Any, tolerance: float) -> bool:
    """Whether two results are the same: numbers to the tolerance (relative above 1), all else
    exactly."""
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and expected.keys() == got.keys()
            and all(agree(value, got[key], tolerance) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(got, list)
            and len(expected) == len(got)
            and all(
                agree(left, right, tolerance) for left, right in zip(expected, got, strict=True)
            )
        )
    if _is_number(expected) and _is_number(got):
        return bool(abs(expected - got) <= tolerance * max(1.0, abs(expected)))
    return type(expected) is type(got) and bool(expected == got)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def run(path: Path) -> int:
    """Check all cases of a file, print what misses, and give the exit code."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cases, batches = document["cases"], document.get("batches", {})
        tolerance = float(document.get("tolerance", 1e-12))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{path}: no file of reference cases: {error!r}", file=sys.stderr)
        return 2
    missed = unknown = 0
    for case in cases:
        place = f"{case.get('id', '?')} {case.get('quantity', '?')}"
        try:
            got = compute(case, batches)
        except Unknown as error:
            unknown += 1
            print(f"UNKNOWN {place}: {error}")
            continue
        except Exception as error:  # a case that breaks is a case that misses
            got = f"{type(error).__name__}: {error}"
        if not agree(case["expected"], got, tolerance):
            missed += 1
            print(f"MISS {place}\n  input    {json.dumps(case['input'])}")
            print(f"  expected {json.dumps(case['expected'])}\n  got      {json.dumps(got)}")
    held = len(cases) - missed - unknown
    print(f"{len(cases)} cases: {held} hold, {missed} miss, {unknown} unknown")
    return 1 if missed or unknown else 0


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python tests/golden/check.py FILE", file=sys.stderr)
        return 2
    return run(Path(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
