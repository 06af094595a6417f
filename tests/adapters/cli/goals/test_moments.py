"""Times and long texts in a few words."""

from datetime import UTC, datetime, timedelta

import pytest

from gdg_runtime.adapters.cli.goals.output import due, minutes, one_line, span, stamp, when

NOW = datetime(2025, 11, 8, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3_599.6, "1 h"), (5_400, "1 h 30 min"),
        (86_400, "1 d"), (90_061, "1 d 1 h"), (10**8, "1,157 d 9 h"),
    ],
)  # fmt: skip
def test_a_length_of_time_has_at_most_two_units(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_a_moment_is_told_by_how_far_off_it_is() -> None:
    assert when(NOW + timedelta(minutes=5), NOW) == "in 5 min"
    assert when(NOW - timedelta(days=2, hours=3), NOW) == "2 d 3 h ago"
    assert when(NOW, NOW) == "0 s ago"
    assert minutes(10_080) == "7 d"
    assert stamp(NOW) == "2025-11-08 12:00:00Z"


def test_a_deadline_is_overdue_from_its_moment_on() -> None:
    assert due(None, NOW) == ""
    assert due(NOW, NOW) == "overdue"
    assert due(NOW + timedelta(hours=30), NOW) == "1 d"


def test_a_long_text_is_cut_and_stands_on_one_line() -> None:
    assert one_line("a\n  b\tc", 10) == "a b c"
    assert one_line("x" * 11, 10) == "x" * 9 + "…"
