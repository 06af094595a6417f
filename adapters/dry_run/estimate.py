"""What a run will ask of language models, take and cost, before anybody is called.

The first steps are rehearsed with stand-ins (`rehearsal`), once with models that do as little as
they can and once with busy ones. What each agent asked there is carried on to the whole run
(`load`), put into time (`pace`) and priced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...actors.llm.agent import LlmAgent
from ...actors.resolved import ResolvedEpisode
from ...scenarios.schema.language_model import ModelConfig, Price
from ...scenarios.world import World
from ..llm.budgets import Budgets
from ..llm.keys import LOCAL
from ..llm.prices import PriceTable, price_of
from .budget_check import BudgetCheck, budget_checks
from .caveats import assumptions, warnings
from .load import Forecast, Load
from .pace import SECONDS_PER_CALL, pace, waiting
from .rehearsal import Rehearsal, rehearse
from .spread import NONE, Spread, json_of

_QUESTIONS = 600
"""Turns of agents with models that a rehearsal should have, about."""
_FEWEST, _MOST = 1, 12
"""Steps of a rehearsal."""


@dataclass(frozen=True)
class ModelEstimate:
    """One model's part of a run."""

    model: str
    api_base: str | None
    agents: int
    load: Load
    price: Price | None
    """None if nobody knows it."""
    price_source: str | None
    usd: Spread | None
    """None if the price is unknown."""
    minutes: Spread
    bound_by: str
    """What sets the time to expect; see `Pace`."""

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "api_base": self.api_base,
            "agents": self.agents,
            **_load_json(self.load),
            "price": None if self.price is None else self.price.model_dump(),
            "price_source": self.price_source,
            "usd": json_of(self.usd),
            "minutes": json_of(self.minutes),
            "bound_by": self.bound_by,
        }


