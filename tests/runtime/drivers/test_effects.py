"""Which effects may begin when, and effects that can't be had now."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
import trio
from stories import Story
from vocabulary import Go

from gdg_runtime.runtime import (
    Context,
    EffectActor,
    EffectFailed,
    EffectFault,
    EffectRequest,
    EffectWithheld,
    Journal,
    Kernel,
    Limits,
    Message,
    Outcome,
    Recorded,
    RunEnd,
    StopSwitch,
    drive,
    handles,
    replay,
)
from gdg_runtime.runtime.effects import asking


def told(*stories: Callable[[Context], Any]) -> Kernel:
    kernel = Kernel(seed=1)
    for number, story in enumerate(stories):
        kernel.root.tell(kernel.spawn(f"asker_{number}", Story, story), Go())
    return kernel


class Question(Message, name="tests.question"):
    number: int


class Oracle(EffectActor):
    """Counts how many ask it at once."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity  # type: ignore[misc]
        self.now = self.most = 0
        self.order: list[int] = []

    @handles
    async def on_question(self, question: Question) -> int:
        self.now += 1
        self.most = max(self.most, self.now)
        self.order.append(question.number)
        await anyio.sleep(0.002)
        self.now -= 1
        return question.number


def consulting(oracles: list[Oracle], questions: int, answers: list[Any]) -> Kernel:
    kernel = Kernel(seed=1)
    refs = [kernel.spawn(f"oracle_{n}", lambda o=oracle: o) for n, oracle in enumerate(oracles)]

    async def story(ctx: Context) -> None:
        asked = [ctx.ask(ref, Question(number=n)) for n in range(questions) for ref in refs]
        answers.append(await ctx.gather(*asked))

    kernel.root.tell(kernel.spawn("asker", Story, story), Go())
    return kernel


async def test_no_more_run_at_once_than_an_effect_actor_and_the_driver_allow() -> None:
    wide, narrow, answers = Oracle(100), Oracle(3), list[Any]()
    kernel = consulting([wide, narrow], 50, answers)
    await drive(kernel, limits=Limits(max_concurrency=10))
    assert narrow.most == 3
    assert 3 < wide.most <= 10
    assert answers == [[n for n in range(50) for _ in range(2)]]


async def test_what_waits_begins_in_the_order_in_which_it_was_asked_for() -> None:
    oracle, answers = Oracle(1), list[Any]()
    await drive(consulting([oracle], 40, answers))
    assert oracle.order == list(range(40))


async def test_a_request_that_waits_is_no_task() -> None:
    """A thousand waiting requests cost an entry in a queue each."""
    oracle, answers, tasks = Oracle(4), list[Any](), list[int]()

    async def watch() -> None:
        while not answers:
            tasks.append(trio.lowlevel.current_statistics().tasks_living)
            await anyio.sleep(0.005)

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        await drive(consulting([oracle], 1_000, answers))
    assert max(tasks) < 40


async def test_a_queued_effect_that_loses_a_race_never_begins(tmp_path: Path) -> None:
    begun: list[str] = []

    async def work(name: str, seconds: float) -> str:
        begun.append(name)
        await anyio.sleep(seconds)
        return name

    async def story(ctx: Context) -> None:
        winner = await ctx.race(
            ctx.effect(work, "first", 0.01), ctx.effect(work, "second", 60, delay=2)
        )
        assert winner.value == "first"

    with Journal.create(tmp_path / "journal", {"order": "logical"}) as journal:
        ending = await drive(told(story), journal, limits=Limits(max_concurrency=1))
    assert ending is RunEnd.COMPLETED
    assert "first" in begun
    recorded = Recorded.read(tmp_path / "journal")
    assert await trio.to_thread.run_sync(replay, told(story), recorded) is RunEnd.COMPLETED


async def test_an_effect_knows_who_asks() -> None:
    seen: list[EffectRequest] = []

    async def look() -> None:
        seen.append(asking.get())

    async def story(ctx: Context) -> None:
        await ctx.effect(look)

    await drive(told(story, story))
    assert sorted((request.actor, request.number) for request in seen) == [
        ("asker_0", 1),
        ("asker_1", 1),
    ]


async def test_the_facts_of_a_fault_reach_the_asker_live_and_replayed(tmp_path: Path) -> None:
    async def fail() -> None:
        raise EffectFault("overloaded", "no answer", {"calls": 3, "faults": [["timed_out", None]]})

    def make(seen: list[Any]) -> Kernel:
        async def story(ctx: Context) -> None:
            try:
                await ctx.effect(fail)
            except EffectFailed as error:
                seen.append((error.kind, error.text, error.facts))

        return told(story)

    live, again = list[Any](), list[Any]()
    with Journal.create(tmp_path / "journal", {"order": "logical"}) as journal:
        await drive(make(live), journal)
    recorded = Recorded.read(tmp_path / "journal")
    await trio.to_thread.run_sync(replay, make(again), recorded)
    expected = ("overloaded", "no answer", {"calls": 3, "faults": [["timed_out", None]]})
    assert live == again == [expected]


async def test_facts_without_a_json_form_are_a_failure_of_their_own() -> None:
    seen: list[str] = []

    async def fail() -> None:
        raise EffectFault("odd", "text", {1, 2})

    async def story(ctx: Context) -> None:
        try:
            await ctx.effect(fail)
        except EffectFailed as error:
            seen.append(error.kind)

    await drive(told(story))
    assert seen == ["NotSerialisable"]


