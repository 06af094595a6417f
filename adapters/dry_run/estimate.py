"""Estimate what a run will ask of language models, take and cost, before any model is called.

The first steps are rehearsed with fake models: once with idle ones, which do as little as they
can, and once with busy ones. What each agent asked there is carried on to the whole run, put into
time, priced, and held against the budgets.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ...actors.llm.agent import LlmAgent
from ...actors.resolved import ResolvedAgent, ResolvedEpisode
from ...scenarios.schema.language_model import LOCAL, Budget, ModelConfig, Price
from ...scenarios.schema.sections import SimulationConfig
from ...scenarios.world import World
from ..llm.ledger import Scope, Unit, read_budgets
from ..llm.prices import PriceTable, price_of
from .rehearsal import Rehearsal, rehearse
from .usage_forecast import MISCOUNT, NONE, REPEATS, REPLY, Forecast, Range, UsageForecast

_QUESTIONS = 600
"""Turns of agents with models that a rehearsal should have, about."""
_FEWEST, _MOST = 1, 12
"""Steps of a rehearsal."""
_SECONDS_PER_CALL = Range(1.0, 3.0, 10.0)
"""Assumed of a provider's answers."""
_LOCAL_TOKENS_PER_SECOND = (70.0, 20.0)
"""Tokens of prompts and of replies that the small local model handles, on one plain core."""
_LOCAL_SPREAD = Range(0.5, 1.0, 2.0)
"""Slowest and fastest machines, as parts of that time."""
_LOCAL_MODEL = "local model"
_NAMED = 3
"""Agents that a warning names."""


class _Row(NamedTuple):
    """One agent that will ask a model: the table that everything is summed from."""

    one: ResolvedAgent
    model: ModelConfig
    usage: UsageForecast
    usd: Range | None
    """None if the price is unknown."""


@dataclass(frozen=True)
class BudgetCheck:
    """A limit, and what the run is likely to need of it."""

    scope: Scope
    """The owner; of several agents with the same limit the one that needs most."""
    unit: Unit
    limit: float
    needed: Range | None
    """None if a price is unknown."""
    verdict: str
    """`enough`; `may not suffice` (at the most), `is likely used up` (as expected), `will be
    used up` (even at the least); `unknown price`."""

    @property
    def likely(self) -> float:
        """The expected need; more than anything where that is unknown."""
        return math.inf if self.needed is None else self.needed.expected


@dataclass(frozen=True)
class ModelEstimate:
    """One model's part of a run."""

    model: str
    api_base: str | None
    agents: int
    usage: UsageForecast
    price: Price | None
    """None if it is unknown."""
    price_source: str | None
    usd: Range | None
    """None if the price is unknown."""
    minutes: Range
    bound_by: str
    """The limit that sets the expected time: `requests_per_minute`, `tokens_per_minute`,
    `max_concurrency`, `latency` (the answers that wait for one another) or `local model`."""


@dataclass(frozen=True)
class Estimate:
    """The estimate of a run: what it asks of language models, takes and costs."""

    scenario: str
    steps: int
    rehearsed_steps: int
    """Steps that the estimate was measured on."""
    usage: UsageForecast
    usd: Range | None
    """None if any price is unknown; then `known_usd` is a part of it."""
    known_usd: Range
    unpriced: tuple[str, ...]
    """The models whose price is unknown."""
    minutes: Range
    models: tuple[ModelEstimate, ...]
    budgets: tuple[BudgetCheck, ...]
    missing_keys: tuple[str, ...]
    """Sentences about keys that are not there."""
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]
    price_table: str | None
    """The version of the litellm whose price table was used."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self, dict_factory=_plain)


def estimate(
    episode: ResolvedEpisode,
    *,
    budgets: Sequence[str] = (),
    missing_keys: Sequence[str] = (),
    max_concurrency: int | None = None,
    prices: PriceTable | None = None,
) -> Estimate:
    """Estimate a run. Call no model and write nothing, but run the code of the scenario's agents.

    `budgets` are laid over the scenario's, as of `--budget`; `missing_keys` is what `missing_key`
    says of each model; `max_concurrency` as of `RunOptions`; `prices` the table to use in place of
    the installed one. Raises BadBudget, and RunFailed if the episode itself does.
    Not to be called on an event loop.
    """
    config, table = episode.config, prices or PriceTable.installed()
    limits = read_budgets(config, budgets)
    simulation, at_once = config.simulation, max_concurrency or config.effects.max_concurrency
    has_offers = episode.world.close_offer is not World.close_offer and len(episode.agents) > 1
    idle, busy = [_rehearsed(episode, busy=busy) for busy in (False, True)]
    rows, silent = _asking(episode, idle, busy, table, has_offers)
    by_model: dict[str, list[_Row]] = {}
    for row in rows:
        by_model.setdefault(row.model.model_dump_json(), []).append(row)
    models = [_model(shared, table, simulation) for shared in by_model.values()]
    known = sum([one.usd for one in models if one.usd is not None], NONE)
    remote = [one for one in models if one.bound_by != _LOCAL_MODEL]
    # Models work side by side, within the run's own limit; steps do not.
    usage = _usage(rows)
    minutes = _waiting(usage, len(rows), simulation) if remote else NONE
    for part in models:
        minutes = minutes.at_least(part.minutes)
    calls = sum([one.usage.calls for one in remote], NONE)
    minutes = minutes.at_least(_SECONDS_PER_CALL * calls / (60 * at_once))
    checks = tuple(_budget_checks(limits, rows))
    return Estimate(
        scenario=config.scenario_id,
        steps=simulation.steps,
        rehearsed_steps=busy.steps,
        models=tuple(models),
        usage=usage,
        usd=None if any(one.price is None for one in models) else known,
        known_usd=known,
        unpriced=tuple(dict.fromkeys([one.model for one in models if one.price is None])),
        minutes=minutes,
        budgets=checks,
        missing_keys=tuple(dict.fromkeys(missing_keys)),
        warnings=tuple(_warnings((idle, busy), silent, checks)),
        assumptions=tuple(_assumptions(len(models) > len(remote), bool(remote), has_offers)),
        price_table=table.version,
    )


def _plain(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make plain JSON data of the fields of a part of the estimate, in their order."""
    plain: dict[str, Any] = {}
    for name, value in fields:
        if name == "usage":
            for metric, amounts in value.items():
                plain[metric] = {at: round(amount) for at, amount in amounts.items()}
        elif name == "scope":
            plain |= {"scope": value.kind, "name": value.name or None}
        else:
            plain[name] = value.model_dump() if isinstance(value, Price) else value
    return plain


