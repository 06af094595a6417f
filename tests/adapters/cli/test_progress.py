"""What is shown while a run goes on."""

from types import SimpleNamespace

import pytest

from gdg_runtime.adapters.cli import progress
from gdg_runtime.adapters.cli.progress import Pace, PlainProgress, key_figures
from gdg_runtime.adapters.cli.tables import duration
from gdg_runtime.scenarios.world import Moment

CONFIG = SimpleNamespace(
    simulation=SimpleNamespace(epochs=4, steps_per_epoch=5, steps=20),
    metrics=SimpleNamespace(track=()),
)
FIGURES = {"mean_alignment": {"value": 0.5}, "quality_gap": {"value": None}}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    now = SimpleNamespace(s=100.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.s)
    return now


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"), (59, "59 s"), (60, "1 min"), (200, "3 min 20 s"),
        (3600 * 5 + 720, "5 h 12 min"), (7200, "2 h"), (86_400 * 2 + 3 * 3600, "2 d 3 h"),
    ],
)  # fmt: skip
def test_durations_are_told_in_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_time_left_follows_from_the_steps_that_are_over(clock) -> None:
    pace = Pace(CONFIG)
    assert pace.left == ""
    clock.s += 30
    pace.step_closed(Moment(0, 4, 4, 0.0), 15)
    assert (pace.speed, pace.left) == ("0.5 agent-steps/s", "1 min 30 s left")
    pace.step_closed(Moment(3, 4, 19, 0.0), 60_000)
    assert (pace.speed, pace.left) == ("2,000 agent-steps/s", "")


def test_lines_come_per_epoch_seldom_and_within_long_epochs(clock, capsys) -> None:
    plain = PlainProgress(CONFIG)
    clock.s += 1
    plain.step_closed(Moment(0, 4, 4, 0.0), 10)
    plain.epoch_closed(Moment(0, 4, 4, 0.0), FIGURES)
    assert capsys.readouterr().err == "", "an epoch in less than two seconds is not told"
    clock.s += 39
    plain.step_closed(Moment(1, 2, 7, 0.0), 16)
    assert capsys.readouterr().err == ("epoch 2/4, step 3/5 · 0.4 agent-steps/s · 1 min left\n")
    plain.step_closed(Moment(3, 4, 19, 0.0), 40)
    plain.epoch_closed(Moment(3, 4, 19, 0.0), FIGURES)
    assert capsys.readouterr().err == (
        "epoch 4/4 · 1 agent-steps/s · quality gap undefined · aligned 0.500\n"
    )


def test_key_figures_are_the_tracked_ones_if_any() -> None:
    figures = {**FIGURES, "toxicity_rate": {"value": 0.25}, "accepted": {"value": 1200}}
    assert key_figures(figures, ()) == "toxicity 0.250 · quality gap undefined · aligned 0.500"
    assert key_figures(figures, ("accepted",)) == "accepted 1,200"
