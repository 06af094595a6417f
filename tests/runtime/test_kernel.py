"""Messages, asks, waiting, stopping: what the kernel does with an envelope."""

from typing import Any

import pytest
from vocabulary import Echo, Go, Log, Ping, Pong

from gdg_runtime.runtime import (
    Actor,
    ActorRef,
    Context,
    DeadLetter,
    Kernel,
    State,
    Terminated,
    handles,
)
from gdg_runtime.runtime.errors import (
    AskCycle,
    AskFailed,
    Deadlock,
    NameTaken,
    NotAccepted,
    RunFailed,
    TargetStopped,
)


class Run(Actor):
    """Runs an async function in its first turn, for tests that are a short story."""

    def __init__(self, story: Any) -> None:
        self.story = story

    @handles
    async def on_go(self, message: Go, ctx: Context) -> None:
        await self.story(ctx)


def tell_story(story: Any, **actors: Any) -> tuple[Kernel, State]:
    kernel = Kernel(seed=1)
    for name, kind in actors.items():
        kernel.spawn(name, kind)
    kernel.root.tell(kernel.spawn("story", Run, story), Go())
    return kernel, kernel.run()


def test_an_answer_is_what_the_handler_returns() -> None:
    answers: list[Any] = []

    async def story(ctx: Context) -> None:
        answers.append(await ctx.ask(ctx.find("echo"), Ping(n=3)))

    _, state = tell_story(story, echo=Echo)
    assert answers == [Pong(n=3)]
    assert state is State.QUIET


def test_gather_gives_answers_in_the_order_of_its_arguments() -> None:
    answers: list[Any] = []

    async def story(ctx: Context) -> None:
        late = ctx.ask(ctx.find("slow"), Ping(n=1))
        early = ctx.ask(ctx.find("echo"), Ping(n=2))
        answers.extend(await ctx.gather(late, early))

    class Slow(Actor):
        @handles
        async def on_ping(self, message: Ping, ctx: Context) -> Pong:
            await ctx.sleep(3)
            return Pong(n=message.n)

    tell_story(story, echo=Echo, slow=Slow)
    assert answers == [Pong(n=1), Pong(n=2)]


def test_race_gives_the_first_answer_in_logical_order() -> None:
    answers: list[Any] = []

    async def story(ctx: Context) -> None:
        answers.append(await ctx.race(ctx.sleep(5), ctx.ask(ctx.find("echo"), Ping(n=2))))

    tell_story(story, echo=Echo)
    assert answers == [(1, Pong(n=2))]


def test_a_race_without_runners_is_refused() -> None:
    async def story(ctx: Context) -> None:
        await ctx.race()

    with pytest.raises(RunFailed, match="at least one answer"):
        tell_story(story)


def test_an_actor_takes_one_message_at_a_time_also_across_an_await() -> None:
    seen: list[str] = []

    class Careful(Actor):
        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            seen.append(f"{message.what} begins")
            await ctx.sleep(1)
            seen.append(f"{message.what} ends")

    kernel = Kernel()
    careful = kernel.spawn("careful", Careful)
    for what in ("a", "b"):
        kernel.root.tell(careful, Go(what=what))
    kernel.run()
    assert seen == ["a begins", "a ends", "b begins", "b ends"]


def test_a_question_can_be_kept_open_and_answered_in_a_later_turn() -> None:
    answers: list[Any] = []

    class Later(Actor):
        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            self.question = ctx.reply_later()
            ctx.later(Go(), steps=2)

        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            ctx.reply(self.question, f"at step {ctx.step}")
            with pytest.raises(ValueError, match="answered once"):
                ctx.reply(self.question, "again")

    async def story(ctx: Context) -> None:
        answers.append(await ctx.ask(ctx.find("later"), Ping()))

    tell_story(story, later=Later)
    assert answers == ["at step 2"]