def _usage(rows: Iterable[_Row]) -> UsageForecast:
    return sum([row.usage for row in rows], UsageForecast())


def _rehearsed(episode: ResolvedEpisode, *, busy: bool) -> Rehearsal:
    """Rehearse with idle or with busy models; not at all where nobody could ask anything."""
    if all(one.is_scripted for one in episode.agents):
        return Rehearsal()
    # Agents without a model are played too: what else they ask must be warned of.
    asking = sum([one.model is not None for one in episode.agents])
    wanted = min(_MOST, max(_FEWEST, _QUESTIONS // max(1, asking)))
    return rehearse(episode, min(episode.config.simulation.steps, wanted), busy=busy)


def _asking(
    episode: ResolvedEpisode, idle: Rehearsal, busy: Rehearsal, table: PriceTable, has_offers: bool
) -> tuple[list[_Row], list[str]]:
    """Return the agents that will ask a model, and which of them asked nothing in the rehearsals.

    Those were given a model for themselves, or wanted to ask somebody else first; others that only
    share a default have no use for it.
    """
    asked, withheld = idle.asked.keys() | busy.asked.keys(), idle.withheld | busy.withheld
    steps = episode.config.simulation.steps
    rows, silent = [], []
    for one in episode.agents:
        made, model = one.made_of, one.model
        if model is None:
            continue
        if one.agent not in asked:
            needs_model = getattr(made, "needs_model", False)
            if one.spec.llm is None and not withheld and not needs_model:
                continue
            silent.append(one.agent)
        params = one.spec.params
        settings = made.Params.model_validate(params) if issubclass(made, LlmAgent) else None
        usage = Forecast(one.agent, model, idle, busy, steps, settings, has_offers).usage()
        price = price_of(model, table)
        rows.append(_Row(one, model, usage, None if price is None else usage.usd(price)))
    return rows, silent


def _model(rows: Sequence[_Row], table: PriceTable, simulation: SimulationConfig) -> ModelEstimate:
    """Sum up the agents that share a model's config."""
    model, usage = rows[0].model, _usage(rows)
    price, source, usd = price_of(model, table), None, None
    if price is not None:
        known = "local" if model.model.startswith(LOCAL) else f"litellm {table.version}"
        source = known if model.price is None else "the scenario file"
        usd = usage.usd(price)
    time = _duration(model, usage, len(rows), simulation)
    return ModelEstimate(model.model, model.api_base, len(rows), usage, price, source, usd, *time)


def _duration(
    model: ModelConfig, usage: UsageForecast, agents: int, simulation: SimulationConfig
) -> tuple[Range, str]:
    """Return the minutes that a model needs, and what sets them."""
    if model.is_local:
        prompts, replies = _LOCAL_TOKENS_PER_SECOND
        seconds = usage.prompt_tokens / prompts + usage.completion_tokens / replies
        return _LOCAL_SPREAD * seconds / 60, _LOCAL_MODEL
    per_minute, tokens = model.requests_per_minute, model.tokens_per_minute
    candidates = {
        "requests_per_minute": usage.calls / per_minute if per_minute else NONE,
        "tokens_per_minute": usage.tokens / tokens if tokens else NONE,
        "max_concurrency": _SECONDS_PER_CALL * usage.calls / (60 * model.max_concurrency),
        "latency": _waiting(usage, agents, simulation),
    }
    slowest = NONE
    for minutes in candidates.values():
        slowest = slowest.at_least(minutes)
    return slowest, max(candidates, key=lambda name: candidates[name].expected)


def _waiting(usage: UsageForecast, agents: int, simulation: SimulationConfig) -> Range:
    """Return the minutes of answers that wait for one another: an agent's own, or all of them.

    Some agent waits in every step in which any of them asks.
    """
    calls = usage.calls
    if simulation.turn_order == "simultaneous" and agents:
        once_a_step = Range(*[min(total, simulation.steps) for total in calls])
        calls = (calls / agents).at_least(once_a_step)
    return _SECONDS_PER_CALL * calls / 60


def _budget_checks(limits: Mapping[Scope, Budget], rows: Sequence[_Row]) -> list[BudgetCheck]:
    """Hold each limit against the agents that it is for."""
    checks: list[BudgetCheck] = []
    by_agent: Mapping[str, _Row] = {row.one.agent: row for row in rows}
    of_agents: dict[tuple[Unit, float], list[BudgetCheck]] = {}
    for scope, budget in limits.items():
        agent = scope.name.rpartition("/")[2]
        if scope.kind != "agent":
            concerned = [row for row in rows if scope.name in ("", row.one.spec.role)]
            checks += _checks(scope, budget, concerned)
        elif agent in by_agent:
            for check in _checks(Scope("agent", agent), budget, [by_agent[agent]]):
                of_agents.setdefault((check.unit, check.limit), []).append(check)
    return checks + [max(alike, key=lambda check: check.likely) for alike in of_agents.values()]


def _checks(scope: Scope, budget: Budget, rows: Sequence[_Row]) -> Iterator[BudgetCheck]:
    known = [row.usd for row in rows if row.usd is not None]
    usage = _usage(rows)
    needed: dict[Unit, Range | None] = {
        "usd": sum(known, NONE) if len(known) == len(rows) else None,
        "tokens": usage.tokens.rounded(),
        "calls": usage.calls.rounded(),
    }
    for unit, amount in needed.items():
        limit: float | None = getattr(budget, unit)
        if limit is not None:
            yield BudgetCheck(scope, unit, limit, amount, _verdict(limit, amount))


def _verdict(limit: float, needed: Range | None) -> str:
    if needed is None:
        return "unknown price"
    if needed.low > limit:
        return "will be used up"
    if needed.expected > limit:
        return "is likely used up"
    return "may not suffice" if needed.high > limit else "enough"


def _warnings(
    rehearsals: Sequence[Rehearsal], silent: Sequence[str], checks: Sequence[BudgetCheck]
) -> Iterator[str]:
    """Say what may be wrong with the estimate."""
    withheld = sorted(set().union(*[rehearsal.withheld for rehearsal in rehearsals]))
    if withheld:
        yield (
            f"agents ask others than models ({', '.join(withheld)}): they were not asked, so "
            f"their costs, and what agents would do with their answers, are not counted"
        )
    failures = sum([rehearsal.failures for rehearsal in rehearsals])
    if failures:
        times = "once" if failures == 1 else f"{failures} times"
        yield (
            f"agents' own code failed {times} in the rehearsal, where models gave made-up "
            f"answers: questions may be missing"
        )
    if any(rehearsal.endless for rehearsal in rehearsals):
        yield (
            "an agent would not stop asking its model in the rehearsal: it may ask far more often "
            "than this estimate says"
        )
    if any(check.needed is None for check in checks):
        yield (
            "a budget in US dollars can't be kept while a price is unknown: the run would not start"
        )
    if silent:
        more = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
        yield (
            f"in the first steps {', '.join(silent[:_NAMED])}{more} asked nothing, so nothing is "
            f"counted for them"
        )


def _assumptions(local: bool, remote: bool, offers: bool) -> Iterator[str]:
    """Say what the low, the expected and the high values rest on."""
    if not local and not remote:
        return
    yield "every step is played; failed requests that are sent again are not counted"
    yield f"replies that have to be asked for again: none, {REPEATS.expected:.0%}, all"
    if offers:
        yield (
            "offers of others: none, as in the rehearsal, one for each agent in each step (twice "
            "the rehearsal's if that is more)"
        )
    yield (
        f"tokens: one for 4 bytes, times {MISCOUNT.low:g}, {MISCOUNT.expected:g}, "
        f"{MISCOUNT.high:.2f}; a reply has {REPLY.low:g}, {REPLY.expected:g}, max_tokens"
    )
    if remote:
        seconds = ", ".join([f"{each:g}" for each in _SECONDS_PER_CALL])
        yield f"an answer takes {seconds} s, unless a rate limit holds it back"
    if local:
        prompts, replies = _LOCAL_TOKENS_PER_SECOND
        yield (
            f"the local model reads {prompts:g} and writes {replies:g} tokens a second, or twice "
            f"or half as many"
        )
