"""Messages from outside: admitted, recorded, replayed, and what happens while they may come."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio
import trio.testing
from vocabulary import Go, Ping, Pong

from gdg_runtime.runtime import (
    Actor,
    ActorRef,
    Context,
    EffectActor,
    Journal,
    Kernel,
    Message,
    Recorded,
    RunEnd,
    StopSwitch,
    drive,
    from_outside,
    handles,
    replay,
)
from gdg_runtime.runtime.envelope import Arrival
from gdg_runtime.runtime.errors import Deadlock, NotAccepted, NotSerialisable

Lines = list[str]


class Order(Message, name="test.order"):
    what: str
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    parts: tuple[int, ...] = ()


class Rush(Order):
    pass


class Desk(Actor):
    """Takes orders, and opens a counter for each; closes it again when told."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    @handles
    def on_order(self, order: Order, ctx: Context) -> None:
        self.lines.append(f"{order!r} from {ctx.sender} at {ctx.step}")
        ctx.spawn(order.what, Desk, self.lines)

    @handles
    def on_go(self, message: Go, ctx: Context) -> None:
        ctx.stop(ctx.find(f"desk/{message.what}"))


def office(lines: Lines) -> Kernel:
    kernel = Kernel()
    kernel.spawn("desk", Desk, lines)
    return kernel


def desk_of(kernel: Kernel) -> ActorRef[Any]:
    found = kernel.find("desk")
    assert found is not None
    return found


Speak = Callable[[Kernel, Any], Any]


async def serve(
    kernel: Kernel, path: Path, speak: Speak, *, stop: StopSwitch | None = None
) -> RunEnd:
    """Drive while `speak` sends; closes the door behind it."""
    send, receive = anyio.create_memory_object_stream[Arrival](10)

    async def caller() -> None:
        async with send:
            await speak(kernel, send)

    with Journal.create(path, {"order": "logical"}) as journal:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(caller)
            end = await drive(kernel, journal, outside=receive, stop=stop)
            nursery.cancel_scope.cancel()
            return end


async def until(condition: Callable[[], object]) -> None:
    with trio.fail_after(10):
        while not condition():
            await trio.sleep(0.001)


async def test_a_message_to_an_actor_that_was_born_during_the_run_replays(tmp_path: Path) -> None:
    live: Lines = []

    async def speak(kernel: Kernel, send: Any) -> None:
        await send.send(from_outside(desk_of(kernel), Order(what="a", parts=(1, 2))))
        await until(lambda: kernel.find("desk/a"))
        born = kernel.find("desk/a")
        assert born is not None
        await send.send(from_outside(born, Order(what="b")))
        await until(lambda: len(live) == 2)

    path = tmp_path / "journal"
    assert await serve(office(live), path, speak) is RunEnd.COMPLETED
    again: Lines = []
    replayed = await trio.to_thread.run_sync(replay, office(again), Recorded.read(path))
    assert replayed is RunEnd.COMPLETED
    assert live == again
    assert "parts=(1, 2)" in live[0] and "from None" in live[0]


async def test_a_message_to_an_actor_that_is_gone_is_a_dead_letter_live_and_replayed(
    tmp_path: Path,
) -> None:
    kernels: list[Kernel] = []

    async def speak(kernel: Kernel, send: Any) -> None:
        desk = desk_of(kernel)
        await send.send(from_outside(desk, Order(what="a")))
        await until(lambda: kernel.find("desk/a"))
        born = kernel.find("desk/a")
        assert born is not None
        await send.send(from_outside(desk, Go(what="a")))
        await until(lambda: kernel.find("desk/a") is None)
        await send.send(from_outside(born, Order(what="b")))

    path = tmp_path / "journal"
    kernels.append(office([]))
    await serve(kernels[0], path, speak)
    kernels.append(office([]))
    await trio.to_thread.run_sync(replay, kernels[1], Recorded.read(path))
    for kernel in kernels:
        assert kernel.dead_letters == {"unknown_target": 1}


