"""Actor programs made of data, for tests that run one program under many weathers.

A program is a list of scripts; a script is a list of steps such as ("ask", 2, 1). Every message
says which script its receiver plays. Without Hypothesis, so that processes can do without it.
"""

import hashlib
import random
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import anyio

from gdg_runtime.runtime import (
    Actor,
    ActorRef,
    Context,
    DeadLetter,
    Directive,
    EffectActor,
    EffectReport,
    EffectRequest,
    Kernel,
    Message,
    Outcome,
    Supervision,
    Terminated,
    handles,
    schedule,
)
from gdg_runtime.runtime.envelope import Envelope
from gdg_runtime.runtime.errors import ActorError, AskFailed, EffectError, GdgError

Step = tuple[Any, ...]
Script = tuple[Step, ...]


class Program(NamedTuple):
    """What the actors do, and by which rules."""

    scripts: tuple[Script, ...]
    directives: tuple[str, ...]
    """One per actor at the top."""
    schedule: str = "fifo"
    fuel: int = 2
    arrival: bool = False


class Job(Message, name="job"):
    script: int
    fuel: int


class Question(Message, name="question"):
    tag: str


class Advice(Message, name="advice"):
    text: str


class Refusal(Message, name="refusal"):
    text: str


class Weather:
    """How slow the outside is: a keyed latency in [0, scale] seconds, none at all for 0."""

    def __init__(self, seed: int = 0, scale: float = 0.0) -> None:
        self.seed, self.scale = seed, scale

    def latency(self, label: str) -> float:
        text = hashlib.sha256(f"{self.seed}/{label}".encode()).digest()
        return self.scale * int.from_bytes(text[:4], "big") / 2**32

    async def blow(self, label: str) -> None:
        if self.scale:
            await anyio.sleep(self.latency(label))


def verdict(tag: str) -> int:
    return hashlib.sha256(tag.encode()).digest()[0]


class Oracle:
    """Plain async functions as effects."""

    def __init__(self, weather: Weather) -> None:
        self.weather = weather

    async def consult(self, tag: str) -> dict[str, list[str]]:
        await self.weather.blow(tag)
        if verdict(tag) % 5 == 0:
            raise ValueError(f"no answer to {tag}")
        return {tag: ["said", tag[::-1]]}


class Consultant(EffectActor):
    capacity = 2

    def __init__(self, weather: Weather) -> None:
        self.weather = weather

    @handles
    async def on_question(self, question: Question) -> Advice | Refusal:
        await self.weather.blow(question.tag)
        kind = verdict(question.tag) % 4
        if kind == 0:
            raise LookupError(question.tag)
        return Refusal(text=question.tag) if kind == 1 else Advice(text=question.tag)


class Player(Actor):
    """Plays the scripts that it is told to."""

    mailbox_capacity = 3

    def __init__(self, stage: "Stage") -> None:
        self.stage = stage
        self.jobs = 0
        self.owed: list[Any] = []
        self.children: list[ActorRef[Any]] = []

    def on_start(self, ctx: Context) -> None:
        self.say(ctx, "starts")

    def say(self, ctx: Context, what: object) -> None:
        self.stage.said.append(f"{ctx.self.path}@{ctx.step}: {what}")

    @handles
    async def on_job(self, job: Job, ctx: Context) -> str:
        self.jobs += 1
        kept = False
        script = self.stage.program.scripts[job.script % len(self.stage.program.scripts)]
        for step in script:
            if step[0] == "reply_later" and ctx.envelope is not None and ctx.envelope.pending:
                self.owed.append(ctx.reply_later())
                kept = True
                continue
            try:
                self.say(ctx, await self.play(step, job.fuel - 1, ctx))
            except (ActorError, AskFailed, EffectError) as error:
                self.say(ctx, f"{step[0]} {type(error).__name__} {error}")
        if self.owed and not kept:
            ctx.reply(self.owed.pop(0), "at last")
        return f"{ctx.self.path} did {self.jobs}"

    @handles
    def on_news(self, news: Advice | Refusal | EffectReport | Terminated, ctx: Context) -> None:
        self.say(ctx, news)

    @handles
    def on_dead_letter(self, letter: DeadLetter, ctx: Context) -> None:
        self.say(ctx, letter)

    async def play(self, step: Step, fuel: int, ctx: Context) -> object:
        name, *args = step
        if name == "draw":
            stream = ctx.rng(f"p{args[0]}")
            return (stream.random(), stream.below(10), str(ctx.uuid()))
        if name == "raise":
            raise RuntimeError(f"script says so {args[0]}")
        if name == "sleep":
            return await ctx.sleep(1 + args[0] % 3)
        if name == "effect":
            return await self.begin(step, fuel, ctx)
        if name == "request":
            return ctx.request(self.stage.consultant, Question(tag=f"{ctx.self.path}/{args[0]}"))
        if name == "stop_child":
            return ctx.stop(self.children.pop(0)) if self.children else "nobody"
        if fuel < 0:
            return "tired"
        return await self.play_tiring(step, fuel, ctx)

    async def play_tiring(self, step: Step, fuel: int, ctx: Context) -> object:
        name, *args = step
        if name == "tell":
            return ctx.tell(self.stage.peer(args[0]), Job(script=args[1], fuel=fuel))
        if name == "later":
            message = Job(script=args[1], fuel=fuel)
            timer = ctx.later(message, steps=1 + args[2] % 3, to=self.stage.peer(args[0]))
            return timer.cancel() if args[2] % 2 else None
        if name == "spawn":
            child = ctx.spawn(f"c{args[0] % 2}", Player, self.stage, supervision=LENIENT)
            self.children.append(child)
            ctx.watch(child)
            return ctx.tell(child, Job(script=args[1], fuel=fuel))
        if name == "ask":
            return await self.begin(step, fuel, ctx)
        parts = [self.begin(part, fuel, ctx) for part in args[0]]
        if name == "gather":
            return await ctx.gather(*parts)
        won = await ctx.race(*parts)
        try:
            return won, await parts[-1] if args[1] else "others left alone"
        except EffectError as error:
            return won, f"{error}"

    def begin(self, step: Step, fuel: int, ctx: Context) -> Any:
        """Something to await."""
        name, *args = step
        if name == "ask":
            return ctx.ask(self.stage.peer(args[0]), Job(script=args[1], fuel=fuel))
        if name == "sleep":
            return ctx.sleep(1 + args[0] % 3)
        tag, delay = f"{ctx.self.path}/{args[0]}", 1 + args[1] * args[1] * 300_000
        if args[0] % 2:
            return ctx.ask(self.stage.consultant, Question(tag=tag), delay=delay)
        return ctx.effect(self.stage.oracle.consult, tag, delay=delay)


