"""Supervision: what becomes of an actor whose handler raises."""

from typing import Any

import pytest
from vocabulary import Echo, Go, Ping

from gdg_runtime.runtime import (
    Actor,
    ActorFailed,
    Context,
    Directive,
    Kernel,
    Supervision,
    Terminated,
    handles,
)
from gdg_runtime.runtime.errors import RunFailed, TargetFailed, TargetStopped

FOREVER = 1_000


class Fragile(Actor):
    """Counts; raises when told to."""

    made = 0

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.count = 0

    def on_start(self, ctx: Context) -> None:
        self.log.append("start")

    def on_stop(self) -> None:
        self.log.append("stop")

    @handles
    def on_go(self, message: Go, ctx: Context) -> int:
        self.count += 1
        if message.what == "fail":
            raise ValueError("as told")
        self.log.append(f"count {self.count}")
        return self.count


class Reports(Actor):
    def __init__(self, seen: list[ActorFailed]) -> None:
        self.seen = seen

    @handles
    def on_failed(self, message: ActorFailed, ctx: Context) -> None:
        self.seen.append(message)


def play(supervision: Supervision, *words: str) -> tuple[list[str], list[ActorFailed]]:
    log: list[str] = []
    reports: list[ActorFailed] = []
    kernel = Kernel()
    kernel.listener = kernel.spawn("reports", Reports, reports)
    fragile = kernel.spawn("fragile", Fragile, log, supervision=supervision)
    for word in words:
        kernel.root.tell(fragile, Go(what=word))
    kernel.run()
    return log, reports


def test_resume_gives_up_the_message_and_keeps_the_actor_as_it_is() -> None:
    log, reports = play(Supervision(Directive.RESUME, FOREVER), "a", "fail", "b")
    assert log == ["start", "count 1", "count 3"]
    assert reports[0].path == "fragile"
    assert reports[0].handler.endswith("Fragile.on_go")
    assert reports[0].error == "ValueError: as told"
    assert reports[0].message == "test.go"
    assert reports[0].directive == "resume"


def test_restart_makes_a_new_instance_under_the_same_reference() -> None:
    log, _ = play(Supervision(Directive.RESTART, FOREVER), "a", "fail", "b")
    assert log == ["start", "count 1", "start", "count 1"]


def test_a_restart_keeps_the_messages_that_wait() -> None:
    log: list[str] = []

    class Slow(Actor):
        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            await ctx.sleep(1)
            if message.what == "fail":
                raise ValueError
            log.append(message.what)

    kernel = Kernel()
    slow = kernel.spawn("slow", Slow, supervision=Supervision(Directive.RESTART, FOREVER))
    for what in ("fail", "b", "c"):
        kernel.root.tell(slow, Go(what=what))
    kernel.run()
    assert log == ["b", "c"]


def test_a_restart_stops_the_children_of_the_old_instance() -> None:
    class Parent(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            ctx.spawn("child", Echo)
            raise ValueError

    kernel = Kernel()
    parent = kernel.spawn("parent", Parent, supervision=Supervision(Directive.RESTART, FOREVER))
    kernel.root.tell(parent, Go())
    kernel.run()
    assert kernel.find("parent/child") is None
    assert kernel.find("parent") is parent


def test_stop_ends_the_actor_and_tells_its_watchers_why() -> None:
    gone: list[Terminated] = []

    class Watcher(Actor):
        def on_start(self, ctx: Context) -> None:
            ctx.watch(ctx.find("fragile"))

        @handles
        def on_gone(self, message: Terminated, ctx: Context) -> None:
            gone.append(message)

    log: list[str] = []
    kernel = Kernel()
    fragile = kernel.spawn("fragile", Fragile, log, supervision=Supervision(Directive.STOP))
    kernel.spawn("watcher", Watcher)
    kernel.root.later(Go(what="fail"), steps=1, to=fragile)
    kernel.run()
    assert [(one.path, one.reason) for one in gone] == [("fragile", "failed: as told")]
    assert log == ["start", "stop"]


def test_isolate_keeps_the_actor_but_delivers_nothing_more() -> None:
    log, reports = play(
        Supervision(Directive.RESUME, 1, exceeded=Directive.ISOLATE), "fail", "fail", "a"
    )
    assert log == ["start"]
    assert [report.directive for report in reports] == ["resume", "isolate"]


def test_who_asks_an_isolated_or_failing_actor_gets_an_error_not_silence() -> None:
    errors: list[str] = []

    class Asker(Actor):
        @handles
        async def on_go(self, message: Go, ctx: Context) -> None:
            for _ in range(2):
                try:
                    await ctx.ask(ctx.find("fragile"), Go(what="fail"))
                except (TargetFailed, TargetStopped) as error:
                    errors.append(str(error))

    kernel = Kernel()
    supervision = Supervision(Directive.RESUME, 0, exceeded=Directive.ISOLATE)
    kernel.spawn("fragile", Fragile, [], supervision=supervision)
    kernel.root.tell(kernel.spawn("asker", Asker), Go())
    kernel.run()
    assert errors == [
        "actor 'fragile' failed while it handled the question: ValueError: as told",
        "actor 'fragile' can't answer: it is isolated",
    ]


def test_intensity_is_counted_in_logical_time() -> None:
    """Two failures within five steps are allowed; ten steps apart they never add up."""
    log: list[str] = []
    kernel = Kernel()
    supervision = Supervision(Directive.RESTART, 1, within_steps=5)
    fragile = kernel.spawn("fragile", Fragile, log, supervision=supervision)
    for step in (1, 11, 21):
        kernel.root.later(Go(what="fail"), steps=step, to=fragile)
    kernel.run()
    kernel.root.later(Go(what="fail"), steps=1, to=fragile)
    kernel.root.later(Go(what="fail"), steps=2, to=fragile)
    with pytest.raises(RunFailed):
        kernel.run()


def test_a_failure_that_reaches_the_top_ends_the_run_and_names_actor_and_handler() -> None:
    kernel = Kernel()
    kernel.root.tell(kernel.spawn("fragile", Fragile, []), Go(what="fail"))
    with pytest.raises(RunFailed, match=r"actor 'fragile' failed in Fragile.on_go.*as told") as run:
        kernel.run()
    assert isinstance(run.value.__cause__, ValueError)


def test_escalation_makes_the_parent_fail_with_the_same_error() -> None:
    reports: list[ActorFailed] = []

    class Parent(Actor):
        def on_start(self, ctx: Context) -> None:
            ctx.spawn("child", Fragile, [])

    kernel = Kernel()
    kernel.listener = kernel.spawn("reports", Reports, reports)
    kernel.spawn("parent", Parent, supervision=Supervision(Directive.RESUME, FOREVER))
    kernel.run()
    child = kernel.find("parent/child")
    assert child is not None
    kernel.root.tell(child, Go(what="fail"))
    kernel.run()
    assert [(report.path, report.directive) for report in reports] == [
        ("parent/child", "escalate"), ("parent", "resume"),
    ]  # fmt: skip
    assert kernel.find("parent/child") is None


def test_a_failure_in_the_middle_of_an_await_is_supervised_too() -> None:
    log: list[Any] = []

    class Waits(Actor):
        @handles
        async def on_ping(self, message: Ping, ctx: Context) -> None:
            await ctx.sleep(1)
            if message.n == 0:
                raise ValueError("after the wait")
            log.append(message.n)

    kernel = Kernel()
    waits = kernel.spawn("waits", Waits, supervision=Supervision(Directive.RESUME, FOREVER))
    for n in (0, 1):
        kernel.root.tell(waits, Ping(n=n))
    kernel.run()
    assert log == [1]
