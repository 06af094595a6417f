"""The file: its bytes follow from content alone, and what is not such a file is told so."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from studio import SCENE, Narrator, Studio, ask, chatting, question

from gdg_runtime.adapters.cassette import Cassette
from gdg_runtime.adapters.cassette.cassette import CassetteUnreadable
from gdg_runtime.runtime import Context


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_same_run_gives_the_same_bytes_whatever_the_timing(studio: Studio) -> None:
    """Whether a request that was given up got as far as the journal is luck."""
    recordings = [
        (luck, turns, studio.record(chatting, luck=luck, turns=turns)[0])
        for luck in range(5)
        for turns in (None, 1, 3)
    ]
    assert len({len(recorded.requests()) for _, _, recorded in recordings}) > 1
    assert len({str(recorded.recovered.records) for _, _, recorded in recordings}) > 3
    written = {
        studio.written(chatting, luck=luck, turns=turns).read_bytes()
        for luck, turns, _ in recordings
    }
    assert len(written) == 1


def test_the_file_is_a_header_then_texts_then_entries_in_their_orders(studio: Studio) -> None:
    path = studio.written(chatting)
    header, *rest = records(path)
    texts = [record for record in rest if record["t"] == "text"]
    entries = [record for record in rest if record["t"] == "entry"]
    assert rest == texts + entries
    says = {"format": "gdg-runtime cassette", "version": 1, "scenario": "story", "seed": 1}
    assert header.items() >= {**says, "entries": len(entries)}.items()
    assert header["models"] == ["toy/parrot"]
    keys = [(entry["actor"], entry["request"], entry["occurrence"]) for entry in entries]
    assert keys == sorted(set(keys))
    assert {entry["status"] for entry in entries} == {"ok", "failed", "timed_out", "given_up"}
    assert b"\r" not in path.read_bytes()
    assert path.read_bytes().endswith(b"}\n")


def test_requests_that_were_given_up_are_counted_and_hold_no_outcome(studio: Studio) -> None:
    again = [
        (entry.occurrence, entry.status, entry.value is None)
        for entry in studio.cassette(chatting).entries
        if entry.actor == "a" and entry.asked.get("args") == ["again"]
    ]
    assert [number for number, _, _ in again] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {entry[1:] for entry in again if entry[0] in (1, 4, 7)} == {("given_up", True)}
    assert {entry[1:] for entry in again if entry[0] not in (1, 4, 7)} == {("ok", False)}


def test_a_long_text_is_stored_once_for_all_requests(studio: Studio) -> None:
    path = studio.written(chatting)
    assert path.read_text().count(SCENE) == 1
    asked = [entry for entry in Cassette.read(path).entries if entry.effect == "llm"]
    assert len(asked) == 4
    for entry in asked:
        assert Cassette.read(path).asked(entry)["body"]["messages"][0]["content"] == SCENE


def test_a_file_that_was_read_is_written_again_with_the_same_bytes(studio: Studio) -> None:
    path = studio.written(chatting)
    copy = studio.folder / "copy.jsonl"
    Cassette.read(path).write(copy)
    assert copy.read_bytes() == path.read_bytes()


def test_a_pipe_is_written_to_and_not_replaced_by_a_file(studio: Studio) -> None:
    path, pipe = studio.written(chatting), studio.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        Cassette.read(path).write(pipe)
        assert os.read(reader, 1 << 20) == path.read_bytes()
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_data_that_looks_like_a_reference_is_kept_as_it_is(studio: Studio) -> None:
    async def story(ctx: Context, me: Narrator) -> None:
        await ctx.effect(ask, {"$text": "x"})
        await ctx.effect(ask, {"$plain": {"ключ": "\u2028 \x1b"}})

    cassette = Cassette.read(studio.written(story))
    found = [cassette.asked(entry)["args"][0] for entry in cassette.entries if entry.actor == "a"]
    assert {"$text": "x"} in found
    assert {"$plain": {"ключ": "\u2028 \x1b"}} in found


def test_the_order_inside_of_an_answer_is_kept(studio: Studio) -> None:
    entries = Cassette.read(studio.written(chatting)).entries
    answers = [entry.value for entry in entries if entry.effect == "models:ask"]
    assert {tuple(answer) for answer in answers if answer and "to" in answer} == {("to", "and")}


def test_a_run_without_effects_makes_an_empty_cassette(studio: Studio) -> None:
    async def story(ctx: Context, me: Narrator) -> None:
        await ctx.sleep(1)

    assert Cassette.read(studio.written(story)).entries == []


# --- what is no cassette ------------------------------------------------------------------------


def change(path: Path, line: int, **fields: Any) -> None:
    lines = path.read_text().splitlines(keepends=True)
    lines[line] = json.dumps({**json.loads(lines[line]), **fields}) + "\n"
    path.write_text("".join(lines))


@pytest.mark.parametrize(
    ("line", "fields", "said"),
    [
        (0, {"version": 2}, r":1: this cassette has version 2, this program reads version 1"),
        (0, {"format": "tape"}, r":1: this is no cassette"),
        (0, {"seed": "one"}, r":1: this line is damaged: seed: .*integer"),
        (1, {"text": "another"}, r":2: .*not the one that its digest stands for"),
        (-1, {"asked": {"effect": "models:ask"}}, r":\d+: .*not the one that its digest"),
        (-1, {"asked": {"$text": "nowhere"}}, r":\d+: .*does not stand above it"),
        (-1, {"asked": {"$text": []}}, r":\d+: .*does not stand above it"),
        (-1, {"status": "lucky"}, r":\d+: this line is damaged: status"),
        (-1, {"occurrence": 0}, r":\d+: this line is damaged: occurrence"),
        (-1, {"t": "song"}, r":\d+: .*expected a text or an entry, got 'song'"),
    ],
)
def test_a_changed_line_is_named(
    studio: Studio, line: int, fields: dict[str, Any], said: str
) -> None:
    path = studio.written(chatting)
    change(path, line, **fields)
    with pytest.raises(CassetteUnreadable, match=said):
        Cassette.read(path)


def test_a_line_that_is_no_json_is_named(studio: Studio) -> None:
    path = studio.written(chatting)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b'{"t": NaN}\n', *lines[3:]]))
    with pytest.raises(CassetteUnreadable, match=":4: this line is damaged"):
        Cassette.read(path)


def test_a_file_that_was_cut_is_noticed_wherever_it_was(studio: Studio) -> None:
    path = studio.written(chatting)
    whole = path.read_bytes()
    for size in [0, 1, *range(200, len(whole), 777), len(whole) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises(CassetteUnreadable):
            Cassette.read(path)
    last = whole.rindex(b"\n", 0, len(whole) - 1)
    path.write_bytes(whole[: last + 1])
    with pytest.raises(CassetteUnreadable, match="a part of it is missing"):
        Cassette.read(path)


def test_an_entry_that_stands_twice_is_refused(studio: Studio) -> None:
    path = studio.written(chatting)
    with path.open("ab") as file:
        file.write(path.read_bytes().splitlines(keepends=True)[-1])
    with pytest.raises(CassetteUnreadable, match="stands in the file twice"):
        Cassette.read(path)


def test_line_ends_of_another_system_do_no_harm(studio: Studio) -> None:
    path = studio.written(chatting)
    before = Cassette.read(path).entries
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert Cassette.read(path).entries == before


def test_other_files_are_told_what_they_are(studio: Studio) -> None:
    studio.record(chatting)
    with pytest.raises(CassetteUnreadable, match="is a run's journal: `gdg-runtime cassette exp"):
        Cassette.read(studio.folder / "journal1")
    with pytest.raises(CassetteUnreadable, match="there is no such file"):
        Cassette.read(studio.folder / "nothing.jsonl")
    with pytest.raises(CassetteUnreadable, match="can't be read: Is a directory"):
        Cassette.read(studio.folder)


def test_a_question_is_another_when_anything_of_it_is(studio: Studio) -> None:
    async def story(ctx: Context, me: Narrator) -> None:
        for contents in (["Hello"], ["Hello", ""], ["Hello "]):
            await ctx.ask(me.model, question(*contents))

    entries = [entry for entry in studio.cassette(story).entries if entry.actor == "a"]
    assert [entry.occurrence for entry in entries] == [1, 1, 1]
