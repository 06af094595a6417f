"""The engine beside a raw trio channel, pykka and AutoGen Core: CPU per message, memory per actor.

    python benchmarks/engine.py [--rounds R] [--only TEXT]

Each measurement runs in a process of its own, all of them R times in turn; the best counts, since
the machine's noise only adds. CPU time is that of the whole process. Before the clock starts the
garbage collector is frozen, as it is in a real run. Prints one JSON line per measurement and at
the end one with the bounds.

- ping_pong: two actors, one message back and forth. `engine` makes a pydantic message for each
  through the public API, `kernel` passes one that is made before, `trio` sends an integer over two
  memory channels without buffer between two tasks.
- fan_out: one tells 1,000 others, each answers.
- ring: one token goes round through 10,000 actors.
- crowd: N actors in a ring, each holds a token and passes it on once per tick: what a message costs
  when all actors are busy. `neighbours` are next to each other in memory; `strangers` are not, and
  each message waits for the memory of a cold actor, whatever the engine does.
- lonely: the ring's single token among N actors, each of which is cold when it comes.
- idle: memory of an actor with one field, in bytes; `told` has handled a message before.
- journal: CPU of recording an outcome of 200 characters, without and with the wait for the disk.
"""

import argparse
import gc
import importlib.metadata
import json
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio
import trio.testing

from gdg_runtime.runtime import Actor, ActorRef, Context, Journal, Kernel, Message, handles
from gdg_runtime.runtime.effects import Done, Outcome, Slot, function_request

SIZES = (10, 100, 1_000, 10_000, 100_000)


class Token(Message):
    n: int


class Passer(Actor):
    """Tells the next one a new message for each that it gets, until the count is at 0."""

    def __init__(self) -> None:
        self.next: ActorRef[Token]

    @handles
    def on_token(self, message: Token, ctx: Context) -> None:
        if message.n:
            ctx.tell(self.next, Token(n=message.n - 1))


class Relay(Passer):
    """Tells the next one the same message."""

    def __init__(self, turns: int) -> None:
        self.left = turns

    @handles
    def on_token(self, message: Token, ctx: Context) -> None:
        self.left -= 1
        if self.left:
            ctx.tell(self.next, message)


def ring_of(actors: int, make: Callable[..., Actor], *args: Any, scattered: bool = False) -> Any:
    """A kernel and the references of actors each of which knows the next."""
    kernel = Kernel()
    refs = [kernel.spawn(f"actor-{number:06}", make, *args) for number in range(actors)]
    order = list(range(actors))
    if scattered:
        random.Random(1).shuffle(order)
    for place, number in enumerate(order):
        refs[number].cell.actor.next = refs[order[(place + 1) % actors]]
    return kernel, refs


def timed(act: Callable[[], object], messages: int) -> float:
    """CPU time per message in µs."""
    gc.collect()
    gc.freeze()
    began = time.process_time()
    act()
    spent = time.process_time() - began
    gc.unfreeze()
    return spent / messages * 1e6


# --- ping-pong -----------------------------------------------------------------------------------


def ping_pong_engine(messages: int = 40_000) -> float:
    kernel, refs = ring_of(2, Passer)
    kernel.root.tell(refs[0], Token(n=messages))
    return timed(kernel.run, messages)


