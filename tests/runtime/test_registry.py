"""How actors come and go, and that nobody who asked them is left waiting."""

from typing import Any

import pytest
from vocabulary import Echo, Go, Log, Ping, Pong

from gdg_runtime.runtime import (
    Actor,
    ActorFailed,
    Context,
    Directive,
    Kernel,
    Supervision,
    handles,
    schedule,
)
from gdg_runtime.runtime.effects import EffectRequest, Outcome
from gdg_runtime.runtime.errors import AskFailed, EffectCancelled
from gdg_runtime.runtime.testing import Simulation

RESTART = Supervision(Directive.RESTART, max_failures=100)
RESUME = Supervision(Directive.RESUME, max_failures=100)


class Run(Actor):
    """Runs an async function in its first turn."""

    def __init__(self, story: Any) -> None:
        self.story = story

    @handles
    async def on_go(self, message: Go, ctx: Context) -> None:
        await self.story(ctx)


def tell(kernel: Kernel, story: Any) -> None:
    kernel.root.tell(kernel.spawn("story", Run, story), Go())
    kernel.run()


class Slow(Actor):
    """Answers after three steps; stopped in between, it says farewell."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    @handles
    async def on_ping(self, message: Ping, ctx: Context) -> int:
        try:
            await ctx.sleep(3)
        finally:
            self.lines.append("unwound")
        return message.n


@pytest.mark.parametrize("policy", ["fifo", "fair", *[f"shuffle:{seed}" for seed in range(8)]])
def test_on_start_is_the_first_turn_whatever_the_schedule(policy: str) -> None:
    lines: list[str] = []

    class Child(Actor):
        def on_start(self, ctx: Context) -> None:
            lines.append("started")

        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            lines.append(f"ping {message.n}")

    class Parent(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            child = ctx.spawn("child", Child)
            ctx.tell(child, Ping(n=1))
            ctx.tell(child, Ping(n=2))

    kernel = Kernel(tie=schedule(policy, 1))
    kernel.root.tell(kernel.spawn("parent", Parent), Go())
    kernel.run()
    assert lines == ["started", "ping 1", "ping 2"]


def test_a_new_instance_starts_before_the_messages_that_waited_for_the_old_one() -> None:
    lines: list[str] = []

    class Fragile(Actor):
        def on_start(self, ctx: Context) -> None:
            lines.append("started")

        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            await ctx.sleep(1)
            if message.what == "fail":
                raise ValueError
            lines.append(message.what)

    kernel = Kernel()
    fragile = kernel.spawn("fragile", Fragile, supervision=RESTART)
    for what in ("fail", "b", "c"):
        kernel.root.tell(fragile, Go(what=what))
    kernel.run()
    assert lines == ["started", "started", "b", "c"]


def test_an_asynchronous_on_start_is_waited_for() -> None:
    lines: list[str] = []

    class Patient(Log):
        async def on_start(self, ctx: Context) -> None:  # type: ignore[override]
            await ctx.sleep(2)
            self.lines.append(f"started at {ctx.step}")

    kernel = Kernel()
    kernel.root.tell(kernel.spawn("patient", Patient, lines), Go(what="go"))
    kernel.run()
    assert lines == ["started at 2", "go"]


def test_who_asked_an_actor_that_is_stopped_in_the_middle_of_its_answer_gets_an_error() -> None:
    lines: list[str] = []

    async def story(ctx: Context) -> None:
        slow = ctx.spawn("slow", Slow, lines)
        answer, waiting = ctx.ask(slow, Ping()), ctx.ask(slow, Ping())
        await ctx.sleep(1)
        ctx.stop(slow)
        for one in (answer, waiting):
            try:
                await one
            except AskFailed as error:
                lines.append(str(error))

    tell(Kernel(), story)
    assert lines == ["unwound", *["actor 'story/slow' can't answer: it is stopped"] * 2]


def test_who_asked_an_actor_that_a_failing_child_restarts_gets_an_error() -> None:
    lines: list[str] = []

    class Child(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            raise ValueError("from below")

    class Parent(Slow):
        @handles
        async def on_ping(self, message: Ping, ctx: Context) -> int:
            ctx.later(Go(), steps=1, to=ctx.spawn("child", Child))
            return await super().on_ping(message, ctx)

    async def story(ctx: Context) -> None:
        try:
            await ctx.ask(ctx.spawn("parent", Parent, lines, supervision=RESTART), Ping())
        except AskFailed as error:
            lines.append(str(error))

    tell(Kernel(), story)
    assert lines == ["unwound", "actor 'story/parent' can't answer: it is restarted"]


def test_questions_that_were_kept_open_end_with_an_error_at_a_restart() -> None:
    lines: list[str] = []

    class Keeper(Actor):
        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            ctx.reply_later()
            if message.n:
                raise ValueError("now")

    async def story(ctx: Context) -> None:
        keeper = ctx.spawn("keeper", Keeper, supervision=RESTART)
        for answer in (ctx.ask(keeper, Ping(n=0)), ctx.ask(keeper, Ping(n=1))):
            try:
                await answer
            except AskFailed as error:
                lines.append(str(error))

    tell(Kernel(), story)
    assert lines == [
        "actor 'story/keeper' can't answer: it is restarted",
        "actor 'story/keeper' failed while it handled the question: ValueError: now",
    ]


def test_a_question_that_was_answered_before_the_handler_failed_is_answered_once() -> None:
    answers: list[Any] = []

    class Hasty(Actor):
        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            ctx.reply(ctx.reply_later(), "early")
            raise ValueError

    async def story(ctx: Context) -> None:
        answers.append(await ctx.ask(ctx.spawn("hasty", Hasty, supervision=RESUME), Ping()))
        await ctx.sleep(1)

    kernel = Kernel()
    tell(kernel, story)
    assert answers == ["early"]
    assert kernel.dead_letters == {}


def test_the_finally_of_a_stopped_handler_may_speak_but_not_wait() -> None:
    lines: list[str] = []
    reports: list[ActorFailed] = []

    class Stubborn(Actor):
        @handles
        async def on_ping(self, message: Ping, ctx: Context) -> None:
            try:
                await ctx.sleep(5)
            finally:
                ctx.tell(ctx.find("log"), Go(what="last words"))
                await ctx.sleep(1)

    class Reports(Actor):
        @handles
        def on_failed(self, message: ActorFailed, ctx: Context) -> None:
            reports.append(message)

    kernel = Kernel()
    kernel.listener = kernel.spawn("reports", Reports)
    kernel.spawn("log", Log, lines)

    async def story(ctx: Context) -> None:
        stubborn = ctx.spawn("stubborn", Stubborn)
        ctx.tell(stubborn, Ping())
        await ctx.sleep(1)
        ctx.stop(stubborn)

    tell(kernel, story)
    assert lines == ["last words"]
    assert [(report.path, report.directive) for report in reports] == [
        ("story/stubborn", "dropped")
    ]
    assert "ignored GeneratorExit" in reports[0].error


def test_an_error_in_on_stop_is_reported_and_changes_nothing() -> None:
    reports: list[ActorFailed] = []

    class Sore(Echo):
        def on_stop(self) -> None:
            raise OSError("can't close")

    class Reports(Actor):
        @handles
        def on_failed(self, message: ActorFailed, ctx: Context) -> None:
            reports.append(message)

    kernel = Kernel()
    kernel.listener = kernel.spawn("reports", Reports)
    kernel.root.stop(kernel.spawn("sore", Sore))
    kernel.run()
    assert [(report.handler, report.error) for report in reports] == [
        ("on_stop", "OSError: can't close")
    ]
    assert kernel.find("sore") is None


def test_a_stopped_actor_cancels_the_effect_that_it_waited_for() -> None:
    async def never() -> None: ...

    class Caller(Actor):
        @handles
        async def on_ping(self, message: Ping, ctx: Context) -> None:
            await ctx.effect(never, delay=9 << 20)

    kernel = Kernel()
    caller = kernel.spawn("caller", Caller)
    kernel.root.tell(caller, Ping())
    kernel.root.later(Go(), steps=1)
    kernel.run(1)
    (slot,) = kernel.reservations.take_requests()
    kernel.root.stop(caller)
    kernel.run()
    assert slot.cancelled
    assert kernel.reservations.take_released() == [slot]


def test_an_actor_with_the_name_of_a_stopped_one_goes_on_with_its_numbers() -> None:
    """Else two requests of one run would have one identity, and two envelopes one place."""
    asked: list[EffectRequest] = []

    async def question(word: str) -> str:
        return word

    class Worker(Actor):
        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            ctx.later(Pong(), steps=9 - ctx.step, to=ctx.find("boss"))
            await ctx.effect(question, message.what)

    class Boss(Actor):
        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            for what in ("first", "second"):
                worker = ctx.spawn("worker", Worker)
                ctx.tell(worker, Go(what=what))
                await ctx.sleep(1)
                ctx.stop(worker)
                await ctx.sleep(1)

        @handles
        def on_pong(self, message: Pong, ctx: Context) -> None: ...

    kernel = Kernel()
    kernel.root.tell(kernel.spawn("boss", Boss), Go())
    simulation = Simulation(lambda request: Outcome("ok", "x"), lambda request: 0.0)
    simulation.drive(kernel)
    asked = simulation.asked
    assert [request.actor for request in asked] == ["boss/worker"] * 2
    assert asked[0].number < asked[1].number


def test_the_loser_of_a_race_raises_effect_cancelled_whether_its_outcome_was_in_or_not() -> None:
    async def question() -> str:
        return "late"

    def play(latency: float) -> list[str]:
        lines: list[str] = []

        async def story(ctx: Context) -> None:
            loser = ctx.effect(question, delay=5 << 20)
            await ctx.race(ctx.sleep(1), loser)
            await ctx.effect(question)
            try:
                lines.append(await loser)
            except EffectCancelled as error:
                lines.append(str(error))

        kernel = Kernel()
        kernel.root.tell(kernel.spawn("story", Run, story), Go())
        kernel.spawn("echo", Echo)
        slow = iter((latency, 5.0))
        Simulation(lambda request: Outcome("ok", "x"), lambda request: next(slow)).drive(kernel)
        return lines

    assert play(0.0) == play(99.0)
    assert "was cancelled" in play(0.0)[0]


@pytest.mark.parametrize("name", ["", "~outside"])
def test_a_name_that_can_not_be_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name"):
        Kernel().spawn(name, Echo)


def test_stopping_the_program_itself_stops_everybody() -> None:
    kernel = Kernel()
    kernel.spawn("echo", Echo)
    kernel.root.stop()
    kernel.run()
    assert kernel.find("echo") is None
