"""The live driver: real, concurrent effects under trio and asyncio."""

import errno
import os
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio
from stories import told
from vocabulary import Go

from gdg_runtime.runtime import (
    Actor,
    Context,
    EffectActor,
    EffectReport,
    Journal,
    Kernel,
    Limits,
    Message,
    Recorded,
    RunEnd,
    State,
    StopSwitch,
    drive,
    from_outside,
    handles,
    replay,
)
from gdg_runtime.runtime.effects import Done
from gdg_runtime.runtime.envelope import Arrival
from gdg_runtime.runtime.errors import (
    EffectFailed,
    EffectTimedOut,
    NotSerialisable,
    ReplayDivergence,
    RunFailed,
)


class Answer(Message, name="test.answer"):
    text: str


async def replayed(kernel: Kernel, path: Path) -> RunEnd:
    """Replay in a thread, since the kernel refuses to run inside of this test's loop."""
    return await trio.to_thread.run_sync(replay, kernel, Recorded.read(path))


async def double(number: int) -> int:
    await anyio.sleep(0)
    return 2 * number


async def fail() -> None:
    raise LookupError("nothing there")


async def hang() -> None:
    await anyio.sleep_forever()


async def test_an_effect_gives_its_value() -> None:
    values: list[Any] = []

    async def story(ctx: Context) -> None:
        values.append(await ctx.effect(double, 21))

    assert await drive(told(story)) is RunEnd.COMPLETED
    assert values == [42]


async def test_a_failing_effect_raises_where_it_is_awaited_with_type_and_text() -> None:
    errors: list[Exception] = []

    async def story(ctx: Context) -> None:
        try:
            await ctx.effect(fail)
        except EffectFailed as error:
            errors.append(error)

    await drive(told(story))
    assert isinstance(errors[0], EffectFailed)
    assert (errors[0].kind, errors[0].text) == ("LookupError", "nothing there")
    assert "fail failed with LookupError: nothing there" in str(errors[0])


async def test_an_effect_beyond_its_time_limit_is_cancelled_and_times_out() -> None:
    errors: list[str] = []

    async def story(ctx: Context) -> None:
        try:
            await ctx.effect(hang, timeout_s=0.01)
        except EffectTimedOut as error:
            errors.append(str(error))

    await drive(told(story))
    assert errors and "limit of 0.01 s" in errors[0]


async def test_effects_of_one_step_are_all_in_flight_at_once() -> None:
    gate = Gate(20)

    async def story(ctx: Context) -> None:
        await ctx.gather(*[ctx.effect(gate.enter, number) for number in range(20)])

    await drive(told(story))
    assert gate.most == 20


class Gate:
    """Opens when `size` are inside; counts how many are inside at once."""

    def __init__(self, size: int) -> None:
        self.inside = self.most = 0
        self.size = size

    async def enter(self, number: int) -> int:
        self.inside += 1
        self.most = max(self.most, self.inside)
        with anyio.move_on_after(0.05 if self.size == 1 else 20):
            while self.most < self.size:
                await anyio.sleep(0.001)
        await anyio.sleep(0.005)
        self.inside -= 1
        return number


async def test_the_concurrency_limit_holds() -> None:
    gate = Gate(3)

    async def story(ctx: Context) -> None:
        assert await ctx.gather(*[ctx.effect(gate.enter, n) for n in range(12)]) == list(range(12))

    await drive(told(story), limits=Limits(max_concurrency=3))
    assert gate.most == 3


class Oracle(EffectActor):
    """A model, say."""

    capacity = 2
    timeout_s = 30.0

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    @handles
    async def on_go(self, message: Go) -> Answer:
        await self.gate.enter(0)
        if message.what == "fail":
            raise LookupError("no idea")
        return Answer(text=f"{message.what}!")


async def test_an_effect_actor_is_asked_under_its_own_capacity() -> None:
    gate = Gate(2)
    answers: list[Any] = []

    async def story(ctx: Context) -> None:
        oracle = ctx.spawn("oracle", Oracle, gate)
        asked = [ctx.ask(oracle, Go(what=str(number))) for number in range(6)]
        answers.extend(await ctx.gather(*asked))

    await drive(told(story))
    assert answers == [Answer(text=f"{number}!") for number in range(6)]
    assert gate.most == 2