def test_what_the_target_does_not_declare_is_refused_where_it_is_made() -> None:
    desk = desk_of(office([]))
    for message in (Ping(), Rush(what="subtypes are not told apart by name")):
        with pytest.raises(NotAccepted):
            from_outside(desk, message)

    class Model(EffectActor):
        @handles
        async def on_ping(self, message: Ping) -> Pong:
            return Pong()

    with pytest.raises(NotAccepted):
        from_outside(Kernel().spawn("model", Model), Ping())


def test_what_has_no_json_form_is_refused_where_it_is_made() -> None:
    with pytest.raises(NotSerialisable, match=r"the message test\.order"):
        from_outside(desk_of(office([])), Order(what="\ud800"))


class Approval(Actor):
    """Waits for a person."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    @handles
    def on_ping(self, message: Ping, ctx: Context) -> None:
        self.question = ctx.reply_later()

    @handles
    def on_go(self, message: Go, ctx: Context) -> None:
        ctx.reply(self.question, message.what)


class Worker(Actor):
    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    @handles
    async def on_order(self, order: Order, ctx: Context) -> None:
        self.lines.append(await ctx.ask(ctx.find("approval"), Ping()))


def waiting_for_a_person(lines: Lines) -> Kernel:
    kernel = Kernel()
    kernel.spawn("approval", Approval, lines)
    kernel.root.tell(kernel.spawn("worker", Worker, lines), Order(what="x"))
    return kernel


async def test_an_actor_may_wait_for_someone_outside_as_long_as_the_door_is_open(
    tmp_path: Path,
) -> None:
    async def speak(kernel: Kernel, send: Any) -> None:
        await until(lambda: kernel.waiting)
        await trio.testing.wait_all_tasks_blocked()
        approval = kernel.find("approval")
        assert approval is not None
        await send.send(from_outside(approval, Go(what="yes")))

    path, live, again = tmp_path / "journal", Lines(), Lines()
    assert await serve(waiting_for_a_person(live), path, speak) is RunEnd.COMPLETED
    kernel = waiting_for_a_person(again)
    assert await trio.to_thread.run_sync(replay, kernel, Recorded.read(path)) is RunEnd.COMPLETED
    assert live == again == ["yes"]


async def test_when_the_door_closes_who_still_waits_is_a_deadlock(tmp_path: Path) -> None:
    async def speak(kernel: Kernel, send: Any) -> None:
        await until(lambda: kernel.waiting)

    with pytest.RaisesGroup(Deadlock):
        await serve(waiting_for_a_person([]), tmp_path / "journal", speak)


async def test_an_idle_run_with_an_open_door_can_be_stopped(tmp_path: Path) -> None:
    stop = StopSwitch()
    kernel = office([])

    async def speak(kernel: Kernel, send: Any) -> None:
        await trio.testing.wait_all_tasks_blocked()
        stop.throw()
        await trio.sleep_forever()  # the door stays open

    with trio.fail_after(5):
        assert await serve(kernel, tmp_path / "journal", speak, stop=stop) is RunEnd.STOPPED


async def test_messages_from_outside_are_resumed_in_their_places(tmp_path: Path) -> None:
    live: Lines = []

    async def speak(kernel: Kernel, send: Any) -> None:
        for number in range(3):
            await send.send(from_outside(desk_of(kernel), Order(what=f"o{number}")))
            await until(lambda seen=number: len(live) > seen)

    path = tmp_path / "journal"
    await serve(office(live), path, speak)
    whole = path.read_bytes().splitlines(keepends=True)
    for kept in range(1, len(whole) + 1):
        path.write_bytes(b"".join(whole[:kept]))
        recorded, resumed = Recorded.read(path), Lines()
        kernel = office(resumed)
        with Journal.reopen(path, recorded) as journal:
            assert await drive(kernel, journal, recorded=recorded) is RunEnd.COMPLETED
        assert resumed == live[: kept - 1]
