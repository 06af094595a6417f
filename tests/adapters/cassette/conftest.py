"""A program that asks a lot: runs of it with drawn latencies, recorded and played."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.adapters.cassette import Cassette
from gdg_runtime.adapters.cassette.export import make_cassette
from gdg_runtime.adapters.cassette.occurrences import occurrences
from gdg_runtime.runtime import (
    Actor,
    Context,
    EffectActor,
    Ending,
    Journal,
    Kernel,
    Message,
    Recorded,
    handles,
)
from gdg_runtime.runtime.drivers.simulation import Simulation
from gdg_runtime.runtime.errors import EffectError
from gdg_runtime.runtime.slot import EffectRequest, Outcome

Story = Callable[[Context, list[Any]], Awaitable[None]]
LATER = 5 << 20
"""A delay of five steps, in ticks."""


class Go(Message, name="cassette_test.go"):
    pass


class Question(Message, name="cassette_test.question"):
    text: str


class Oracle(EffectActor):
    @handles
    async def on_question(self, question: Question) -> str:
        return f"live answer to {question.text}"


class Narrator(Actor):
    def __init__(self, story: Story, lines: list[Any]) -> None:
        self.story, self.lines = story, lines

    @handles
    async def on_go(self, message: Go, ctx: Context) -> None:
        await self.story(ctx, self.lines)


async def ask(prompt: str) -> Any:
    """An effect by a function."""
    return f"live answer to {prompt}"


ask.__module__ = "models"


def told(story: Story, lines: list[Any], actors: tuple[str, ...] = ("a", "b")) -> Kernel:
    """A kernel in which each of these actors lives the story."""
    kernel = Kernel(seed=1)
    kernel.spawn("oracle", Oracle)
    for name in actors:
        kernel.root.tell(kernel.spawn(name, Narrator, story, lines), Go())
    return kernel


class Provider:
    """Answers with a number that grows with each request of one actor, so that no two answers
    are alike; fails where it is asked to."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], str] = {}

    def __call__(self, request: EffectRequest) -> Outcome:
        about = f"{request.actor} {request.number}"
        if "fail" in request.canonical:
            return Outcome("failed", {"calls": 2}, "Overloaded", f"no answer to {about}")
        if "slow" in request.canonical:
            return Outcome("timed_out", None, "60")
        return Outcome("ok", f"answer to {about}")


class Studio:
    """Records stories and makes cassettes of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.takes = 0

    def record(
        self, story: Story, *, luck: int = 0, respond: Callable[[EffectRequest], Outcome] | None = None,
        turns: int | None = None,
    ) -> tuple[Recorded, list[Any]]:  # fmt: skip
        """A recorded run and what its actors wrote down; `luck` draws the latencies."""
        self.takes += 1
        path, lines = self.folder / f"journal{self.takes}", []

        def latency(request: EffectRequest) -> float:
            return ((len(request.canonical) * 31 + request.number * 17) * (luck + 1)) % 97 / 10

        with Journal.create(path, {"order": "logical", "scenario": "story", "seed": 1}) as journal:
            ending = Simulation(respond or Provider(), latency).drive(
                told(story, lines), journal, turns=turns
            )
        assert ending is Ending.COMPLETED
        return Recorded.read(path), lines

    def cassette(
        self, story: Story, clean: Callable[[str], str] = str, *, redact: bool = False, **how: Any
    ) -> Cassette:
        """The cassette of a run of the story."""
        recorded, _ = self.record(story, **how)
        counted = occurrences(told(story, []), recorded)
        return make_cassette(recorded, counted, clean, redact=redact)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


PROMPT = "You live in an economy. " * 20


async def chatting(ctx: Context, lines: list[Any]) -> None:
    """Repeats itself, fails, waits too long, and gives up what it asked for."""
    lost = ctx.effect(ask, "again", delay=LATER)
    lines.append(await ctx.race(lost, ctx.sleep(1)))
    for prompt in ("again", "again", "fail", "slow", PROMPT, PROMPT + "And now?"):
        try:
            lines.append((ctx.self.path, prompt[:9], await ctx.effect(ask, prompt, delay=LATER)))
        except EffectError as error:
            lines.append((ctx.self.path, str(error)))
    lost = ctx.effect(ask, "again", delay=LATER)
    lines.append(await ctx.race(lost, ctx.sleep(1)))
    parts = [ctx.effect(ask, prompt, delay=LATER) for prompt in ("again", "other", "again")]
    lines.append(await ctx.gather(*parts))
