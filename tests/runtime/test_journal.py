"""The journal: facts by request, and replay that notices any other request."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vocabulary import Go

from gdg_runtime.runtime import (
    Actor,
    Context,
    Directive,
    Journal,
    Kernel,
    Recorded,
    RunEnd,
    Supervision,
    handles,
    replay,
)
from gdg_runtime.runtime.effects import EffectRequest, Outcome
from gdg_runtime.runtime.errors import JournalError, JournalVersion, ReplayDivergence
from gdg_runtime.runtime.hash_chain import SealedWriter
from gdg_runtime.runtime.testing import Simulation

Tell = Callable[[Context, list[Any]], Any]


async def ask_model(prompt: str) -> list[str]:
    raise AssertionError("never really asked")


ask_model.__module__ = "models"


def answer(request: EffectRequest) -> Outcome:
    return Outcome("ok", ["answer"])


class Story(Actor):
    def __init__(self, story: Tell, lines: list[Any]) -> None:
        self.story, self.lines = story, lines

    @handles
    async def on_go(self, message: Go, ctx: Context) -> None:
        await self.story(ctx, self.lines)


def program(story: Tell, lines: list[Any], **options: Any) -> Kernel:
    kernel = Kernel()
    kernel.root.tell(kernel.spawn("story", Story, story, lines, **options), Go())
    return kernel


def latency_of(request: EffectRequest, loser: float) -> float:
    return loser if "loser" in request.canonical else 1.0


def record(story: Tell, path: Path, *, loser: float = 0.0) -> Recorded:
    with Journal.create(path, {"order": "logical"}) as journal:
        simulation = Simulation(answer, lambda request: latency_of(request, loser))
        simulation.drive(program(story, []), journal)
    return Recorded.read(path)


async def ask_rome(ctx: Context, lines: list[Any]) -> None:
    lines.append(await ctx.effect(ask_model, "Rome?"))


async def ask_paris(ctx: Context, lines: list[Any]) -> None:
    lines.append(await ctx.effect(ask_model, "Paris?"))


async def ask_nobody(ctx: Context, lines: list[Any]) -> None:
    await ctx.sleep(1)


async def ask_and_swallow(ctx: Context, lines: list[Any]) -> None:
    try:
        await ask_paris(ctx, lines)
    except Exception:
        lines.append("swallowed")
    await ctx.sleep(1)
    lines.append("went on")


def test_another_request_in_the_same_place_is_a_divergence_that_shows_both(tmp_path: Path) -> None:
    recorded = record(ask_rome, tmp_path / "journal")
    with pytest.raises(ReplayDivergence) as caught:
        replay(program(ask_paris, []), recorded)
    assert "Rome?" in caught.value.recorded
    assert "Paris?" in caught.value.requested
    assert caught.value.actor == "story"


@pytest.mark.parametrize("directive", [Directive.RESUME, Directive.RESTART, Directive.ISOLATE])
def test_no_supervision_hides_a_divergence(tmp_path: Path, directive: Directive) -> None:
    recorded = record(ask_rome, tmp_path / "journal")
    rules = Supervision(directive)
    with pytest.raises(ReplayDivergence):
        replay(program(ask_paris, [], supervision=rules), recorded)


def test_an_actor_that_swallows_a_divergence_does_not_go_on(tmp_path: Path) -> None:
    recorded, lines = record(ask_rome, tmp_path / "journal"), list[Any]()
    with pytest.raises(ReplayDivergence):
        replay(program(ask_and_swallow, lines), recorded)
    assert lines == ["swallowed"]


def test_an_outcome_that_is_never_asked_for_is_a_divergence_too(tmp_path: Path) -> None:
    recorded = record(ask_rome, tmp_path / "journal")
    with pytest.raises(ReplayDivergence, match="nothing: the program ends without"):
        replay(program(ask_nobody, []), recorded)


def test_a_request_that_the_actor_passed_over_is_a_divergence_before_anything_new_is_asked(
    tmp_path: Path,
) -> None:
    """The message that it sent first moved its requests; none of them may be paid for again."""

    async def speak_and_ask(ctx: Context, lines: list[Any]) -> None:
        ctx.tell(ctx.self, Go())
        await ask_rome(ctx, lines)

    recorded = record(ask_rome, tmp_path / "journal")
    again = Simulation(answer, lambda request: 0.0)
    with pytest.raises(ReplayDivergence, match="message 1"):
        again.drive(program(speak_and_ask, []), recorded=recorded)
    assert again.asked == []


def test_a_journal_in_another_order_is_refused(tmp_path: Path) -> None:
    recorded = record(ask_rome, tmp_path / "journal")
    with pytest.raises(JournalError, match="in the order 'logical', the kernel is made for 'arr"):
        replay(Kernel(arrival=True), recorded)


def test_a_replay_behind_the_last_outcome_says_that_the_recording_ends(tmp_path: Path) -> None:
    recorded, lines = record(ask_nobody, tmp_path / "journal"), list[Any]()
    assert replay(program(ask_rome, lines), recorded) is RunEnd.EXHAUSTED
    assert lines == []


def test_an_actor_can_not_change_what_was_recorded(tmp_path: Path) -> None:
    async def spoil(ctx: Context, lines: list[Any]) -> None:
        value = await ctx.effect(ask_model, "Rome?")
        lines.append(list(value))
        value.clear()

    recorded = record(spoil, tmp_path / "journal")
    before = recorded.cassette()
    for _ in range(2):
        lines: list[Any] = []
        assert replay(program(spoil, lines), recorded) is RunEnd.COMPLETED
        assert lines == [["answer"]]
    assert recorded.cassette() == before


async def race_that_sleep_wins(ctx: Context, lines: list[Any]) -> None:
    loser = ctx.effect(ask_model, "loser", delay=5 << 20)
    lines.append(await ctx.effect(ask_model, "first"))
    lines.append(await ctx.race(loser, ctx.sleep(1)))
    lines.append(await ctx.effect(ask_model, "last", delay=6 << 20))


WHEN_THE_LOSER_COMES = pytest.mark.parametrize(
    ("loser", "mark"), [(0.5, "released"), (1.5, "late"), (9.0, "never")]
)


@WHEN_THE_LOSER_COMES
def test_an_outcome_that_lost_a_race_is_kept_but_stands_not_in_the_cassette(
    tmp_path: Path, loser: float, mark: str
) -> None:
    """Whether it came before or after it lost is luck, and luck is not under the promise."""
    recorded = record(race_that_sleep_wins, tmp_path / "journal", loser=loser)
    records = recorded.recovered.records
    assert any(line["t"] == "released" for line in records) is (mark == "released")
    assert any(line.get("late") for line in records) is (mark == "late")
    assert len(recorded) == len(recorded.cassette()) == 2
    assert not any("loser" in line for line in recorded.cassette())
    lines: list[Any] = []
    assert replay(program(race_that_sleep_wins, lines), recorded) is RunEnd.COMPLETED
    assert lines == [["answer"], (1, None), ["answer"]]


@WHEN_THE_LOSER_COMES
def test_an_outcome_that_lost_a_race_is_not_asked_for_again_on_resume(
    tmp_path: Path, loser: float, mark: str
) -> None:
    path = tmp_path / "journal"
    recorded = record(race_that_sleep_wins, path, loser=loser)
    again = Simulation(answer, lambda request: 0.0)
    with Journal.reopen(path, recorded) as journal:
        ending = again.drive(program(race_that_sleep_wins, []), journal, recorded=recorded)
    assert ending is RunEnd.COMPLETED
    assert again.asked == []
    assert Recorded.read(path).cassette() == recorded.cassette()


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    writer = SealedWriter(tmp_path / "journal")
    writer.append({"t": "header", "schema_version": 99})
    writer.close()
    with pytest.raises(JournalVersion, match="schema version 99, this program reads version 2"):
        Recorded.read(tmp_path / "journal")


def test_an_empty_journal_has_no_header(tmp_path: Path) -> None:
    (tmp_path / "journal").write_bytes(b"")
    assert Recorded.read(tmp_path / "journal").header is None


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    Journal.create(tmp_path / "journal", {}).close()
    with pytest.raises(FileExistsError):
        Journal.create(tmp_path / "journal", {})


GOLDEN = rb"""{"t":"header","schema_version":1,"order":"logical","check":"bcc90842b23aeb53"}
{"t":"outcome","actor":"story","number":1,"request":"a37719c0cb7041136560ff4885167e19",\
"asked":"{\"args\":[\"Rome?\"],\"effect\":\"models:ask_model\",\"kwargs\":{}}",\
"status":"ok","value":["answer"],"kind":"","text":"","check":"9cf8b804a87ae3ac"}
""".replace(b"\\\n", b"")


GOLDEN_2 = rb"""{"t":"header","schema_version":2,"order":"logical","check":"310559d37e3ceab9"}
{"t":"outcome","actor":"story","number":1,"request":"a37719c0cb7041136560ff4885167e19",\
"asked":{"effect":"models:ask_model","args":["Rome?"],"kwargs":{}},\
"status":"ok","value":["answer"],"kind":"","text":"","check":"c8655b396ed9b68c"}
""".replace(b"\\\n", b"")


def test_the_bytes_of_version_2_never_change(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    record(ask_rome, path)
    assert path.read_bytes() == GOLDEN_2


def test_a_journal_of_version_2_replays(tmp_path: Path) -> None:
    path, lines = tmp_path / "journal", list[Any]()
    path.write_bytes(GOLDEN_2)
    assert replay(program(ask_rome, lines), Recorded.read(path)) is RunEnd.COMPLETED
    assert lines == [["answer"]]


def test_a_journal_of_version_1_replays(tmp_path: Path) -> None:
    path, lines = tmp_path / "journal", list[Any]()
    path.write_bytes(GOLDEN)
    assert replay(program(ask_rome, lines), Recorded.read(path)) is RunEnd.COMPLETED
    assert lines == [["answer"]]