def ping_pong_kernel(messages: int = 40_000) -> float:
    kernel, refs = ring_of(2, Relay, messages // 2)
    kernel.root.tell(refs[0], Token(n=0))
    return timed(kernel.run, messages)


def ping_pong_trio(messages: int = 20_000) -> float:
    async def main() -> None:
        to_pong, pings = trio.open_memory_channel[int](0)
        to_ping, pongs = trio.open_memory_channel[int](0)

        async def ping() -> None:
            for number in range(messages // 2):
                await to_pong.send(number)
                await pongs.receive()

        async def pong() -> None:
            for _ in range(messages // 2):
                await to_ping.send(await pings.receive())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ping)
            nursery.start_soon(pong)

    return timed(lambda: trio.run(main), messages)


def ping_pong_pykka(messages: int = 4_000) -> float:
    import threading

    import pykka

    done = threading.Event()

    class Player(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> None:
            number, other = message
            if number:
                other.tell((number - 1, self.actor_ref))
            else:
                done.set()

    ping, pong = Player.start(), Player.start()

    def play() -> None:
        ping.tell((messages, pong))
        done.wait()

    spent = timed(play, messages)
    pykka.ActorRegistry.stop_all()
    return spent


def ping_pong_autogen_core(messages: int = 2_000) -> float:
    import asyncio
    from dataclasses import dataclass

    from autogen_core import (
        AgentId,
        MessageContext,
        RoutedAgent,
        SingleThreadedAgentRuntime,
        message_handler,
    )

    @dataclass
    class Ball:
        n: int

    class Player(RoutedAgent):
        def __init__(self, other: str) -> None:
            super().__init__("a player")
            self.other = other

        @message_handler
        async def on_ball(self, message: Ball, ctx: MessageContext) -> None:
            if message.n:
                await self.send_message(Ball(message.n - 1), AgentId(self.other, "default"))

    async def main() -> None:
        runtime = SingleThreadedAgentRuntime()
        await Player.register(runtime, "ping", lambda: Player("pong"))
        await Player.register(runtime, "pong", lambda: Player("ping"))
        runtime.start()
        for _ in range(messages // 20):
            # Sends nest there, since each waits for the answer: few bounces at a time.
            await runtime.send_message(Ball(19), AgentId("ping", "default"))
        await runtime.stop_when_idle()

    return timed(lambda: asyncio.run(main()), messages)


# --- fan-out and ring ----------------------------------------------------------------------------

LEAVES = 1_000


class Hub(Actor):
    def __init__(self, leaves: list[ActorRef[Token]], rounds: int) -> None:
        self.leaves, self.rounds, self.missing = leaves, rounds, 1

    @handles
    def on_token(self, message: Token, ctx: Context) -> None:
        self.missing -= 1
        if not self.missing and self.rounds:
            self.rounds -= 1
            self.missing = len(self.leaves)
            for leaf in self.leaves:
                ctx.tell(leaf, Token(n=self.rounds))


def fan_out_engine(rounds: int = 20) -> float:
    kernel, leaves = ring_of(LEAVES, Passer)
    hub = kernel.spawn("hub", Hub, leaves, rounds)
    for leaf in leaves:
        leaf.cell.actor.next = hub
    kernel.root.tell(hub, Token(n=1))
    # Leaves pass on what is not 0, so that the last round stays without answers.
    return timed(kernel.run, 2 * LEAVES * rounds - LEAVES)


def fan_out_trio(rounds: int = 8) -> float:
    async def main() -> None:
        to_hub, answers = trio.open_memory_channel[int](0)

        async def leaf(inbox: trio.MemoryReceiveChannel[int]) -> None:
            async for number in inbox:
                await to_hub.send(number)

        async with trio.open_nursery() as nursery:
            inboxes = []
            for _ in range(LEAVES):
                send, receive = trio.open_memory_channel[int](0)
                inboxes.append(send)
                nursery.start_soon(leaf, receive)
            for number in range(rounds):
                for inbox in inboxes:
                    await inbox.send(number)
                for _ in inboxes:
                    await answers.receive()
            for inbox in inboxes:
                inbox.close()

    return timed(lambda: trio.run(main), 2 * LEAVES * rounds)


def ring_engine(actors: int = 10_000, rounds: int = 4) -> float:
    kernel, refs = ring_of(actors, Passer)
    kernel.root.tell(refs[0], Token(n=actors * rounds))
    return timed(kernel.run, actors * rounds)


def ring_trio(actors: int = 10_000, rounds: int = 2) -> float:
    spent = 0.0

    async def main() -> None:
        nonlocal spent
        channels = [trio.open_memory_channel[int](0) for _ in range(actors)]

        async def member(number: int) -> None:
            receive, send = channels[number][1], channels[(number + 1) % actors][0]
            for _ in range(rounds):
                token = await receive.receive()
                if token:
                    await send.send(token - 1)

        async with trio.open_nursery() as nursery:
            for number in range(actors):
                nursery.start_soon(member, number)
            await trio.testing.wait_all_tasks_blocked()
            began = time.process_time()
            await channels[0][0].send(actors * rounds - 1)
        spent = time.process_time() - began

    trio.run(main)
    return spent / (actors * rounds) * 1e6


# --- many actors ---------------------------------------------------------------------------------


def crowd(actors: int, *, scattered: bool) -> float:
    ticks = max(4, 100_000 // actors)
    kernel, refs = ring_of(actors, Passer, scattered=scattered)
    for ref in refs:
        kernel.root.tell(ref, Token(n=ticks))
    return timed(kernel.run, actors * (ticks + 1))


def lonely(actors: int) -> float:
    hops = max(100_000, 2 * actors)
    kernel, refs = ring_of(actors, Passer)
    kernel.root.tell(refs[0], Token(n=hops))
    return timed(kernel.run, hops)


def _resident() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmRSS in /proc/self/status")


def idle(measure: Callable[[], int], *, told: bool = False, actors: int = 20_000) -> float:
    gc.collect()
    before = measure()
    kernel, refs = ring_of(actors, Passer)
    if told:
        for ref in refs:
            kernel.root.tell(ref, Token(n=0))
        kernel.run()
    del refs
    gc.collect()
    return (measure() - before) / actors


def idle_traced(*, told: bool = False) -> float:
    tracemalloc.start()
    return idle(lambda: tracemalloc.get_traced_memory()[0], told=told)


def journal(outcomes: int, *, synced: bool) -> float:
    async def consult(prompt: str) -> str:
        return prompt

    kernel = Kernel()
    owner = kernel.root._cell
    requests = [
        function_request("agent", number, consult, (f"{number} " + "x" * 200,), {}, None)
        for number in range(outcomes)
    ]
    outcome = Outcome("ok", "y" * 200)
    with tempfile.TemporaryDirectory() as folder:
        records = Journal.create(Path(folder) / "journal.jsonl", {})

        def record() -> None:
            for request in requests:
                slot = Slot(owner, request, None, kernel.reservations.give_up)
                records.outcome(Done(slot, outcome, 0.0))
                if synced:
                    records.sync()
            records.sync()

        spent = timed(record, outcomes)
        records.close()
    return spent


# --- all of them ---------------------------------------------------------------------------------

MESSAGE, BYTES, OUTCOME = "cpu_us_per_message", "bytes_per_actor", "cpu_us_per_outcome"

MEASUREMENTS: dict[tuple[str, str], tuple[str, Callable[[], float]]] = {
    ("ping_pong", "engine"): (MESSAGE, ping_pong_engine),
    ("ping_pong", "kernel"): (MESSAGE, ping_pong_kernel),
    ("ping_pong", "trio"): (MESSAGE, ping_pong_trio),
    ("ping_pong", "pykka"): (MESSAGE, ping_pong_pykka),
    ("ping_pong", "autogen-core"): (MESSAGE, ping_pong_autogen_core),
    ("fan_out_1000", "engine"): (MESSAGE, fan_out_engine),
    ("fan_out_1000", "trio"): (MESSAGE, fan_out_trio),
    ("ring_10000", "engine"): (MESSAGE, ring_engine),
    ("ring_10000", "trio"): (MESSAGE, ring_trio),
    **{
        (f"crowd_{size}", kind): (
            MESSAGE, lambda size=size, far=far: crowd(size, scattered=far)  # type: ignore[misc]
        )
        for kind, far in (("neighbours", False), ("strangers", True))
        for size in SIZES
    },
    **{
        (f"lonely_{size}", "engine"): (MESSAGE, lambda size=size: lonely(size))  # type: ignore[misc]
        for size in SIZES
    },
    ("idle", "resident"): (BYTES, lambda: idle(_resident)),
    ("idle", "traced"): (BYTES, idle_traced),
    ("idle_told", "traced"): (BYTES, lambda: idle_traced(told=True)),
    ("journal", "buffered"): (OUTCOME, lambda: journal(5_000, synced=False)),
    ("journal", "synced"): (OUTCOME, lambda: journal(300, synced=True)),
}  # fmt: skip


def installed(contender: str) -> bool:
    try:
        importlib.metadata.version(contender)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def in_own_process(bench: str, contender: str) -> float:
    child = subprocess.run(
        [sys.executable, __file__, "--measure", bench, contender],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if child.returncode:
        raise SystemExit(f"{bench} {contender} failed:\n{child.stderr}")
    return float(child.stdout)


def bounds(best: dict[tuple[str, str], float]) -> list[dict[str, Any]]:
    """What was promised, as far as it was measured; a figure without a bound is for comparison."""

    def ratio(one: tuple[str, str], other: tuple[str, str]) -> float | None:
        return best[one] / best[other] if one in best and other in best else None

    def growth(bench: str, kind: str) -> float | None:
        return ratio((f"{bench}_{SIZES[-1]}", kind), (f"{bench}_{SIZES[0]}", kind))

    trio_hop, sizes = ("ping_pong", "trio"), f"{SIZES[-1]:,} actors / {SIZES[0]}"
    found: list[tuple[str, float | None, float | None]] = [
        ("ping_pong engine / trio", ratio(("ping_pong", "engine"), trio_hop), 0.5),
        ("ping_pong kernel / trio", ratio(("ping_pong", "kernel"), trio_hop), 0.25),
        (f"crowd neighbours, {sizes}", growth("crowd", "neighbours"), 1.3),
        (f"lonely, {sizes}", growth("lonely", "engine"), 1.3),
        (f"crowd strangers, {sizes}", growth("crowd", "strangers"), 1.3),
        ("bytes per idle actor, resident", best.get(("idle", "resident")), 2_000),
        ("bytes per idle actor, traced", best.get(("idle", "traced")), 2_000),
    ]
    return [
        {"name": name, "value": round(value, 3), "bound": bound,
         "pass": None if bound is None else value <= bound}
        for name, value, bound in found
        if value is not None
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="measure only what has this text in its name")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        unit, measure = MEASUREMENTS[tuple(options.measure)]
        # A second try in one process would find the memory that the first one left.
        tries = 1 if unit == BYTES else 3
        print(min(measure() for _ in range(tries)))
        return
    chosen = [key for key in MEASUREMENTS if options.only in " ".join(key)]
    for bench, contender in chosen:
        if contender in ("pykka", "autogen-core") and not installed(contender):
            print(json.dumps({"benchmark": bench, "contender": contender, "skipped":
                              "not installed; pip install 'gdg-runtime[bench]'"}))  # fmt: skip
    chosen = [key for key in chosen if key[1] not in ("pykka", "autogen-core") or installed(key[1])]
    best = {key: float("inf") for key in chosen}
    for _ in range(options.rounds):
        for key in chosen:
            best[key] = min(best[key], in_own_process(*key))
    for (bench, contender), value in best.items():
        unit = MEASUREMENTS[bench, contender][0]
        print(json.dumps({"benchmark": bench, "contender": contender, unit: round(value, 3)}))
    print(json.dumps({"benchmark": "engine", "bounds": bounds(best)}))


if __name__ == "__main__":
    main()