async def test_a_plain_actor_gets_an_effect_actors_reply_or_trouble_as_a_message() -> None:
    seen: list[Message] = []

    class Plain(Actor):
        def on_start(self, ctx: Context) -> None:
            oracle = ctx.spawn("oracle", Oracle, Gate(1))
            ctx.request(oracle, Go(what="fine"))
            ctx.request(oracle, Go(what="fail"))

        @handles
        def on_answer(self, message: Answer | EffectReport, ctx: Context) -> None:
            seen.append(message)

    kernel = Kernel()
    kernel.spawn("plain", Plain)
    await drive(kernel)
    assert seen[0] == Answer(text="fine!")
    assert isinstance(seen[1], EffectReport)
    assert (seen[1].effect, seen[1].status) == ("plain/oracle", "failed")


async def test_the_loser_of_a_race_is_cancelled_for_real_and_recorded_as_late(
    tmp_path: Path,
) -> None:
    cancelled: list[bool] = []
    telemetry: list[Done] = []

    async def slow() -> str:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.append(True)
        return "never"

    async def story(ctx: Context) -> None:
        winner = await ctx.race(ctx.effect(slow, delay=5 << 20), ctx.effect(double, 1))
        assert winner == (1, 2)
        await ctx.effect(double, 2)

    with Journal.create(tmp_path / "journal.jsonl", {"order": "logical"}) as journal:
        await drive(told(story), journal, on_effect=telemetry.append)
    assert cancelled == [True]
    late = [one for one in telemetry if one.late]
    assert [one.outcome.status for one in late] == ["cancelled"]
    assert await replayed(told(story), tmp_path / "journal.jsonl") is RunEnd.COMPLETED


@pytest.mark.parametrize("argument", [{1, 2}, [frozenset()], float("nan"), object()])
async def test_arguments_without_a_canonical_form_are_refused_at_the_call(argument: Any) -> None:
    async def story(ctx: Context) -> None:
        with pytest.raises(NotSerialisable, match="an argument of the effect"):
            ctx.effect(double, argument)

    assert await drive(told(story)) is RunEnd.COMPLETED


async def test_a_result_without_a_canonical_form_is_a_failed_effect() -> None:
    async def strange() -> Any:
        return {1, 2}

    async def story(ctx: Context) -> None:
        with pytest.raises(EffectFailed, match="NotSerialisable"):
            await ctx.effect(strange)

    assert await drive(told(story)) is RunEnd.COMPLETED


async def test_live_and_replayed_values_are_the_same_validated_to_the_annotation(
    tmp_path: Path,
) -> None:
    async def answer() -> Answer:
        return Answer(text="typed")

    async def pair() -> tuple[int, str]:
        return (1, "a")

    def telling(values: list[Any]) -> Kernel:
        async def story(ctx: Context) -> None:
            values.extend(await ctx.gather(ctx.effect(answer), ctx.effect(pair)))

        return told(story)

    live: list[Any] = []
    again: list[Any] = []
    with Journal.create(tmp_path / "journal.jsonl", {"order": "logical"}) as journal:
        await drive(telling(live), journal)
    assert await replayed(telling(again), tmp_path / "journal.jsonl") is RunEnd.COMPLETED
    assert live == again == [Answer(text="typed"), (1, "a")]


async def test_replay_hands_an_outcome_to_the_same_request_only(tmp_path: Path) -> None:
    def asking(number: int) -> Kernel:
        async def story(ctx: Context) -> None:
            await ctx.effect(double, number)

        return told(story)

    with Journal.create(tmp_path / "journal.jsonl", {"order": "logical"}) as journal:
        await drive(asking(1), journal)
    with pytest.raises((ReplayDivergence, RunFailed)) as caught:
        await replayed(asking(2), tmp_path / "journal.jsonl")
    told_to_user = str(caught.value)
    assert '"args":[1]' in told_to_user
    assert '"args":[2]' in told_to_user


async def test_the_stop_switch_stops_at_a_step_boundary_and_the_run_can_go_on(
    tmp_path: Path,
) -> None:
    asked: list[int] = []

    async def count(step: int) -> int:
        asked.append(step)
        return step

    def steps(lines: list[int], stop: StopSwitch | None) -> Kernel:
        async def story(ctx: Context) -> None:
            for step in range(6):
                lines.append(await ctx.effect(count, step))
                if step == 2 and stop is not None:
                    stop.throw()
                await ctx.sleep(1)

        return told(story)

    path = tmp_path / "journal.jsonl"
    stop, first = StopSwitch(), list[int]()
    journal = Journal.create(path, {"order": "logical"})
    assert await drive(steps(first, stop), journal, stop=stop) is RunEnd.STOPPED
    journal.close()
    assert 3 <= len(first) < 6
    recorded = Recorded.read(path)
    second: list[int] = []
    with Journal.reopen(path, recorded) as journal:
        assert await drive(steps(second, None), journal, recorded=recorded) is RunEnd.COMPLETED
    assert second == list(range(6))
    assert asked == list(range(6)), "nothing recorded is asked for again"


