"""L1-7: the ledger is a chain, and what is done to it behind the store's back shows."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specimens import make_event

from gdg_runtime.goals.model import GoalState
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.ledger_rows import (
    GENESIS,
    append,
    events,
    head,
    link_hash,
    verify,
)

Tx = sqlite3.Connection
Rows = list[tuple[object, ...]]
Whole = tuple[bytes, Rows, list[int]]


def fill(tx: Tx, links: int) -> None:
    for number in range(links):
        append(tx, **make_event(
                goal_id=f"goal_{number % 2}", version=number + 1, reason=f"ünreason {number}",
                state_from=GoalState.PROPOSED, data={"severity": 0.75, "belief_ids": ["ä"]},
            ),
        )  # fmt: skip


def unlock(tx: Tx) -> None:
    tx.execute("DROP TRIGGER ledger_is_not_changed")
    tx.execute("DROP TRIGGER ledger_is_not_shortened")


def test_L_events_come_back_in_order_with_their_links(tx: Tx) -> None:
    assert (head(tx), verify(tx), events(tx)) == ((0, GENESIS), None, [])
    event = make_event(data={"fields": ["text"]})
    first = append(tx, **event)
    second = append(
        tx, **make_event(event="goal_adopted", version=2, state_from=GoalState.PROPOSED)
    )
    assert events(tx) == [first, second]
    assert (first.seq, first.prev_hash, first.hash) == (
        1,
        GENESIS,
        link_hash({**event, "seq": 1, "prev_hash": GENESIS}),
    )
    assert (second.seq, second.prev_hash) == (2, first.hash)
    assert head(tx) == (2, second.hash)
    assert second.state_from is GoalState.PROPOSED
    assert verify(tx) is None


def test_L_events_are_read_by_goal_and_from_a_place_on(tx: Tx) -> None:
    fill(tx, 6)
    assert [event.seq for event in events(tx, after=2, limit=3)] == [3, 4, 5]
    assert [event.seq for event in events(tx, goal_id="goal_1")] == [2, 4, 6]
    assert [event.seq for event in events(tx, goal_id="goal_1", after=2, limit=1)] == [4]


def test_L_the_ledger_refuses_to_be_changed_or_shortened(tx: Tx) -> None:
    fill(tx, 2)
    for statement in (
        "UPDATE ledger SET reason = 'other' WHERE seq = 1",
        "DELETE FROM ledger WHERE seq = 2",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
            tx.execute(statement)
    assert len(events(tx)) == 2


@pytest.mark.parametrize(
    ("column", "value"),
    [("ts", "2025-11-08T12:00:00.000001Z"), ("event", "goal_deleted"), ("goal_id", "goal_9"),
     ("version", 7), ("state_from", None), ("state_to", "adopted"), ("actor", "mara"),
     ("reason", None), ("trace_id", "1" * 32), ("span_id", "1" * 16), ("data", "{}"),
     ("data", '{"severity": 0.75, "belief_ids": ["ä"]}'), ("prev_hash", "0" * 64),
     ("hash", "0" * 64)],
)  # fmt: skip
def test_L_a_changed_column_is_found_at_its_link(tx: Tx, column: str, value: object) -> None:
    fill(tx, 5)
    unlock(tx)
    tx.execute(f"UPDATE ledger SET {column} = ? WHERE seq = 3", (value,))
    assert verify(tx) == 3


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM ledger WHERE seq = 1", 2),
        ("DELETE FROM ledger WHERE seq = 3", 4),
        ("UPDATE ledger SET seq = 9 WHERE seq = 5", 9),
        ("UPDATE ledger SET seq = 0 WHERE seq = 1", 0),
    ],
)
def test_L_a_link_that_is_gone_or_elsewhere_is_found(tx: Tx, statement: str, found: int) -> None:
    fill(tx, 5)
    unlock(tx)
    tx.execute(statement)
    assert verify(tx) == found


def test_L_a_link_that_was_made_anew_with_its_hash_is_found_at_the_next_one(tx: Tx) -> None:
    fill(tx, 3)
    unlock(tx)
    tx.execute("DELETE FROM ledger WHERE seq = 3")
    rest = events(tx)
    tx.execute("DELETE FROM ledger")
    append(tx, **make_event(actor="somebody else"))
    tx.execute(
        "INSERT INTO ledger SELECT 2, ts, event, goal_id, version, state_from, state_to, actor, "
        "reason, trace_id, span_id, data, ?, ? FROM ledger WHERE seq = 1",
        (rest[1].prev_hash, rest[1].hash),
    )
    assert verify(tx) == 2


def test_L_links_cut_off_the_end_show_against_a_head_that_was_kept(tx: Tx) -> None:
    fill(tx, 3)
    kept = head(tx)
    unlock(tx)
    tx.execute("DELETE FROM ledger WHERE seq = 3")
    assert verify(tx) is None
    assert head(tx) != kept


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A file with a ledger, the ledger's rows, and the places in the file where they stand."""
    path = tmp_path_factory.mktemp("ledger") / "goals.db"
    database = Database.open(path)
    with database.transaction() as tx:
        fill(tx, 3)
        known = events(tx)
    database.close()
    content = path.read_bytes()
    places = []
    for link in known:
        start = content.index(str(link.reason).encode()) - 100
        places += list(range(start, content.index(link.hash.encode(), start) + 64))
    return content, _rows_as_they_stand(path), places


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pick=st.data())
def test_L_one_flipped_byte_in_the_file_is_found(
    tmp_path: Path, whole: Whole, pick: st.DataObject
) -> None:
    content, rows, places = whole
    place = pick.draw(st.sampled_from(places))
    flipped = bytearray(content)
    flipped[place] ^= 1 << pick.draw(st.integers(0, 7))
    path = tmp_path / "goals.db"
    path.write_bytes(flipped)
    try:
        changed = _rows_as_they_stand(path) != rows
    except sqlite3.Error:
        return  # the file can't be read any more, which shows as well
    if changed:
        database = Database.open(path)
        with database.reading() as tx:
            assert verify(tx) is not None
        database.close()


def _rows_as_they_stand(path: Path) -> Rows:
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    try:
        return connection.execute("SELECT * FROM ledger").fetchall()
    finally:
        connection.close()
