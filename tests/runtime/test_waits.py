"""Circles of asks, and what is none."""

from typing import Any

import pytest
from vocabulary import Echo, Go, Ping, Pong

from gdg_runtime.runtime import Actor, Context, Kernel, handles
from gdg_runtime.runtime.errors import AskCycle, Deadlock, RunFailed


class Asker(Actor):
    """Asks the next one in turn when it is asked."""

    def __init__(self, other: str) -> None:
        self.other = other

    @handles
    async def on_ping(self, message: Ping, ctx: Context) -> Any:
        return await ctx.ask(ctx.find(self.other), message)


def circle(size: int) -> Kernel:
    kernel = Kernel()
    for number in range(size):
        kernel.spawn(f"a{number}", Asker, f"a{(number + 1) % size}")
    first = kernel.find("a0")
    assert first is not None
    kernel.root.tell(first, Ping())
    return kernel


@pytest.mark.parametrize(
    ("size", "story"),
    [(1, "a0 → a0"), (2, "a1 → a0 → a1"), (3, "a2 → a0 → a1 → a2")],
)
def test_the_error_names_the_circle_from_the_asker_to_the_asker(size: int, story: str) -> None:
    with pytest.raises(RunFailed) as caught:
        circle(size).run()
    cause: BaseException | None = caught.value
    while cause is not None and not isinstance(cause, AskCycle):
        cause = cause.__cause__
    assert isinstance(cause, AskCycle)
    assert " → ".join(cause.cycle) == story


def test_an_ask_of_an_earlier_turn_is_no_wait() -> None:
    """`a` asked `b` and went on without the answer, so `b` may ask `a`."""
    answers: list[Any] = []

    class A(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            ctx.ask(ctx.find("b"), Ping())

        @handles
        def on_pong(self, message: Pong, ctx: Context) -> str:
            return "yes"

    class B(Actor):
        @handles
        async def on_ping(self, message: Ping, ctx: Context) -> None:
            answers.append(await ctx.ask(ctx.find("a"), Pong()))

    kernel = Kernel()
    kernel.spawn("b", B)
    kernel.root.tell(kernel.spawn("a", A), Go())
    kernel.run()
    assert answers == ["yes"]


def test_an_answer_that_is_awaited_in_a_later_turn_is_a_wait() -> None:
    class A(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            self.answer = ctx.ask(ctx.find("silent"), Ping())
            ctx.later(Pong(), steps=1)

        @handles
        async def on_pong(self, message: Pong, ctx: Context) -> None:
            await self.answer

    class Silent(Actor):
        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            ctx.reply_later()

    kernel = Kernel()
    kernel.spawn("silent", Silent)
    kernel.root.tell(kernel.spawn("a", A), Go())
    with pytest.raises(Deadlock) as caught:
        kernel.run()
    assert caught.value.waits == (("a", "silent"),)
    assert caught.value.cycle == ()


def test_a_deadlock_over_kept_questions_names_the_circle() -> None:
    """Both keep the other's question and wait for their own, asked in another turn."""

    class Stubborn(Actor):
        def __init__(self, other: str) -> None:
            self.other = other

        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            self.answer = ctx.ask(ctx.find(self.other), Ping())
            ctx.later(Pong(), steps=1)

        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            ctx.reply_later()

        @handles
        async def on_pong(self, message: Pong, ctx: Context) -> None:
            await self.answer

    kernel = Kernel()
    pair = [kernel.spawn("a", Stubborn, "b"), kernel.spawn("b", Stubborn, "a")]
    for one in pair:
        kernel.root.tell(one, Go())
    with pytest.raises(Deadlock, match="they wait in a circle: a → b → a"):
        kernel.run()


def test_many_asks_of_one_turn_cost_the_same_each() -> None:
    """A gather over thousands, answered in the other order, must not be quadratic."""
    done: list[int] = []

    class Crowd(Actor):
        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            questions = [ctx.ask(ctx.find("echo"), Ping(n=n)) for n in range(20_000)]
            done.append(len(await ctx.gather(*reversed(questions))))

    kernel = Kernel()
    kernel.spawn("echo", Echo)
    kernel.root.tell(kernel.spawn("crowd", Crowd), Go())
    kernel.run()
    assert done == [20_000]
