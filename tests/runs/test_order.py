"""`--schedule shuffle:SEED` shows whether a finding depends on the order of messages."""

from pathlib import Path

import pytest

from gdg_runtime.adapters.runs.directory import REPRODUCIBLE

SCENARIO = Path(__file__).with_name("order_toys.yaml")
SCHEDULES = ("fifo", "fair", *[f"shuffle:{seed}" for seed in range(1, 6)])


def results(gdg, lever: str, schedules=SCHEDULES) -> list[bytes]:
    """Everything that a run comes to, but for its config, under each schedule."""
    found = []
    for schedule in schedules:
        override = f"governance.levers=[{{type: 'order_toys:{lever}'}}]"
        ran = gdg("start", SCENARIO, "--quiet", "--schedule", schedule, "--set", override)
        assert ran.code == 0, ran.err
        run = Path(ran.out.strip())
        found.append(b"".join((run / name).read_bytes() for name in REPRODUCIBLE[1:]))
    return found


def test_an_order_dependent_scenario_gives_different_results(gdg) -> None:
    fifo, fair, *shuffled = results(gdg, "FirstCome")
    assert all(result != fifo for result in shuffled)
    assert len(set(shuffled)) == len(shuffled)
    assert fair != fifo


def test_an_order_independent_scenario_does_not(gdg) -> None:
    assert len(set(results(gdg, "OddNumbers"))) == 1


def test_each_schedule_gives_the_same_bytes_again_and_replays(gdg) -> None:
    once, again = results(gdg, "FirstCome", ["shuffle:3", "shuffle:3"])
    assert once == again
    assert gdg("replay", "latest", "--verify").code == 0
    assert gdg("show", "latest", "--json").json["schedule"] == "shuffle:3"


@pytest.mark.parametrize("scenario", ["baseline", "release_manager"])
def test_what_is_shipped_does_not_depend_on_the_order(gdg, scenario: str) -> None:
    figures = [
        gdg("start", scenario, "--epochs", 2, "--schedule", schedule, "--json").json["metrics"]
        for schedule in ("fifo", "shuffle:1", "shuffle:2")
    ]
    assert figures[0] == figures[1] == figures[2]
