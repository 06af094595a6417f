"""X1 to X7: what /metrics says is what the store holds."""

import json
import re
from importlib.resources import files

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse

from gdg_runtime.adapters.goals.metrics import BUCKETS_MS
from gdg_runtime.adapters.goals.ports import DatabasePort
from gdg_runtime.goals.schemas import Statistics

DASHBOARD = files("gdg_runtime.adapters.goals").joinpath("dashboard.json")
NAMES = {
    "goals_total": {"category", "state"},
    "goals_adopted_total": set(),
    "goal_selected_total": set(),
    "goal_blocked_by_belief_total": {"belief_id"},
    "goal_prioritize_latency_ms_bucket": {"le"},
    "goal_prioritize_latency_ms_sum": set(),
    "goal_prioritize_latency_ms_count": set(),
    "goals_by_state": {"state"},
}
"""The specification's metrics as samples, with their labels."""


async def samples(api) -> list:
    text = (await api("GET", "/metrics")).text
    return [sample for family in parse(text) for sample in family.samples]


async def live(api) -> None:
    """Something of everything that is counted."""
    await api.belief(id="no")
    blocked = await api.goal(contradicts=["no"])
    await api("POST", f"/v1/goals/{blocked['id']}/adopt")
    await api.executing()
    await api("GET", "/v1/goals/prioritized")


async def test_X5_ranking_is_timed_in_milliseconds_in_these_buckets(api) -> None:
    await api("GET", "/v1/goals/prioritized")
    await api("GET", "/v1/goals/prioritized")
    await api("GET", "/v1/goals/prioritized?limit=0")
    found = {
        sample.labels["le"]: sample.value
        for sample in await samples(api)
        if sample.name == "goal_prioritize_latency_ms_bucket"
    }
    assert [float(bound) for bound in found] == [*map(float, BUCKETS_MS), float("inf")]
    assert BUCKETS_MS == (1, 2, 5, 10, 20, 30, 50, 80, 150, 300, 1000)
    assert found["+Inf"] == 2
    assert await api.metric("goal_prioritize_latency_ms_sum") > 0


async def test_X6_all_five_states_are_always_told(api, store, serving) -> None:
    states = ("proposed", "adopted", "executing", "satisfied", "abandoned")
    assert [await api.metric(f'goals_by_state{{state="{state}"}}') for state in states] == [0] * 5
    await live(api)
    deleted = await api.goal()
    await api("DELETE", f"/v1/goals/{deleted['id']}")
    expected = [1, 0, 1, 0, 0]
    async with serving(DatabasePort(store)) as restarted:
        for served in (api, restarted):
            told = [await served.metric(f'goals_by_state{{state="{state}"}}') for state in states]
            assert told == expected


async def test_X1_to_X4_counters_agree_with_the_ledger_also_after_a_restart(
    api, store, serving
) -> None:
    await live(api)
    events = await api.events()
    async with serving(DatabasePort(store)) as restarted:
        for served in (api, restarted):
            assert await served.metric("goals_adopted_total") == events.count("goal_adopted")
            assert await served.metric("goal_selected_total") == 1
            assert await served.metric('goal_blocked_by_belief_total{belief_id="no"}') == 1
            proposed = 'goals_total{category="maintenance",state="proposed"}'
            assert await served.metric(proposed) == events.count("goal_created") == 2


async def test_X7_the_text_parses_and_has_these_names_and_labels(api) -> None:
    await live(api)
    answer = await api("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    found: dict[str, set[str]] = {}
    for sample in await samples(api):
        found.setdefault(sample.name, set()).update(sample.labels)
    assert found == NAMES


async def test_X7_openmetrics_is_given_to_who_asks_for_it(api) -> None:
    await live(api)
    answer = await api("GET", "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    found = {sample.name for family in parse_openmetrics(answer.text) for sample in family.samples}
    assert found == set(NAMES)


async def test_X7_the_dashboard_asks_for_what_there_is(api) -> None:
    await live(api)
    shown = {sample.name: set(sample.labels) for sample in await samples(api)}
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = set()
    for expression in expressions:
        found = re.findall(r"\b(goals?_[a-z_]+)(?:\{([^}]*)\})?", expression)
        assert found, expression
        asked.update(name for name, _ in found)
        for name, matchers in found:
            assert set(re.findall(r'([a-z_]+)(?:=|!=|=~)"', matchers)) <= shown[name], expression
        known = set().union(*[shown[name] for name, _ in found])
        for grouped in re.findall(r"by \(([^)]*)\)", expression):
            assert {label.strip() for label in grouped.split(",")} <= known, expression
        for matched in re.findall(r'le="([^"]*)"', expression):
            assert float(matched) in BUCKETS_MS
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in shown}
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in asked} == families


@pytest.mark.parametrize("belief_id", ['quo"te', "back\\slash", "line\u2028"])
async def test_belief_ids_of_all_kinds_are_told(api, belief_id: str) -> None:
    await api.belief(id="no")
    goal = await api.goal(contradicts=["no"])
    await api("POST", f"/v1/goals/{goal['id']}/adopt")
    with api.store.database.transaction() as tx:
        tx.execute(
            "UPDATE counters SET labels = ? WHERE name = 'goal_blocked_by_belief_total'",
            [json.dumps([["belief_id", belief_id]])],
        )
    told = [
        sample.labels["belief_id"]
        for sample in await samples(api)
        if sample.name == "goal_blocked_by_belief_total"
    ]
    assert told == [belief_id]


def test_figures_of_nothing_are_zero() -> None:
    from gdg_runtime.adapters.goals.metrics import Figures

    text, _ = Figures().rendered(Statistics(counters=(), by_state={}), "")
    assert b"\ngoals_adopted_total 0.0\n" in text
    assert b'goals_by_state{state="executing"} 0.0' in text