def test_only_a_question_can_be_kept_open() -> None:
    class Odd(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            ctx.reply_later()

    kernel = Kernel()
    kernel.root.tell(kernel.spawn("odd", Odd), Go())
    with pytest.raises(RunFailed, match="needs a question to answer"):
        kernel.run()


def test_a_typed_reference_is_checked_when_it_is_made() -> None:
    kernel = Kernel()
    echo: ActorRef[Ping] = kernel.spawn("echo", Echo).narrow(Ping)
    assert echo.path == "echo"
    with pytest.raises(NotAccepted, match="'echo' does not handle Go; it handles Ping"):
        echo.narrow(Go)


def test_asking_what_is_not_handled_is_an_error_at_the_ask() -> None:
    async def story(ctx: Context) -> None:
        with pytest.raises(NotAccepted):
            ctx.ask(ctx.find("echo"), Go())
        with pytest.raises(KeyError):
            ctx.find("nobody")

    tell_story(story, echo=Echo)


def test_telling_something_that_is_no_message_is_an_error() -> None:
    async def story(ctx: Context) -> None:
        with pytest.raises(TypeError, match="expected a Message"):
            ctx.tell(ctx.find("echo"), "hello")  # type: ignore[arg-type]

    tell_story(story, echo=Echo)


class Letters(Actor):
    """The kernel's listener."""

    def __init__(self, seen: list[DeadLetter]) -> None:
        self.seen = seen

    @handles
    def on_letter(self, message: DeadLetter, ctx: Context) -> None:
        self.seen.append(message)


def _with_listener() -> tuple[Kernel, list[DeadLetter]]:
    kernel, seen = Kernel(), []
    kernel.listener = kernel.spawn("letters", Letters, seen)
    return kernel, seen


def test_an_unhandled_type_is_a_dead_letter_with_sender_target_and_reason() -> None:
    kernel, seen = _with_listener()
    kernel.root.tell(kernel.spawn("echo", Echo), Go())
    kernel.run()
    assert [(one.reason, one.target, one.message) for one in seen] == [
        ("unhandled", "echo", "test.go")
    ]
    assert kernel.dead_letters == {"unhandled": 1}


def test_mail_to_a_stopped_actor_is_a_dead_letter_and_an_asker_gets_an_error() -> None:
    kernel, seen = _with_listener()
    outcome: list[str] = []

    async def story(ctx: Context) -> None:
        echo = ctx.find("echo")
        ctx.stop(echo)
        await ctx.sleep(1)
        ctx.tell(echo, Ping())
        try:
            await ctx.ask(echo, Ping())
        except TargetStopped as error:
            outcome.append(str(error))

    kernel.spawn("echo", Echo)
    kernel.root.tell(kernel.spawn("story", Run, story), Go())
    kernel.run()
    assert [one.reason for one in seen] == ["stopped", "stopped"]
    assert outcome == ["actor 'echo' can't answer: it is stopped"]


def test_a_full_mailbox_is_a_dead_letter_in_logical_order() -> None:
    kernel, seen = _with_listener()
    taken: list[str] = []

    class Small(Actor):
        mailbox_capacity = 2

        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            await ctx.sleep(1)
            taken.append(message.what)

    small = kernel.spawn("small", Small)
    for what in "abcde":
        kernel.root.tell(small, Go(what=what))
    kernel.run()
    assert taken == ["a", "b", "c"]
    assert [one.reason for one in seen] == ["mailbox_full", "mailbox_full"]


def test_an_answer_nobody_waits_for_any_more_is_a_dead_letter() -> None:
    kernel, seen = _with_listener()

    class Hasty(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            ctx.ask(ctx.find("echo"), Ping())

    kernel.spawn("echo", Echo)
    kernel.root.tell(kernel.spawn("hasty", Hasty), Go())
    kernel.run()
    assert [one.reason for one in seen] == ["late_reply"]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_circle_of_asks_is_an_error_that_names_the_circle(size: int) -> None:
    class Asker(Actor):
        def __init__(self, other: str) -> None:
            self.other = other

        @handles
        async def on_ping(self, message: Ping, ctx: Context) -> Any:
            return await ctx.ask(ctx.find(self.other), Ping())

    kernel = Kernel()
    for number in range(size):
        kernel.spawn(f"a{number}", Asker, f"a{(number + 1) % size}")
    kernel.root.tell(kernel.find("a0") or kernel.root.self, Ping())
    with pytest.raises(RunFailed) as caught:
        kernel.run()
    cause = caught.value.__cause__
    assert isinstance(cause, AskCycle | AskFailed)
    story = str(caught.value)
    assert all(f"a{number}" in story for number in range(size))
    assert "ask cycle" in story


def test_quiescence_with_someone_waiting_is_a_deadlock_that_says_who_waits_for_whom() -> None:
    class Silent(Actor):
        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            ctx.reply_later()

    async def story(ctx: Context) -> None:
        await ctx.ask(ctx.find("silent"), Ping())

    with pytest.raises(Deadlock, match="'story' waits for 'silent'"):
        tell_story(story, silent=Silent)


def test_actors_spawn_watch_and_stop_others_during_a_run() -> None:
    gone: list[Terminated] = []

    class Child(Actor):
        def on_start(self, ctx: Context) -> None:
            ctx.spawn("grandchild", Echo)

    class Parent(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            child = ctx.spawn("child", Child)
            ctx.watch(child)
            with pytest.raises(NameTaken):
                ctx.spawn("child", Child)
            ctx.later(Pong(), steps=1)

        @handles
        def on_pong(self, message: Pong, ctx: Context) -> None:
            ctx.watch(ctx.find("parent/child/grandchild"))
            ctx.stop(ctx.find("parent/child"))

        @handles
        def on_gone(self, message: Terminated, ctx: Context) -> None:
            gone.append(message)

    kernel = Kernel()
    kernel.root.tell(kernel.spawn("parent", Parent), Go())
    kernel.run()
    assert sorted(one.path for one in gone) == ["parent/child", "parent/child/grandchild"]
    assert kernel.find("parent/child") is None


def test_watching_what_is_gone_already_tells_at_once() -> None:
    gone: list[str] = []

    class Watcher(Actor):
        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            echo = ctx.find("echo")
            ctx.stop(echo)
            await ctx.sleep(1)
            ctx.watch(echo)

        @handles
        def on_gone(self, message: Terminated, ctx: Context) -> None:
            gone.append(message.path)

    kernel = Kernel()
    kernel.spawn("echo", Echo)
    kernel.root.tell(kernel.spawn("watcher", Watcher), Go())
    kernel.run()
    assert gone == ["echo"]


def test_a_stopped_actor_answers_everybody_who_waits_for_it() -> None:
    errors: list[str] = []

    class Silent(Actor):
        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            ctx.reply_later()

    async def story(ctx: Context) -> None:
        silent = ctx.find("silent")
        question = ctx.ask(silent, Ping())
        await ctx.sleep(1)
        ctx.stop(silent)
        try:
            await question
        except TargetStopped as error:
            errors.append(type(error).__name__)

    tell_story(story, silent=Silent)
    assert errors == ["TargetStopped"]


def test_a_timer_comes_at_its_step_and_can_be_taken_back() -> None:
    seen: list[tuple[str, int]] = []

    class Clocked(Actor):
        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            ctx.later(Go(what="kept"), steps=3)
            ctx.later(Go(what="cancelled"), steps=2).cancel()
            with pytest.raises(ValueError, match="at least 1 step"):
                ctx.later(Go(), steps=0)

        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            seen.append((message.what, ctx.step))
            assert ctx.now.isoformat() == "2026-01-01T03:00:00+00:00"

    kernel = Kernel()
    kernel.root.tell(kernel.spawn("clocked", Clocked), Ping())
    kernel.run()
    assert seen == [("kept", 3)]


def test_every_envelope_carries_its_cause() -> None:
    causes: dict[str, Any] = {}
    kernel = Kernel()
    kernel.trace = lambda envelope: causes.__setitem__(
        f"{envelope.origin}#{envelope.number}", envelope.cause
    )
    story_lines: list[Any] = []

    class First(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            ctx.tell(ctx.find("log"), Go(what="x"))

    kernel.spawn("log", Log, story_lines)
    kernel.root.tell(kernel.spawn("first", First), Go())
    kernel.run()
    assert causes == {"#1": None, "first#1": ("", 1)}


def test_adding_an_actor_moves_nobody_else() -> None:
    def order(extra: bool) -> list[str]:
        lines: list[str] = []
        kernel = Kernel()
        log = kernel.spawn("log", Log, lines)

        class Speaker(Actor):
            @handles
            async def on_go(self, message: Go, ctx: Context) -> None:
                for step in range(3):
                    draw = ctx.rng("words").below(100)
                    ctx.tell(log, Go(what=f"{ctx.self.path} {step} {draw}"))
                    await ctx.sleep(1)

        names = ["b", "d", *(["a", "c"] if extra else [])]
        for name in sorted(names):
            kernel.root.tell(kernel.spawn(name, Speaker), Go())
        kernel.run()
        return [line for line in lines if line[0] in "bd"]

    assert order(extra=False) == order(extra=True)


def test_the_kernel_counts_its_turns_and_stops_when_they_are_used_up() -> None:
    lines: list[str] = []
    kernel = Kernel()
    log = kernel.spawn("log", Log, lines)
    for number in range(5):
        kernel.root.tell(log, Go(what=str(number)))
    assert kernel.run(2) is State.BUSY
    assert lines == ["0", "1"]
    assert kernel.run() is State.QUIET
    assert lines == ["0", "1", "2", "3", "4"]
    assert kernel.turns == 5


def test_the_kernel_halts_before_the_first_message_of_a_time() -> None:
    kernel = Kernel()
    lines: list[str] = []
    log = kernel.spawn("log", Log, lines)
    kernel.root.later(Go(what="one"), steps=1, to=log)
    kernel.root.later(Go(what="two"), steps=2, to=log)
    kernel.halt_at = 2 << 20
    assert kernel.run() is State.BOUNDARY
    assert lines == ["one"]
    kernel.halt_at = None
    assert kernel.run() is State.QUIET
    assert lines == ["one", "two"]


def test_uuids_are_reproducible_and_differ_within_a_run() -> None:
    def draw(seed: int) -> list[str]:
        made: list[str] = []

        class Maker(Actor):
            @handles
            def on_go(self, message: Go, ctx: Context) -> None:
                made.extend(str(ctx.uuid()) for _ in range(3))

        kernel = Kernel(seed=seed)
        kernel.root.tell(kernel.spawn("maker", Maker), Go())
        kernel.run()
        return made

    assert draw(1) == draw(1)
    assert len({*draw(1), *draw(2)}) == 6
