"""The metrics actor: accumulates while the run goes on, in memory that does not grow with it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..runtime.actor import Actor, handles
from ..runtime.context import Context
from ..scenarios.actions import Event
from ..scenarios.economy.interaction import Interaction, PayoffEngine
from ..scenarios.measures.drift import DriftAccumulator
from ..scenarios.measures.figure import Figure
from ..scenarios.measures.metric import EpochAccumulator, Metric
from ..scenarios.world import World
from .llm.chat import ModelUse
from .messages import CloseEpoch, Finish, Log, RecorderRef, Scored
from .ports import Observer
from .resolved import ResolvedEpisode

SCHEMA_VERSION = 1

KEPT_SCORES = 50_000
"""Alignment scores kept for percentiles and recovery times, over all agents of an episode."""
FEW_AGENTS = 4
"""Up to so many agents, the Theil-Sen slope is computed for up to 500 steps, else for 64."""


class Metrics(Actor):
    """Computes metrics per epoch, over the whole episode, and per agent."""

    def __init__(
        self, episode: ResolvedEpisode, world: World, recorder: RecorderRef, observer: Observer
    ) -> None:
        config = episode.config
        self.recorder = recorder
        self.observer = observer
        self.heading = {"scenario": config.scenario_id, "seed": config.simulation.seed}
        self.agents = agents = [one.agent for one in episode.agents]
        self.new_tally = partial(Tally, world.payoff_engine, episode.metric_classes)
        self.epoch = self.new_tally()
        self.overall = self.new_tally()
        # Every agent's scores are kept within a budget for all, and pairs of scores are only
        # compared where few agents leave time for it: the cost of an agent-step stays constant.
        keep = min(500, KEPT_SCORES // len(agents))
        most = 500 if len(agents) <= FEW_AGENTS else 64
        new_drift = partial(
            DriftAccumulator, config.metrics.alignment_threshold, keep=keep, theil_sen_most=most,
            pressure_start=getattr(world.config, "pressure_start", None),
        )  # fmt: skip
        self.drift = {agent: new_drift() for agent in agents}
        self.model_use: dict[str, ModelUse] = {}
        """By agent; of those that asked language models."""
        self.of_world: dict[str, tuple[float, int]] = {}
        """The world's own metrics: the sum, and the number of epochs in which each is defined."""
        self.epochs: list[tuple[int, dict[str, Figure]]] = []
        """Kept as figures, a tenth of what their JSON form would take."""

    @handles
    def on_scored(self, message: Scored, ctx: Context) -> None:
        epoch, overall, drift = self.epoch, self.overall, self.drift
        index = message.moment.index
        for interaction in message.interactions:
            epoch.interaction(interaction)
            overall.interaction(interaction)
        for agent, alignment, tool, acted in message.turns:
            score = alignment.value
            epoch.turn(agent, score, acted)
            overall.turn(agent, score, acted)
            drift[agent].add(index, score, tool, alignment.reason == "forced")
        for agent, use in message.model_use:
            known = self.model_use.get(agent)
            self.model_use[agent] = use if known is None else known + use

    @handles
    def on_close_epoch(self, message: CloseEpoch, ctx: Context) -> dict[str, Any]:
        closed = self.epoch.close(len(self.agents))
        for name, value in message.world.items():
            figure = value if isinstance(value, Figure) else Figure(value, len(self.agents))
            closed[name] = figure
            total, n = self.of_world.setdefault(name, (0.0, 0))
            if figure.value is not None:
                self.of_world[name] = (total + figure.value, n + 1)
        self.epochs.append((message.moment.epoch, closed))
        figures = _as_json(closed)
        self.epoch = self.new_tally()
        completed = Event("epoch_completed", {"metrics": figures})
        ctx.tell(self.recorder, Log(moment=message.moment, events=[completed]))
        return figures

    @handles
    def on_finish(self, message: Finish, ctx: Context) -> None:
        overall = self.overall.close(len(self.agents))
        for name, (total, n) in self.of_world.items():
            overall[name] = _mean(total, n, "it is defined in no epoch")
        self.observer.episode_closed(_as_json(overall))
        document = {
            "schema_version": SCHEMA_VERSION,
            **self.heading,
            "ended": message.reason,
            "overall": _as_json(overall),
            # A generator, written as a list: the whole is never in memory at once.
            "epochs": ({"epoch": epoch, "metrics": _as_json(kept)} for epoch, kept in self.epochs),
            "agents": {agent: self._agent(agent) for agent in self.agents},
        }
        if self.model_use:
            document["language_models"] = sum(self.model_use.values(), ModelUse())._asdict()
        if message.goals is not None:
            document["goals"] = message.goals
        finish = Finish(moment=message.moment, reason=message.reason, figures=document)
        ctx.tell(self.recorder, finish)

    def _agent(self, agent: str) -> dict[str, Any]:
        drift = self.drift[agent]
        entry = {
            "risk_band": drift.risk_band,
            "drift": _as_json(drift.close()),
            "gdg_compat": drift.gdg_compat(),
        }
        use = self.model_use.get(agent)
        return entry if use is None else {**entry, "language_models": use._asdict()}


def _as_json(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: figure.to_json() for name, figure in figures.items()}


def _mean(total: float, n: int, absent: str) -> Figure:
    return Figure.of(total / n, n) if n else Figure.undefined(absent)


class Tally:
    """Accumulates metrics over an epoch or over the whole episode."""

    __slots__ = ("_active", "_extra", "_interactions", "_payoffs", "_scored", "_scores", "_turns")

    def __init__(self, payoffs: PayoffEngine | None, extra: Sequence[type[Metric]]) -> None:
        self._payoffs = payoffs
        self._interactions = None if payoffs is None else EpochAccumulator(payoffs)
        self._extra = [metric() for metric in extra]
        self._active: dict[str, None] = {}
        self._scores = 0.0
        self._scored = 0
        self._turns = 0

    def interaction(self, interaction: Interaction) -> None:
        """Count an interaction, accepted or not."""
        payoffs, sums = self._payoffs, self._interactions
        if payoffs is not None and sums is not None:
            sums.add(
                interaction,
                payoffs.payoff_initiator(interaction),
                payoffs.payoff_counterparty(interaction),
            )
        for metric in self._extra:
            metric.interaction(interaction)

    def turn(self, agent: str, score: float | None, acted: bool) -> None:
        """Count an agent's turn."""
        self._turns += 1
        if acted:
            self._active[agent] = None
        if score is not None:
            self._scores += score
            self._scored += 1
        for metric in self._extra:
            metric.turn(agent, score, acted)

    def close(self, agents: int) -> dict[str, Figure]:
        """Return the metrics, by name."""
        figures = {} if self._interactions is None else dict(self._interactions.close())
        n = agents if self._turns else 0
        figures["participation_rate"] = _mean(len(self._active), n, "no agent had a turn")
        figures["mean_alignment"] = _mean(self._scores, self._scored, "no step could be scored")
        for metric in self._extra:
            figures[metric.name] = metric.close(agents)
        return figures