@dataclass(frozen=True)
class Estimate:
    """What a run will ask of language models, take and cost."""

    scenario: str
    steps: int
    rehearsed: int
    """Steps that the estimate was measured on."""
    models: tuple[ModelEstimate, ...]
    load: Load
    usd: Spread | None
    """None if any price is unknown; then `known_usd` is a part of it."""
    known_usd: Spread
    minutes: Spread
    budgets: tuple[BudgetCheck, ...]
    missing_keys: tuple[str, ...]
    """What to say about keys that are not there."""
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]
    price_table: str | None
    """The version of the litellm whose price table was used."""

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The models whose price is unknown."""
        return tuple(dict.fromkeys([one.model for one in self.models if one.price is None]))

    def to_json(self) -> dict[str, Any]:
        return {
            "scenario": self.scenario,
            "steps": self.steps,
            "rehearsed_steps": self.rehearsed,
            **_load_json(self.load),
            "usd": json_of(self.usd),
            "known_usd": json_of(self.known_usd),
            "unpriced": list(self.unpriced),
            "minutes": json_of(self.minutes),
            "models": [one.to_json() for one in self.models],
            "budgets": [check.to_json() for check in self.budgets],
            "missing_keys": list(self.missing_keys),
            "warnings": list(self.warnings),
            "assumptions": list(self.assumptions),
            "price_table": self.price_table,
        }


def estimate(
    episode: ResolvedEpisode,
    *,
    budgets: Sequence[str] = (),
    missing_keys: Sequence[str] = (),
    max_concurrency: int | None = None,
    prices: PriceTable | None = None,
) -> Estimate:
    """Estimate a run. Calls nobody and writes nothing, but runs the code of the scenario's agents.

    `budgets` are laid over the scenario's, as of `--budget`; `missing_keys` is what `Keys.missing`
    says of each model; `max_concurrency` as of `RunOptions`; `prices` the table to use in place of
    the installed one. Raises BadBudget, and RunFailed if the episode itself does.
    Not to be called on an event loop.
    """
    limits = Budgets.of(episode.config, budgets)
    table = prices or PriceTable.installed()
    return _Estimation(
        episode, limits, tuple(dict.fromkeys(missing_keys)), max_concurrency, table
    ).made()


class _Estimation:
    """The making of one estimate."""

    def __init__(
        self,
        episode: ResolvedEpisode,
        limits: Budgets,
        missing_keys: tuple[str, ...],
        max_concurrency: int | None,
        table: PriceTable,
    ) -> None:
        self.episode = episode
        self.config = config = episode.config
        self.limits = limits
        self.missing_keys = missing_keys
        self.at_once = max_concurrency or config.effects.max_concurrency
        self.table = table
        self.world = episode.world
        self.specs = {one.agent: one.spec for one in episode.agents}
        self.kinds = {one.agent: one.made_of for one in episode.agents}
        self.asking = {one.agent: one.model for one in episode.agents if one.model is not None}
        """The agents with a model; scripted ones have no use for it."""
        self.steps = config.simulation.steps

    def made(self) -> Estimate:
        idle, busy = self._rehearsals()
        silent = self._silent(idle, busy)
        loads = {agent: self._load_of(agent, idle, busy) for agent in self.asking}
        models = self._models(loads)
        known = Spread.sum([one.usd for one in models if one.usd is not None])
        total = Load.sum(loads.values())
        bills = {agent: self._bill(agent, load) for agent, load in loads.items()}
        local, remote = [any(_is_local(one) is truth for one in models) for truth in (True, False)]
        checks = budget_checks(self.limits, loads, bills, self.specs)
        return Estimate(
            scenario=self.config.scenario_id,
            steps=self.steps,
            rehearsed=busy.steps,
            models=models,
            load=total,
            usd=None if any(one.price is None for one in models) else known,
            known_usd=known,
            minutes=self._minutes(models, total),
            budgets=tuple(checks),
            missing_keys=self.missing_keys,
            warnings=tuple(warnings((idle, busy), silent, checks)),
            assumptions=tuple(assumptions(local=local, remote=remote, offers=self._has_offers)),
            price_table=self.table.version,
        )

    def _rehearsals(self) -> tuple[Rehearsal, Rehearsal]:
        if all(one.is_scripted for one in self.episode.agents):
            return Rehearsal(0), Rehearsal(0)
        # Agents without a model are played too: what else they ask must be told of.
        wanted = min(_MOST, max(_FEWEST, _QUESTIONS // max(1, len(self.asking))))
        steps = min(self.steps, wanted)
        return rehearse(self.episode, steps, busy=False), rehearse(self.episode, steps, busy=True)

    def _silent(self, idle: Rehearsal, busy: Rehearsal) -> list[str]:
        """The agents that asked nothing though they were given a model for themselves, or wanted
        to ask somebody else first; others that only share a default have no use for it."""
        silent, asked = [], idle.asked.keys() | busy.asked.keys()
        withheld = idle.withheld | busy.withheld
        for agent in [agent for agent in self.asking if agent not in asked]:
            meant = self.specs[agent].llm is not None or withheld
            if meant or getattr(self.kinds[agent], "needs_model", False):
                silent.append(agent)
            else:
                del self.asking[agent]
        return silent

    def _load_of(self, agent: str, idle: Rehearsal, busy: Rehearsal) -> Load:
        forecast = Forecast(
            agent, self.asking[agent], idle, busy, steps=self.steps,
            settings=self._settings(agent),
            offers=self._has_offers,
        )  # fmt: skip
        return forecast.load()

    def _settings(self, agent: str) -> LlmAgent.Params | None:
        made = self.kinds[agent]
        if not issubclass(made, LlmAgent):
            return None
        return made.Params.model_validate(self.specs[agent].params)

    def _models(self, loads: Mapping[str, Load]) -> tuple[ModelEstimate, ...]:
        """One for each config that agents share."""
        askers: dict[str, list[str]] = {}
        for agent, model in self.asking.items():
            askers.setdefault(model.model_dump_json(), []).append(agent)
        return tuple([self._model(agents, loads) for agents in askers.values()])

    def _model(self, agents: Sequence[str], loads: Mapping[str, Load]) -> ModelEstimate:
        model = self.asking[agents[0]]
        load = Load.sum([loads[agent] for agent in agents])
        price = price_of(model, self.table)
        time = pace(model, load, len(agents), steps=self.steps, at_once=self._simultaneous)
        return ModelEstimate(
            model.model, model.api_base, len(agents), load, price, self._source(model, price),
            None if price is None else load.usd(price), time.minutes, time.bound_by,
        )  # fmt: skip

    def _bill(self, agent: str, load: Load) -> Spread | None:
        price = price_of(self.asking[agent], self.table)
        return None if price is None else load.usd(price)

    def _source(self, model: ModelConfig, price: Price | None) -> str | None:
        if price is None:
            return None
        if model.price is not None:
            return "the scenario file"
        return "local" if model.model.startswith(LOCAL) else f"litellm {self.table.version}"

    @property
    def _has_offers(self) -> bool:
        """Whether agents may get offers in this world."""
        return self.world.close_offer is not World.close_offer and len(self.specs) > 1

    @property
    def _simultaneous(self) -> bool:
        return self.config.simulation.turn_order == "simultaneous"

    def _minutes(self, models: Sequence[ModelEstimate], total: Load) -> Spread:
        """Models work side by side, within the run's own limit; steps do not."""
        minutes = (
            waiting(total, len(self.asking), steps=self.steps, at_once=self._simultaneous)
            if any(not _is_local(one) for one in models)
            else NONE
        )
        for one in models:
            minutes = minutes.most(one.minutes)
        remote = Spread.sum([one.load.calls for one in models if not _is_local(one)])
        return minutes.most(SECONDS_PER_CALL.times(remote).per(60 * self.at_once))


def _is_local(one: ModelEstimate) -> bool:
    return one.api_base is None and one.model.startswith(LOCAL)


def _load_json(load: Load) -> dict[str, Any]:
    return {name: json_of(spread.rounded()) for name, spread in load._asdict().items()}
