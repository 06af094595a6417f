"""Programs that ask a lot, recorded with drawn latencies, and cassettes made of them."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from gdg_runtime.actors.llm.chat import Chat, ChatMessage, ChatReply, Model, NoProvider, Usage
from gdg_runtime.adapters.cassette import Cassette, CassettePlayer
from gdg_runtime.adapters.cassette.export import make_cassette, requests_of
from gdg_runtime.runtime import (
    Actor,
    ActorRef,
    Context,
    Journal,
    Kernel,
    Message,
    Recorded,
    RunEnd,
    drive,
    handles,
)
from gdg_runtime.runtime.effects import EffectRequest, Outcome
from gdg_runtime.runtime.errors import EffectError
from gdg_runtime.runtime.testing import Simulation

Respond = Callable[[EffectRequest], Outcome]
LATER = 5 << 20
"""A delay of five steps, in ticks."""
HEADER = {"order": "logical", "scenario": "story", "seed": 1, "config_hash": "0" * 32}


class Go(Message, name="cassette_test.go"):
    pass


class Narrator(Actor):
    def __init__(self, story: "Story", lines: list[Any], model: ActorRef[Any]) -> None:
        self.story, self.lines, self.model = story, lines, model

    @handles
    async def on_go(self, message: Go, ctx: Context) -> None:
        await self.story(ctx, self)


Story = Callable[[Context, Narrator], Awaitable[None]]


async def ask(prompt: str) -> Any:
    """What stories ask."""
    return f"live answer to {prompt}"


ask.__module__ = "models"


def question(*contents: str) -> Chat:
    """A question to a language model."""
    messages = tuple(ChatMessage(role="user", content=content) for content in contents)
    return Chat(model="toy/parrot", messages=messages, sampling={"temperature": 0.5})


def stage(story: Story, lines: list[Any], actors: tuple[str, ...] = ("a", "b")) -> Kernel:
    """A kernel in which each of these actors lives the story."""
    kernel = Kernel(seed=1)
    model = kernel.spawn("models/1", Model, NoProvider(), 4)
    for name in actors:
        kernel.root.tell(kernel.spawn(name, Narrator, story, lines, model), Go())
    return kernel


def respond(request: EffectRequest) -> Outcome:
    """Answers no two requests alike; fails where it is asked to."""
    about = f"{request.actor} {request.number}"
    if "fail" in request.canonical:
        return Outcome("failed", {"calls": 2}, "Overloaded", f"no answer to {about}")
    if "slow" in request.canonical:
        return Outcome("timed_out", None, "60")
    if request.effect.startswith("models/"):
        reply = ChatReply(content=f"reply to {about}", usage=Usage(7, 2))
        return Outcome("ok", reply.model_dump(mode="json"))
    return Outcome("ok", {"to": about, "and": ["so", "on"]})


class Studio:
    """Records stories and makes cassettes of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._takes = 0

    def record(
        self, story: Story, *, luck: int = 0, turns: int | None = None, answer: Respond = respond
    ) -> tuple[Recorded, list[Any]]:
        """A recorded run and what its actors wrote down; `luck` draws the latencies."""
        self._takes += 1
        path, lines = self.folder / f"journal{self._takes}", []

        def latency(request: EffectRequest) -> float:
            return ((len(request.canonical) * 31 + request.number * 17) * (luck + 1)) % 97 / 10

        with Journal.create(path, HEADER) as journal:
            simulation = Simulation(answer, latency)
            assert simulation.drive(stage(story, lines), journal, turns=turns) is RunEnd.COMPLETED
        return Recorded.read(path), lines

    def cassette(
        self, story: Story, clean: Callable[[str], str] = str, *, redact: bool = False, **how: Any
    ) -> Cassette:
        """The cassette of a run of the story."""
        recorded, _ = self.record(story, **how)
        return make_cassette(
            recorded, requests_of(stage(story, []), recorded), clean, redact=redact
        )

    def written(self, story: Story, **how: Any) -> Path:
        """The same, as a file."""
        path = self.folder / "story.jsonl"
        self.cassette(story, **how).write(path)
        return path


def played(
    story: Story, player: CassettePlayer, path: Path, recorded: Recorded | None = None
) -> list[Any]:
    """What the story's actors write down when the live driver plays it."""
    lines: list[Any] = []
    begun = recorded is not None
    with Journal.reopen(path, recorded) if begun else Journal.create(path, HEADER) as journal:
        live = partial(drive, recorded=recorded, answers=player)
        assert anyio.run(live, stage(story, lines), journal, backend="trio") is RunEnd.COMPLETED
    return lines


SCENE = "You live in an economy of agents. " * 10


async def chatting(ctx: Context, me: Narrator) -> None:
    """Repeats itself, fails, waits too long, and gives up much of what it asked for."""

    async def lose() -> None:
        lost = ctx.effect(ask, "again", delay=LATER)
        me.lines.append(await ctx.race(lost, ctx.sleep(1)))

    await lose()
    for prompt in ("again", "again", "fail", "slow", "other"):
        try:
            me.lines.append(await ctx.effect(ask, prompt, delay=LATER))
        except EffectError as error:
            me.lines.append(str(error))
    await lose()
    parts = [ctx.effect(ask, prompt, delay=LATER) for prompt in ("again", "other", "again")]
    me.lines.append(await ctx.gather(*parts))
    for last in ("Hello", "And now?"):
        me.lines.append((await ctx.ask(me.model, question(SCENE, last))).content)
    await lose()
    me.lines.append(await ctx.effect(ask, "again"))
