"""Schedule policies: what they permute, and what they leave alone."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary import Go, Log, Ping

from gdg_runtime.runtime import Actor, Context, Kernel, handles, schedule
from gdg_runtime.runtime.order import UnknownSchedule


class Sender(Actor):
    """Tells each target each word, in order."""

    def __init__(self, targets: list[str], words: list[str]) -> None:
        self.targets, self.words = targets, words

    @handles
    def on_ping(self, message: Ping, ctx: Context) -> None:
        for word in self.words:
            for target in self.targets:
                ctx.tell(ctx.find(target), Go(what=f"{ctx.self.path}:{word}"))


def _received(policy: str, senders: int, receivers: int, words: int) -> dict[str, list[str]]:
    kernel = Kernel(seed=9, tie=schedule(policy, 9))
    logs: dict[str, list[str]] = {f"log{number}": [] for number in range(receivers)}
    for name, lines in logs.items():
        kernel.spawn(name, Log, lines)
    spoken = [str(number) for number in range(words)]
    for number in range(senders):
        kernel.root.tell(kernel.spawn(f"s{number}", Sender, list(logs), spoken), Ping())
    kernel.run()
    return logs


@settings(max_examples=30, deadline=None)
@given(st.integers(), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6))
def test_shuffle_keeps_the_order_between_one_sender_and_one_receiver(
    seed: int, senders: int, receivers: int, words: int
) -> None:
    received = _received(f"shuffle:{seed}", senders, receivers, words)
    for lines in received.values():
        assert len(lines) == senders * words
        for number in range(senders):
            mine = [line for line in lines if line.startswith(f"s{number}:")]
            assert mine == [f"s{number}:{word}" for word in range(words)]


def test_shuffle_permutes_senders_and_the_seed_decides_how() -> None:
    orders = {tuple(_received(f"shuffle:{seed}", 5, 1, 1)["log0"]) for seed in range(20)}
    assert len(orders) > 5
    assert _received("shuffle:3", 5, 2, 2) == _received("shuffle:3", 5, 2, 2)


def test_fair_order_changes_from_tick_to_tick_and_fifo_does_not() -> None:
    assert _received("fifo", 3, 1, 2)["log0"] == ["s0:0", "s0:1", "s1:0", "s1:1", "s2:0", "s2:1"]
    kernel = Kernel(seed=1, tie=schedule("fair", 1))
    lines: list[Any] = []
    kernel.spawn("log0", Log, lines)
    for number in range(6):
        sender = kernel.spawn(f"s{number}", Sender, ["log0"], ["x"])
        for step in range(1, 6):
            kernel.root.later(Ping(), steps=step, to=sender)
    kernel.run()
    orders = {tuple(lines[at : at + 6]) for at in range(0, 30, 6)}
    assert len(orders) > 2


class FirstWins(Actor):
    """Order-dependent on purpose: keeps the first word it hears."""

    def __init__(self, result: list[str]) -> None:
        self.result = result

    @handles
    def on_go(self, message: Go, ctx: Context) -> None:
        if not self.result:
            self.result.append(message.what)


class Smallest(Actor):
    """Independent of order: keeps the smallest word."""

    def __init__(self, result: list[str]) -> None:
        self.result = result

    @handles
    def on_go(self, message: Go, ctx: Context) -> None:
        self.result[:] = [min([*self.result, message.what])]


@pytest.mark.parametrize(("kind", "depends"), [(FirstWins, True), (Smallest, False)])
def test_shuffle_shows_whether_a_result_depends_on_message_order(
    kind: type[Actor], depends: bool
) -> None:
    results = set()
    for policy in ("fifo", *[f"shuffle:{seed}" for seed in range(10)]):
        kernel = Kernel(tie=schedule(policy, 0))
        result: list[str] = []
        kernel.spawn("log0", kind, result)
        for number in range(5):
            kernel.root.tell(kernel.spawn(f"s{number}", Sender, ["log0"], ["x"]), Ping())
        kernel.run()
        results.add(result[0])
    assert (len(results) > 1) is depends


@pytest.mark.parametrize("text", ["", "lifo", "shuffle", "shuffle:", "shuffle:x", "FIFO"])
def test_an_unknown_policy_is_an_error_with_the_known_ones(text: str) -> None:
    with pytest.raises(UnknownSchedule, match="fifo, fair or shuffle:SEED"):
        schedule(text, 0)