class Shop:
    """Serves as long as there is stock."""

    def __init__(self, stock: int) -> None:
        self.stock = stock
        self.served: list[str] = []

    async def buy(self, who: str) -> str:
        await anyio.sleep(0.001 * len(who))
        if not self.stock:
            raise EffectWithheld("the shop is empty")
        self.stock -= 1
        self.served.append(who)
        return f"goods for {who}"


def shopping(shop: Shop, bought: list[str], agents: int = 6) -> Kernel:
    async def story(ctx: Context) -> None:
        for step in range(3):
            bought.append(await ctx.effect(shop.buy, f"{ctx.self.path}/{step}"))
            await ctx.sleep(1)

    return told(*[story] * agents)


async def bought_again(path: Path, stock: int) -> tuple[RunEnd, list[str], Shop, str | None]:
    """A resumed execution of the shopping with a new stock."""
    shop, bought, stop = Shop(stock), list[str](), StopSwitch()
    recorded = Recorded.read(path)
    with Journal.reopen(path, recorded) as journal:
        ending = await drive(shopping(shop, bought), journal, recorded=recorded, stop=stop)
    return ending, bought, shop, stop.reason


@pytest.mark.parametrize("stock", [0, 1, 5, 7, 11, 17])
async def test_a_withheld_effect_pauses_the_run_and_what_was_paid_for_is_kept(
    tmp_path: Path, stock: int
) -> None:
    path, shop, stop = tmp_path / "journal", Shop(stock), StopSwitch()
    with Journal.create(path, {"order": "logical"}) as journal:
        ending = await drive(shopping(shop, []), journal, stop=stop)
    assert ending is RunEnd.PAUSED
    assert stop.reason == "the shop is empty"
    assert len(Recorded.read(path)) == stock == len(shop.served)
    ending, bought, later, reason = await bought_again(path, 18 - stock)
    assert ending is RunEnd.COMPLETED
    assert reason is None
    assert len(later.served) == 18 - stock
    assert not set(later.served) & set(shop.served)
    whole: list[str] = []
    await drive(shopping(Shop(18), whole))
    assert bought == whole


class Known:
    """Answers that are known beforehand."""

    def __init__(self, answers: dict[str, Outcome]) -> None:
        self.answers = answers
        self.seen: list[tuple[str, int]] = []

    def saw(self, request: EffectRequest) -> None:
        self.seen.append((request.actor, request.number))

    def answer(self, request: EffectRequest) -> Outcome | None:
        return self.answers.get(request.plain["args"][0])


async def test_what_is_known_beforehand_is_recorded_and_nobody_is_asked(tmp_path: Path) -> None:
    shop, bought = Shop(100), list[str]()
    known = Known({"asker_0/0": Outcome("ok", "from memory")})
    with Journal.create(tmp_path / "journal", {"order": "logical"}) as journal:
        await drive(shopping(shop, bought, 2), journal, answers=known)
    assert "from memory" in bought
    assert "asker_0/0" not in shop.served
    assert len(shop.served) == 5
    assert len(known.seen) == 6
    assert len(Recorded.read(tmp_path / "journal")) == 6


@pytest.mark.parametrize("stock", [0, 4])
async def test_a_withheld_effect_pauses_a_run_in_order_of_arrival_as_well(
    tmp_path: Path, stock: int
) -> None:
    shop, stop = Shop(stock), StopSwitch()
    kernel = Kernel(seed=1, arrival=True)

    async def story(ctx: Context) -> None:
        for step in range(3):
            await ctx.effect(shop.buy, f"{ctx.self.path}/{step}")

    for number in range(3):
        kernel.root.tell(kernel.spawn(f"asker_{number}", Story, story), Go())
    with Journal.create(tmp_path / "journal", {"order": "arrival"}) as journal:
        with anyio.fail_after(30):
            assert await drive(kernel, journal, stop=stop) is RunEnd.PAUSED
    assert stop.reason == "the shop is empty"
    assert not stop.wished
    assert len(Recorded.read(tmp_path / "journal")) == stock


async def test_faults_and_withholding_count_out_of_a_task_group_too() -> None:
    seen: list[str] = []

    async def grouped(withheld: bool) -> None:
        async def inner() -> None:
            raise EffectWithheld("later") if withheld else EffectFault("gone", "no", [1])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(inner)

    async def story(ctx: Context) -> None:
        try:
            await ctx.effect(grouped, False)
        except EffectFailed as error:
            seen.append(error.kind)
        await ctx.effect(grouped, True)

    stop = StopSwitch()
    assert await drive(told(story), stop=stop) is RunEnd.PAUSED
    assert (seen, stop.reason) == (["gone"], "later")


class Nameless(EffectActor):
    known_as = "the oracle"

    @handles
    async def on_question(self, question: Question) -> int:
        return question.number


def test_a_request_may_leave_out_under_which_path_its_effect_lives() -> None:
    digests = set()
    for path in ("models/1", "models/2"):
        kernel, requests = Kernel(), list[EffectRequest]()
        oracle = kernel.spawn(path, Nameless)

        async def story(ctx: Context, oracle: Any = oracle) -> None:
            await ctx.ask(oracle, Question(number=1))

        kernel.reservations.saw = requests.append
        kernel.root.tell(kernel.spawn("asker", Story, story), Go())
        kernel.run()
        digests.add(requests[0].digest)
        assert requests[0].effect == path
    assert len(digests) == 1
