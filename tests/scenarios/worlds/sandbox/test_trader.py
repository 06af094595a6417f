"""What agents learn of each other."""

import pytest

from gdg_runtime.scenarios.worlds.sandbox.trader import Trust


def test_a_stranger_is_judged_by_first_impression():
    trust = Trust(strength=2.0, memory=0.9)
    assert trust.belief("ann", 0.7) == 0.7
    assert trust.experience("ann") is None


def test_experience_outweighs_the_first_impression_in_time():
    trust = Trust(strength=2.0, memory=1.0)
    beliefs = []
    for _ in range(20):
        trust.learn("ann", 0.1, 1.0)
        beliefs.append(trust.belief("ann", 0.9))
    assert beliefs == sorted(beliefs, reverse=True)
    assert beliefs[0] == pytest.approx((2 * 0.9 + 0.1) / 3)
    assert beliefs[-1] < 0.2


def test_old_experience_fades():
    fading, lasting = Trust(2.0, 0.5), Trust(2.0, 1.0)
    for trust in (fading, lasting):
        for _ in range(10):
            trust.learn("ann", 0.1, 1.0)
        for _ in range(3):
            trust.learn("ann", 0.9, 1.0)
    assert fading.experience("ann") > 0.7 > 0.4 > lasting.experience("ann")


def test_memory_of_peers_is_bounded():
    trust = Trust(2.0, 0.9)
    for number in range(1000):
        trust.learn(f"peer{number}", 0.5, 1.0)
    assert trust.experience("peer0") is None
    assert trust.experience("peer999") == 0.5
    assert sum(trust.experience(f"peer{n}") is not None for n in range(1000)) == 128
