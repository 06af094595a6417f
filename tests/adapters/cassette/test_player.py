"""A run that is played from a cassette goes as it was recorded, or is told what is missing."""

import threading
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from studio import (
    HEADER,
    LATER,
    SCENE,
    Narrator,
    Studio,
    ask,
    chatting,
    played,
    question,
    stage,
)

from gdg_runtime.adapters.cassette import Cassette, CassetteMiss, CassettePlayer, Missing
from gdg_runtime.runtime import Context, Journal, Recorded, RunEnd, StopSwitch, drive
from gdg_runtime.runtime.errors import EffectError, EffectFailed


def player_of(path: Path, missing: Missing = "error") -> CassettePlayer:
    return CassettePlayer(Cassette.read(path), missing)


@pytest.mark.parametrize("missing", ["error", "live", "noop"])
def test_a_played_run_gets_every_recorded_outcome_and_asks_nobody(
    studio: Studio, tmp_path: Path, missing: Missing
) -> None:
    _, before = studio.record(chatting)
    player = player_of(studio.written(chatting, luck=3), missing)
    after = played(chatting, player, tmp_path / "played")
    assert after == before
    assert "live answer" not in str(after)
    assert (player.unused, player.misses) == ([], 0)


def test_what_was_played_is_recorded_like_anything_else(studio: Studio, tmp_path: Path) -> None:
    recorded, _ = studio.record(chatting)
    played(chatting, player_of(studio.written(chatting), "live"), tmp_path / "played")
    assert Recorded.read(tmp_path / "played").cassette() == recorded.cassette()


async def racing(ctx: Context, me: Narrator) -> None:
    """Both begin at once, and the second to be reached loses."""
    for _ in range(3):
        fast, slow = ctx.effect(ask, "race"), ctx.effect(ask, "race", delay=LATER)
        me.lines.append(await ctx.race(fast, slow))


def test_effects_that_begin_and_lose_are_on_the_cassette_too(
    studio: Studio, tmp_path: Path
) -> None:
    _, before = studio.record(racing)
    player = player_of(studio.written(racing))
    assert played(racing, player, tmp_path / "played") == before
    assert player.unused == []


def test_a_run_that_was_stopped_goes_on_from_the_same_place_of_the_cassette(
    studio: Studio, tmp_path: Path
) -> None:
    _, before = studio.record(chatting)
    path, journal = studio.written(chatting), tmp_path / "played"
    stop, player = StopSwitch(), player_of(path, "live")

    class Halfway(CassettePlayer):
        def answer(self, request: Any) -> Any:
            if "slow" in request.canonical:
                stop.throw()
            return super().answer(request)

    with Journal.create(journal, HEADER) as opened:
        halfway = Halfway(player.cassette, "live")
        live = partial(drive, answers=halfway, stop=stop)
        ending = anyio.run(live, stage(chatting, []), opened, backend="trio")
    assert ending is RunEnd.STOPPED
    recorded = Recorded.read(journal)
    assert 0 < len(recorded) < len(player.cassette.entries)
    assert halfway.unused
    after = played(chatting, player, journal, recorded)
    assert after == before
    assert player.unused == []


def test_what_the_program_sees_does_not_depend_on_who_holds_the_cassette(
    studio: Studio, tmp_path: Path
) -> None:
    """An actor that spoils an answer spoils it for no other run of the same cassette."""

    async def story(ctx: Context, me: Narrator) -> None:
        answer = await ctx.effect(ask, "once")
        me.lines.append(str(answer))
        answer["and"].clear()

    cassette = Cassette.read(studio.written(story))
    first = played(story, CassettePlayer(cassette), tmp_path / "first")
    second = played(story, CassettePlayer(cassette), tmp_path / "second")
    assert first == second


# --- what is missing ----------------------------------------------------------------------------

RULES = "\n".join(f"Rule {number}: be kind to agent number {number}." for number in range(40))


async def recorded_talk(ctx: Context, me: Narrator) -> None:
    await ctx.ask(me.model, question(SCENE, "Say something about fish."))
    await ctx.ask(me.model, question(SCENE, RULES + "\nThe tax is 0.05, as ever, and will stay."))
    await ctx.effect(ask, "twice")


async def changed_talk(ctx: Context, me: Narrator) -> None:
    await ctx.ask(me.model, question(SCENE, RULES + "\nThe tax is 0.10, as ever, and will stay."))


async def repeated_talk(ctx: Context, me: Narrator) -> None:
    await ctx.effect(ask, "twice")
    try:
        await ctx.effect(ask, "twice")
    except EffectError as error:
        me.lines.append(error)


