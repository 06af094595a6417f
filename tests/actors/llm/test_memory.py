"""An agent remembers within its budget, and the rest is gone or summed up."""

from hypothesis import given
from hypothesis import strategies as st

from gdg_runtime.actors.llm.memory import Memory, MemoryConfig, Remembered, estimated_tokens


def turn(number: int, size: int = 40) -> Remembered:
    return Remembered(f"Step {number}.", "a" * size, (number, number))


def test_tokens_are_estimated_by_bytes() -> None:
    assert [estimated_tokens(text) for text in ("", "a", "abcd", "abcde", "日本")] == [
        0,
        1,
        1,
        2,
        2,
    ]


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(1, 500))
def test_the_budget_holds_after_forgetting(sizes: list[int], budget: int) -> None:
    memory = Memory(MemoryConfig(max_tokens=budget))
    for number, size in enumerate(sizes):
        memory.add(turn(number, size))
        if memory.is_full:
            memory.forget(len(memory.old()))
        assert sum(kept.tokens for kept in memory.turns) <= budget
        assert not memory.is_full


def test_the_oldest_go_first_and_half_of_the_room_stays_free() -> None:
    memory = Memory(MemoryConfig(max_tokens=200))
    number = 0
    while not memory.is_full:
        memory.add(turn(number))
        number += 1
    memory.forget(len(memory.old()))
    assert [kept.told for kept in memory.turns][-1] == f"Step {number - 1}."
    assert sum(kept.tokens for kept in memory.turns) <= 100


def test_a_summary_takes_the_place_of_what_it_sums_up_with_its_steps() -> None:
    memory = Memory(MemoryConfig(max_tokens=1000))
    for number in range(4):
        memory.add(turn(number))
    summary = Remembered("What do you remember?", "Much.", (0, 1))
    memory.forget(2, summary)
    assert [message.content for message in memory.messages()][:2] == [summary.told, "Much."]
    assert memory.steps() == [(0, 3)]


def test_a_budget_of_zero_remembers_nothing() -> None:
    memory = Memory(MemoryConfig(max_tokens=0))
    memory.add(turn(1))
    assert memory.messages() == []
    assert not memory.is_full
