"""Keyed random streams."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.runtime import Draws


def test_the_draws_of_a_key_never_change() -> None:
    """Recorded on the first day; a change of these bytes would change every run."""
    stream = Draws(42).stream("agents/honest_1", "act", 7)
    assert [stream.random() for _ in range(3)] == GOLDEN_FLOATS
    assert [stream.below(1000) for _ in range(8)] == GOLDEN_INTEGERS
    assert stream.gauss() == pytest.approx(GOLDEN_GAUSS, rel=1e-12)


GOLDEN_FLOATS = [0.9283417330133747, 0.42059768950230814, 0.05677228337882434]
GOLDEN_INTEGERS = [554, 737, 340, 33, 277, 254, 580, 88]
GOLDEN_GAUSS = -1.6238560840223877


@given(st.integers(), st.text(), st.text(), st.integers(0, 2**40))
def test_a_stream_is_a_function_of_seed_channel_purpose_and_step(
    seed: int, channel: str, purpose: str, step: int
) -> None:
    first = Draws(seed).stream(channel, purpose, step)
    again = Draws(seed).stream(channel, purpose).at(step)
    assert [first.random() for _ in range(20)] == [again.random() for _ in range(20)]


def test_streams_of_different_keys_are_independent() -> None:
    draws = Draws(1)
    keys = [("a", "b", 0), ("a", "b", 1), ("a", "c", 0), ("ab", "", 0), ("a", "b\0", 0)]
    firsts = [draws.stream(*key).random() for key in keys]
    assert len({*firsts, Draws(2).stream("a", "b").random()}) == len(keys) + 1


def test_draws_are_uniform() -> None:
    stream = Draws(3).stream("test", "uniform")
    floats = [stream.random() for _ in range(20_000)]
    assert all(0.0 <= value < 1.0 for value in floats)
    assert abs(sum(floats) / len(floats) - 0.5) < 0.01
    counts = Counter(stream.below(6) for _ in range(12_000))
    assert set(counts) == set(range(6))
    assert max(counts.values()) - min(counts.values()) < 400
    normal = [stream.gauss(2.0, 3.0) for _ in range(20_000)]
    mean = sum(normal) / len(normal)
    assert abs(mean - 2.0) < 0.1
    assert abs(sum((value - mean) ** 2 for value in normal) / len(normal) - 9.0) < 0.5


@given(st.lists(st.integers(), max_size=30), st.integers(0, 40), st.integers(0, 1000))
def test_a_sample_has_different_places_of_the_sequence(
    items: list[int], count: int, step: int
) -> None:
    places = list(enumerate(items))
    chosen = Draws(0).stream("test", "sample", step).sample(places, count)
    assert len(chosen) == min(count, len(items))
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(places)


@given(st.lists(st.integers(), max_size=30))
def test_a_shuffle_is_a_permutation(items: list[int]) -> None:
    shuffled = list(items)
    Draws(0).stream("test", "shuffle").shuffle(shuffled)
    assert Counter(shuffled) == Counter(items)


def test_impossible_draws_say_so() -> None:
    stream = Draws(0).stream("test", "impossible")
    with pytest.raises(ValueError, match="at least 1"):
        stream.below(0)
    with pytest.raises(ValueError, match="at least one item"):
        stream.choice([])
