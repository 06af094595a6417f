"""All effects of a simultaneous step are in flight at once."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
EFFECTS, SECONDS = 100, 0.2


def test_a_hundred_effects_of_one_step_take_the_time_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """benchmarks/concurrency.py prints the strict figure; here a busy machine may take longer,
    though never as long as two effects one after the other and the engine together."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    from concurrency import measure

    measure(EFFECTS, 0.0)
    engine = measure(EFFECTS, 0.0)["wall_s"]
    waited = measure(EFFECTS, SECONDS)
    print(f"engine {engine * 1000:.0f} ms, with effects {waited['wall_s'] * 1000:.0f} ms")
    assert waited["most_in_flight"] == EFFECTS
    assert waited["wall_s"] < 1.3 * SECONDS + 3 * engine + 1.0
    assert waited["wall_s"] < EFFECTS * SECONDS / 5


def test_fewer_at_once_are_never_exceeded(gdg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import concurrency

    Path("waiting.yaml").write_text(
        "scenario_id: waiting\n"
        "agents: [{type: 'concurrency:Waiting', count: 12, params: {seconds: 0.01}}]\n"
        "effects: {max_concurrency: 4}\n"
        "simulation: {epochs: 1, steps_per_epoch: 1}\n"
    )
    for options, most in (((), 4), (("--max-concurrency", 2), 2)):
        concurrency.Flight.most = 0
        assert gdg("start", "waiting.yaml", "--quiet", *options).code == 0
        assert concurrency.Flight.most == most