LENIENT = Supervision(Directive.RESTART, max_failures=1, exceeded=Directive.STOP)

_RULES = {
    "resume": Supervision(Directive.RESUME, max_failures=2, exceeded=Directive.ISOLATE),
    "restart": Supervision(Directive.RESTART, max_failures=2, exceeded=Directive.STOP),
    "stop": Supervision(Directive.STOP),
    "isolate": Supervision(Directive.ISOLATE),
    "escalate": Supervision(Directive.ESCALATE),
}


class Stage:
    """One execution of a program."""

    def __init__(self, program: Program, weather: Weather | None = None, seed: int = 7) -> None:
        self.program = program
        self.said: list[str] = []
        self.delivered: list[str] = []
        self.kernel = Kernel(
            seed=seed, tie=schedule(program.schedule, seed), arrival=program.arrival
        )
        self.kernel.trace = self.trace
        weather = weather or Weather()
        self.oracle = Oracle(weather)
        self.consultant = self.kernel.spawn("consultant", Consultant, weather)
        self.peers = [
            self.kernel.spawn(f"a{number}", Player, self, supervision=_RULES[directive])
            for number, directive in enumerate(program.directives)
        ]
        self.kernel.listener = self.peers[0]
        for number, peer in enumerate(self.peers):
            self.kernel.root.tell(peer, Job(script=number, fuel=program.fuel))

    def peer(self, number: int) -> ActorRef[Any]:
        return self.peers[number % len(self.peers)]

    def trace(self, envelope: Envelope) -> None:
        body = envelope.body
        told = getattr(body, "request", body) and getattr(body, "message", body)
        if hasattr(body, "request"):
            told = body.request.canonical
        place = (envelope.time, envelope.tie, envelope.origin, envelope.number, envelope.kind)
        self.delivered.append(f"{place} {envelope.target.path} {envelope.cause} {told!r}")

    def perform(self, act: Callable[[], object]) -> list[str]:
        """Everything that can be seen of an execution, how it ended included."""
        try:
            ending = str(act())
        except GdgError as error:
            ending = f"{type(error).__name__}: {error}"
        return [*self.delivered, *self.said, str(self.kernel.dead_letters), ending]


def respond(request: EffectRequest) -> Outcome:
    """The outcome that the live driver would find, at once; for the simulation."""
    work: Coroutine[Any, Any, Any] = request.perform()  # type: ignore[assignment]
    try:
        work.send(None)
    except StopIteration as end:
        return Outcome("ok", end.value)
    except Exception as error:
        return Outcome("failed", None, type(error).__name__, str(error))
    raise AssertionError("an effect without weather does not wait")


def random_program(seed: int, schedule: str = "fifo") -> Program:
    """A program without Hypothesis."""
    dice = random.Random(seed)

    def number() -> int:
        return dice.randrange(6)

    def part() -> Step:
        name = dice.choice(("ask", "effect", "effect", "sleep"))
        return (name, number(), dice.randrange(4))

    def step() -> Step:
        name = dice.choice(
            ("tell", "ask", "effect", "effect", "gather", "race", "race", "sleep", "later",
             "spawn", "stop_child", "draw", "request", "reply_later", "raise")
        )  # fmt: skip
        if name in ("gather", "race"):
            return (name, tuple(part() for _ in range(2)), number() % 2)
        return (name, number(), dice.randrange(4), number())

    scripts = tuple(tuple(step() for _ in range(4)) for _ in range(6))
    directives = tuple(dice.choice(("resume", "restart", "isolate")) for _ in range(4))
    return Program(scripts, directives, schedule, fuel=2)
