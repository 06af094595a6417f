"""The store's metrics for Prometheus.

Counters come from the store itself, where they are kept with the changes that they count: they
agree with the ledger, after a restart and with several processes at work on one file.
"""

from collections.abc import Iterable

from prometheus_client import Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ...goals.model import GoalState
from ...goals.schemas import Statistics

COUNTERS = {
    "goals_total": ("Goals that entered a state, creation included.", ("category", "state")),
    "goals_adopted_total": ("Goals that were adopted.", ()),
    "goal_selected_total": ("Goals that were selected for execution.", ()),
    "goal_blocked_by_belief_total": ("Beliefs that stood against a goal.", ("belief_id",)),
}
"""Name to help and labels."""
LATENCY = "goal_prioritize_latency_ms"
BUCKETS_MS = (1, 2, 5, 10, 20, 30, 50, 80, 150, 300, 1000)
"""30 and 80 are what ranking 1,000 goals may take, in memory and from the database."""


class Figures:
    """The metrics that one application measures itself, and their rendering with the store's."""

    def __init__(self) -> None:
        self.ranking_ms = Histogram(
            LATENCY, "Time that it took to rank the goals, in milliseconds.",
            buckets=BUCKETS_MS, registry=None,
        )  # fmt: skip

    def rendered(self, statistics: Statistics, accept: str) -> tuple[bytes, str]:
        """Render all metrics in the format that `accept` asks for. Returns them and their content
        type."""
        encode, content_type = choose_encoder(accept)
        return encode(_Moment(statistics, self.ranking_ms)), content_type


class _Moment(Collector):
    """The store's metrics at one moment, and the application's own."""

    def __init__(self, statistics: Statistics, own: Collector) -> None:
        self._statistics, self._own = statistics, own

    def collect(self) -> Iterable[Metric]:
        for name, (words, labels) in COUNTERS.items():
            family = CounterMetricFamily(name, words, labels=labels)
            counted = [counter for counter in self._statistics.counters if counter.name == name]
            for counter in counted:
                values = dict(counter.labels)
                family.add_metric([values[label] for label in labels], counter.value)
            if not counted and not labels:
                family.add_metric((), 0)
            yield family
        states = GaugeMetricFamily("goals_by_state", "Goals in a state now.", labels=["state"])
        for state in GoalState:
            states.add_metric([state.value], self._statistics.by_state.get(state, 0))
        yield states
        for own in self._own.collect():  # without the series of the time of its creation
            own.samples = [one for one in own.samples if not one.name.endswith("_created")]
            yield own