async def test_messages_from_outside_are_journalled_and_replayed_in_their_place(
    tmp_path: Path,
) -> None:
    class Desk(Actor):
        def __init__(self, lines: list[str]) -> None:
            self.lines = lines

        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            number = await ctx.effect(double, len(self.lines))
            self.lines.append(f"{message.what} {number} {ctx.step}")

    def office(lines: list[str]) -> Kernel:
        kernel = Kernel()
        kernel.spawn("desk", Desk, lines)
        return kernel

    path, live = tmp_path / "journal.jsonl", list[str]()
    kernel = office(live)
    desk = kernel.find("desk")
    assert desk is not None
    send, receive = anyio.create_memory_object_stream[Arrival](10)

    async def callers() -> None:
        async with send:
            for what in ("a", "b", "c"):
                await send.send(from_outside(desk, Go(what=what)))
                await anyio.sleep(0.005)

    journal = Journal.create(path, {"order": "logical"})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(callers)
        assert await drive(kernel, journal, outside=receive) is RunEnd.COMPLETED
    journal.close()
    again: list[str] = []
    assert await replayed(office(again), path) is RunEnd.COMPLETED
    assert live == again
    assert len(live) == 3


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_order_of_arrival_replays_exactly_and_can_be_resumed(backend: str, tmp_path: Path) -> None:
    async def after(delay_ms: int) -> int:
        await anyio.sleep(delay_ms / 1000)
        return delay_ms

    def racers(lines: list[str]) -> Kernel:
        kernel = Kernel(arrival=True)

        class Racer(Actor):
            @handles
            async def on_go(self, message: Go, ctx: Context) -> None:
                for round_ in range(3):
                    lines.append(f"{ctx.self.path} {await ctx.effect(after, int(message.what))}")
                    lines.append(f"{ctx.self.path} round {round_}")

        for number, delay in enumerate((40, 20, 10, 1)):
            kernel.root.tell(kernel.spawn(f"r{number}", Racer), Go(what=str(delay)))
        return kernel

    path, live = tmp_path / "journal.jsonl", list[str]()
    journal = Journal.create(path, {"order": "arrival"})

    async def main() -> RunEnd:
        return await drive(racers(live), journal)

    assert anyio.run(main, backend=backend) is RunEnd.COMPLETED
    journal.close()
    assert not live[0].startswith("r0"), "the first in logical order is the slowest here"
    again: list[str] = []
    assert replay(racers(again), Recorded.read(path)) is RunEnd.COMPLETED
    assert again == live

    data = path.read_bytes().splitlines(keepends=True)
    for keep in range(1, len(data), 3):
        path.write_bytes(b"".join(data[:keep]))
        recorded = Recorded.read(path)
        resumed: list[str] = []
        reopened = Journal.reopen(path, recorded)

        async def go_on(
            lines: list[str] = resumed, recorded: Recorded = recorded, reopened: Journal = reopened
        ) -> RunEnd:
            return await drive(racers(lines), reopened, recorded=recorded)

        assert anyio.run(go_on, backend=backend) is RunEnd.COMPLETED
        reopened.close()
        assert sorted(resumed) == sorted(live)
        replayed: list[str] = []
        assert replay(racers(replayed), Recorded.read(path)) is RunEnd.COMPLETED
        assert replayed == resumed


async def test_a_disk_that_is_full_ends_the_run_and_leaves_a_readable_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal.create(path, {"order": "logical"})
    synced = 0

    def full(descriptor: int) -> None:
        nonlocal synced
        synced += 1
        if synced > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    async def story(ctx: Context) -> None:
        for number in range(10):
            await ctx.effect(double, number)

    with journal, pytest.raises(OSError, match="No space left"):
        await drive(told(story), journal)
    assert len(Recorded.read(path)) >= 3


async def test_an_outcome_is_on_the_disk_before_it_is_delivered(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    known: list[int] = []

    async def story(ctx: Context) -> None:
        for number in range(5):
            await ctx.effect(double, number)
            known.append(len(Recorded.read(path)))

    with Journal.create(path, {"order": "logical"}) as journal:
        await drive(told(story), journal)
    assert known == [1, 2, 3, 4, 5]


def test_a_kernel_without_effects_needs_no_driver() -> None:
    async def story(ctx: Context) -> None:
        await ctx.sleep(3)

    assert told(story).run() is State.QUIET