def test_a_missing_request_ends_the_run_and_shows_the_nearest(
    studio: Studio, tmp_path: Path
) -> None:
    path = studio.written(recorded_talk)
    with pytest.raises(CassetteMiss) as missed:
        played(changed_talk, player_of(path), tmp_path / "played")
    told = str(missed.value)
    assert f"the cassette {path} does not hold what a asks of models/1" in told
    assert "this actor's, occurrence 1" in told
    lines = told.splitlines()
    assert lines[1:3] == [
        "  - body.messages[].content: The tax is 0.05, as ever, and will stay.",
        "  + body.messages[].content: The tax is 0.10, as ever, and will stay.",
    ]
    assert lines[3].startswith("Record a new cassette")


def test_a_request_that_comes_too_often_ends_the_run(studio: Studio, tmp_path: Path) -> None:
    player = player_of(studio.written(recorded_talk))
    with pytest.raises(CassetteMiss, match=r"asks of models:ask: occurrence 2 of .* occurrences 1"):
        played(repeated_talk, player, tmp_path / "played")


def test_an_actor_that_never_asked_is_compared_with_another(studio: Studio, tmp_path: Path) -> None:
    path = studio.written(recorded_talk)
    kernel = stage(changed_talk, [], ("newcomer",))
    with pytest.raises(CassetteMiss, match=r"this actor has none; of a, occurrence 1"):
        anyio.run(partial(drive, kernel, answers=player_of(path)), backend="trio")


def test_a_large_difference_is_told_in_few_short_lines(studio: Studio, tmp_path: Path) -> None:
    async def flooded(ctx: Context, me: Narrator) -> None:
        await ctx.ask(me.model, question("\n".join(f"{n} " * 500 for n in range(500))))

    with pytest.raises(CassetteMiss) as missed:
        played(flooded, player_of(studio.written(recorded_talk)), tmp_path / "played")
    lines = str(missed.value).splitlines()
    assert len(lines) <= 14
    assert max(map(len, lines[1:-1])) < 160
    assert "more lines that differ" in lines[-2]


def test_an_empty_cassette_says_so(studio: Studio, tmp_path: Path) -> None:
    async def silent(ctx: Context, me: Narrator) -> None:
        await ctx.sleep(1)

    with pytest.raises(CassetteMiss, match="The cassette is empty"):
        played(changed_talk, player_of(studio.written(silent)), tmp_path / "played")


def test_live_asks_for_what_is_missing(studio: Studio, tmp_path: Path) -> None:
    async def story(ctx: Context, me: Narrator) -> None:
        me.lines.append(await ctx.effect(ask, "twice"))
        me.lines.append(await ctx.effect(ask, "twice"))

    player = player_of(studio.written(recorded_talk), "live")
    lines = played(story, player, tmp_path / "played")
    assert lines.count("live answer to twice") == 2
    assert {line["to"].split()[0] for line in lines if isinstance(line, dict)} == {"a", "b"}
    assert player.misses == 2


def test_noop_lets_what_is_missing_fail(studio: Studio, tmp_path: Path) -> None:
    player = player_of(studio.written(recorded_talk), "noop")
    errors = played(repeated_talk, player, tmp_path / "played")
    assert [type(error) for error in errors] == [EffectFailed] * 2
    assert {error.kind for error in errors} == {"NotOnCassette"}


def test_the_summary_counts_what_was_left_and_what_was_missing(
    studio: Studio, tmp_path: Path
) -> None:
    path = studio.written(recorded_talk)
    player = player_of(path, "live")
    played(recorded_talk, player, tmp_path / "whole")
    assert player.summary() is None
    player = player_of(path, "noop")
    played(repeated_talk, player, tmp_path / "other")
    assert player.summary() == (
        f"Cassette {path}: 4 of 6 entries were not used; 2 requests not on it (left to fail)."
    )


def test_a_player_may_be_told_and_asked_in_different_threads(
    studio: Studio, tmp_path: Path
) -> None:
    threads: dict[str, set[int]] = {"saw": set(), "answer": set()}

    class Watched(CassettePlayer):
        def saw(self, request: Any) -> None:
            threads["saw"].add(threading.get_ident())
            super().saw(request)

        def answer(self, request: Any) -> Any:
            threads["answer"].add(threading.get_ident())
            return super().answer(request)

    player = Watched(Cassette.read(studio.written(chatting)), "live")
    played(chatting, player, tmp_path / "played")
    assert not threads["saw"] & threads["answer"]
    assert player.unused == []
