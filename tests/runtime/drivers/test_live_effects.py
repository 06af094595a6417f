"""What effects see, how they end, and what their failures do to the run."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio
from stories import told
from vocabulary import Echo, Go, Ping, Pong

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
    drive,
    handles,
    replay,
)
from gdg_runtime.runtime.effects import Done
from gdg_runtime.runtime.errors import (
    EffectCancelled,
    EffectFailed,
    EffectTimedOut,
    NondeterministicAwait,
    NotAccepted,
)


async def live_and_replayed(
    make: Callable[[list[Any]], Kernel], path: Path, **options: Any
) -> list[Any]:
    """What the program saw, which must be the same in both."""
    live: list[Any] = []
    again: list[Any] = []
    with Journal.create(path, {"order": "logical"}) as journal:
        assert await drive(make(live), journal, **options) is RunEnd.COMPLETED
    ending = await trio.to_thread.run_sync(replay, make(again), Recorded.read(path))
    assert ending is RunEnd.COMPLETED
    assert repr(live) == repr(again)
    return live


async def test_an_effect_sees_its_arguments_as_they_were_when_it_was_asked_for() -> None:
    seen: list[Any] = []

    async def look(history: list[str]) -> None:
        await anyio.sleep(0.01)
        seen.append(list(history))

    async def story(ctx: Context) -> None:
        history = ["a"]
        answer = ctx.effect(look, history)
        history.append("b")
        await answer

    await drive(told(story))
    assert seen == [["a"]]


@pytest.mark.parametrize("kind", ["failed", "timed_out", "unfit"])
async def test_an_effect_that_ends_badly_raises_the_same_error_live_and_replayed(
    tmp_path: Path, kind: str
) -> None:
    async def trouble() -> int:
        if kind == "failed":
            raise LookupError("nothing \ud800 there")
        if kind == "timed_out":
            await anyio.sleep_forever()
        return "many"  # type: ignore[return-value]

    def make(seen: list[Any]) -> Kernel:
        async def story(ctx: Context) -> None:
            try:
                await ctx.effect(trouble)
            except (EffectFailed, EffectTimedOut) as error:
                seen.append((type(error), str(error)))

        return told(story)

    limits = Limits(timeout_s=0.02)
    ((raised, text),) = await live_and_replayed(make, tmp_path / "journal", limits=limits)
    assert raised is (EffectTimedOut if kind == "timed_out" else EffectFailed)
    assert {
        "failed": "LookupError: nothing \\ud800 there",
        "timed_out": "its limit of 0.02 s",
        "unfit": "ValidationError",
    }[kind] in text


class Allowed(Message):
    reason: str


class Denied(Message):
    reason: str


class Clerk(EffectActor):
    timeout_s = 0.02

    @handles
    async def on_go(self, message: Go) -> Allowed | Denied | None:
        if message.what == "hang":
            await anyio.sleep_forever()
        if message.what == "fail":
            raise LookupError("no clerk")
        if message.what == "deactivate":
            return None
        return Denied(reason=message.what)

    @handles
    async def on_ping(self, message: Ping) -> Allowed | Denied:
        return Denied(reason="ping")


async def test_an_effect_actor_that_ends_badly_raises_typed_errors_at_the_ask(
    tmp_path: Path,
) -> None:
    def make(seen: list[Any]) -> Kernel:
        async def story(ctx: Context) -> None:
            clerk = ctx.spawn("clerk", Clerk)
            for what in ("fail", "hang"):
                try:
                    await ctx.ask(clerk, Go(what=what))
                except (EffectFailed, EffectTimedOut) as error:
                    seen.append(error)
            seen.append(await ctx.ask(clerk, Ping()))

        return told(story)

    seen = await live_and_replayed(make, tmp_path / "journal")
    assert [type(one) for one in seen] == [EffectFailed, EffectTimedOut, Denied]


async def test_to_tell_an_effect_actor_is_to_request_and_no_reply_is_no_message(
    tmp_path: Path,
) -> None:
    def make(seen: list[Any]) -> Kernel:
        class Plain(Actor):
            def on_start(self, ctx: Context) -> None:
                clerk = ctx.spawn("clerk", Clerk)
                for what in ("deactivate", "fail", "hang"):
                    ctx.tell(clerk, Go(what=what))
                ctx.tell(clerk, Ping())
                ctx.tell(clerk, Pong())
                with pytest.raises(NotAccepted):
                    ctx.request(clerk, Pong())
                with pytest.raises(NotAccepted):
                    ctx.request(ctx.spawn("echo", Echo), Ping())

            @handles
            def on_reply(self, message: Allowed | Denied | EffectReport, ctx: Context) -> None:
                seen.append(message)

        kernel = Kernel()
        kernel.spawn("plain", Plain)
        return kernel

    seen = await live_and_replayed(make, tmp_path / "journal")
    assert [getattr(one, "status", type(one)) for one in seen] == ["failed", "timed_out", Denied]


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_a_cancel_reaches_the_running_the_waiting_and_the_queued_effect(backend: str) -> None:
    """Of three, one runs and two wait for its place; all lose their race."""
    ended: list[str] = []
    telemetry: list[Done] = []

    class Slow(EffectActor):
        capacity = 1

        @handles
        async def on_go(self, message: Go) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                ended.append(message.what)

    async def story(ctx: Context) -> None:
        slow = ctx.spawn("slow", Slow)
        losers = [ctx.ask(slow, Go(what=name), delay=9 << 20) for name in "abc"]
        await ctx.effect(anyio.sleep, 0.01)
        await ctx.race(ctx.sleep(1), *losers)
        with pytest.raises(EffectCancelled):
            await losers[1]
        await ctx.effect(anyio.sleep, 0.01)

    async def main() -> RunEnd:
        return await drive(told(story), on_effect=telemetry.append)

    assert anyio.run(main, backend=backend) is RunEnd.COMPLETED
    assert len(ended) == 1
    assert [one.outcome.status for one in telemetry if one.late] == ["cancelled"] * 3


def test_a_library_that_cancels_its_own_future_does_not_hang_the_run() -> None:
    async def cancels_itself() -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    seen: list[type[Exception]] = []

    async def story(ctx: Context) -> None:
        try:
            await ctx.effect(cancels_itself)
        except EffectCancelled as error:
            seen.append(type(error))

    async def main() -> RunEnd:
        with anyio.fail_after(10):
            return await drive(told(story))

    assert anyio.run(main, backend="asyncio") is RunEnd.COMPLETED
    assert seen == [EffectCancelled]


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_the_end_of_the_host_ends_the_effects_and_records_nothing_of_them(
    tmp_path: Path, backend: str
) -> None:
    path = tmp_path / "journal"

    async def story(ctx: Context) -> None:
        await ctx.effect(anyio.sleep, 0)
        await ctx.effect(anyio.sleep_forever)

    async def main() -> None:
        with Journal.create(path, {}) as journal, anyio.move_on_after(0.1):
            await drive(told(story), journal)

    anyio.run(main, backend=backend)
    assert len(Recorded.read(path)) == 1


@pytest.mark.parametrize("where", ["telemetry", "kernel"])
async def test_an_error_comes_out_as_it_is_and_in_no_group(where: str) -> None:
    async def story(ctx: Context) -> None:
        await ctx.effect(anyio.sleep, 0)
        await trio.sleep(1)

    def broken(effect: Done) -> None:
        if where == "telemetry":
            raise ArithmeticError("in the callback")

    expected = ArithmeticError if where == "telemetry" else NondeterministicAwait
    with pytest.raises(expected):
        await drive(told(story), on_effect=broken)


async def test_effects_run_in_the_event_loop_and_turns_do_not() -> None:
    threads: dict[str, int] = {}

    async def effect() -> None:
        threads["effect"] = threading.get_ident()

    async def story(ctx: Context) -> None:
        threads["turn"] = threading.get_ident()
        await ctx.effect(effect)

    await drive(told(story))
    assert threads["effect"] == threading.get_ident() != threads["turn"]


@pytest.mark.parametrize("turns", [1, 3, 1_000])
async def test_the_size_of_a_batch_changes_nothing_but_speed(turns: int) -> None:
    seen: list[int] = []

    async def story(ctx: Context) -> None:
        for number in range(5):
            ctx.effect(anyio.sleep, 0)
            seen.append(await ctx.effect(_same, number))

    assert await drive(told(story), limits=Limits(turns_per_batch=turns)) is RunEnd.COMPLETED
    assert seen == list(range(5))


async def _same(number: int) -> int:
    return number
