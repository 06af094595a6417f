"""The connection: whole transactions or none, files that can't be used, many writers at once."""

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from specimens import make_goal
from writer import write

from gdg_runtime.goals.errors import GoalError, StoreUnusable, VersionConflict
from gdg_runtime.goals.model import GoalState
from gdg_runtime.goals.store import database as database_module
from gdg_runtime.goals.store.database import SCHEMA_VERSION, Database
from gdg_runtime.goals.store.goal_rows import find_goal, insert_goal, update_goal
from gdg_runtime.goals.store.ledger_rows import events, verify

HERE = Path(__file__).parent


def filled(path: Path, goals: int) -> Database:
    database = Database.open(path)
    with database.transaction() as tx:
        for number in range(goals):
            insert_goal(tx, make_goal(number))
    return database


def test_S5_what_was_committed_is_there_after_reopening(tmp_path: Path) -> None:
    for durable in (True, False):
        path = tmp_path / f"{durable}.db"
        with Database.open(path, durable=durable).transaction() as tx:
            insert_goal(tx, make_goal())
        reopened = Database.open(path)
        with reopened.reading() as tx:
            assert find_goal(tx, "goal_001") == make_goal()
        reopened.close()


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_S5_nothing_of_a_transaction_stays_that_did_not_get_through(
    database: Database, failure: type[BaseException]
) -> None:
    with pytest.raises(failure), database.transaction() as tx:
        insert_goal(tx, make_goal())
        raise failure
    with database.reading() as tx:
        assert find_goal(tx, "goal_001") is None


def test_S5_an_error_that_made_sqlite_roll_back_is_raised_as_it_is(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as tx:
        insert_goal(tx, make_goal())
        tx.execute("INSERT OR ROLLBACK INTO goals (id) VALUES ('goal_001')")
    with database.transaction() as tx:
        assert find_goal(tx, "goal_001") is None


def test_transactions_do_not_nest(database: Database) -> None:
    for outer in (database.transaction, database.reading):
        for inner in (database.transaction, database.reading):
            with (
                outer(),
                pytest.raises(RuntimeError, match="in a transaction of the store already"),
                inner(),
            ):
                pass
    with database.transaction() as tx:
        insert_goal(tx, make_goal())


def test_while_reading_nothing_can_be_written_and_nothing_changes(tmp_path: Path) -> None:
    one, other = filled(tmp_path / "goals.db", 1), Database.open(tmp_path / "goals.db")
    with one.reading() as tx:
        before = find_goal(tx, "goal_000")
        assert before is not None
        with other.transaction() as elsewhere:
            update_goal(elsewhere, before, before.changed(version=2))
        assert find_goal(tx, "goal_000") == before
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            tx.execute("DELETE FROM goals")
    with one.reading() as tx:
        assert find_goal(tx, "goal_000") != before
    one.close()
    other.close()


def refusal(path: Path | str, *, read_only: bool = False) -> StoreUnusable:
    with pytest.raises(StoreUnusable) as raised:
        Database.open(path, read_only=read_only)
    assert isinstance(raised.value, GoalError)
    assert raised.value.code == "store-unusable"
    assert raised.value.facts == {"path": str(path)}
    return raised.value


def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("this is not a database, but it is long enough to look like one\n" * 50)
    assert "not the database of a store" in str(refusal(text))
    assert text.read_text().startswith("this is")

    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE goals (name)")
    connection.close()
    before = foreign.read_bytes()
    assert "something else" in str(refusal(foreign))
    assert foreign.read_bytes() == before

    assert "opened" in str(refusal(tmp_path / "no such folder" / "goals.db"))


def test_a_store_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "goals.db"
    database = filled(path, 1)
    database.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    assert f"version {SCHEMA_VERSION + 1}" in str(refusal(path))


# --- reading only -------------------------------------------------------------------------------


def test_who_only_reads_makes_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "goals.db"
    assert "opened" in str(refusal(path, read_only=True))
    path.touch()
    assert "no store so far" in str(refusal(path, read_only=True))
    assert path.read_bytes() == b""
    filled(path, 1).close()
    before = path.read_bytes()
    database = Database.open(path, read_only=True)
    with database.reading() as tx:
        assert find_goal(tx, "goal_000") is not None
    with pytest.raises(StoreUnusable, match="read only"), database.transaction():
        pass
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.connection.execute("DELETE FROM goals")
    database.close()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_schema_of_before_is_not_migrated_by_who_only_reads(tmp_path: Path) -> None:
    path = tmp_path / "goals.db"
    database = filled(path, 1)
    database.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    database.close()
    said = str(refusal(path, read_only=True))
    assert f"version {SCHEMA_VERSION - 1}" in said
    assert "brings it up to date" in said


def test_what_can_not_be_written_is_read_as_it_lies_there_and_refused_for_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "goals.db"
    filled(path, 1).close()
    may = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: mode != os.W_OK and may(name, mode))
    database = Database.open(path, read_only=True)
    with database.reading() as tx:
        assert find_goal(tx, "goal_000") is not None
        assert list(tmp_path.iterdir()) == [path]
    database.close()
    assert "can't be written" in str(refusal(path))


def test_what_can_not_be_written_is_read_with_what_its_writers_have_not_put_into_it_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "goals.db"
    writer = filled(path, 1)
    may = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: mode != os.W_OK and may(name, mode))
    database = Database.open(path, read_only=True)
    with database.reading() as tx:
        assert find_goal(tx, "goal_000") is not None
    database.close()
    writer.close()


def test_where_the_disk_takes_nothing_it_is_told_and_no_file_is_left(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        said = str(refusal(tmp_path / "goals.db"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "the disk can't be read or written" in said
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "goals.db"
    path.touch()
    filled(path, 1).close()


def test_a_program_that_is_too_old_for_the_schema_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    assert "3.37" in str(refusal(":memory:"))


def test_whoever_is_kept_waiting_too_long_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "goals.db"
    holder = filled(path, 1)
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0)
    waiting = Database.open(path)
    with (
        holder.transaction(),
        pytest.raises(StoreUnusable, match="kept it busy"),
        waiting.transaction(),
    ):
        pass
    with waiting.transaction() as tx:
        insert_goal(tx, make_goal(5))
    with holder.transaction() as tx:
        tx.execute("PRAGMA user_version = 1")
    with holder.transaction():
        assert "kept it busy" in str(refusal(path))
    waiting.close()
    holder.close()


def test_whoever_opens_a_store_that_is_being_made_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "goals.db"
    maker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    maker.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0)
    assert "kept it busy" in str(refusal(path))
    monkeypatch.undo()
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(Database.open, path)
        maker.execute("COMMIT")
        opening.result().close()
    maker.close()


def test_an_error_that_is_no_lock_is_raised_as_it_is(database: Database) -> None:
    database.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError, match="readonly"), database.transaction():
        pass


def versions(database: Database, goals: int) -> int:
    """By how much the versions of all goals have risen."""
    with database.reading() as tx:
        (total,) = tx.execute("SELECT sum(version) FROM goals").fetchone()
    return int(total) - goals


@pytest.mark.parametrize("goals", [1, 1000])
@pytest.mark.parametrize("connections", ["one connection", "one each"])
def test_S4_8_threads_writing_at_once_lose_no_update_and_see_no_lock(
    tmp_path: Path, goals: int, connections: str
) -> None:
    path, times = tmp_path / "goals.db", 100
    database = filled(path, goals)
    own = [database] * 8
    if connections == "one each":
        own = [Database.open(path) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        lost = sum(pool.map(lambda n: write(own[n], goals, times, start=n * 100), range(8)))
    assert versions(database, goals) == 8 * times - lost
    for opened in {id(known): known for known in [database, *own]}.values():
        opened.close()


@pytest.mark.parametrize("goals", [1, 1000])
def test_S4_8_processes_writing_at_once_lose_no_update_and_see_no_lock(
    tmp_path: Path, goals: int
) -> None:
    path, times = tmp_path / "goals.db", 100
    filled(path, goals).close()
    processes = [
        subprocess.Popen(
            [sys.executable, str(HERE / "writer.py"), *map(str, (path, goals, times, n * 100))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n in range(8)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    lost = 0
    for process in processes:
        out, err = process.communicate()
        assert (process.returncode, err) == (0, "")
        lost += int(out)
    database = Database.open(path)
    assert versions(database, goals) == 8 * times - lost
    database.close()


def test_S4_of_8_threads_at_the_same_version_exactly_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "goals.db"
    database = filled(path, 1)
    with database.reading() as tx:
        before = find_goal(tx, "goal_000")
    assert before is not None
    own, barrier = [Database.open(path) for _ in range(8)], Barrier(8)

    def change(number: int) -> bool:
        barrier.wait()
        try:
            with own[number].transaction() as tx:
                update_goal(tx, before, before.changed(version=2, text=f"by {number}"))
        except VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(change, range(8)))
    assert sum(won) == 1
    with database.reading() as tx:
        after = find_goal(tx, "goal_000")
    assert after == before.changed(version=2, text=f"by {won.index(True)}")
    for opened in [database, *own]:
        opened.close()


@pytest.fixture(scope="module")
def killed_stores(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Stores whose writers were killed before the 1st, 2nd, … statement of a transaction, and one
    whose writer was not."""
    folder = tmp_path_factory.mktemp("killed")
    ran = subprocess.run(
        [sys.executable, str(HERE / "killed_writer.py"), str(folder)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    return [folder / name for name in ran.stdout.split()]


def test_S5_a_kill_between_any_two_statements_leaves_all_of_a_transaction_or_nothing(
    killed_stores: list[Path],
) -> None:
    outcomes = []
    for path in killed_stores:
        database = Database.open(path)
        with database.reading() as tx:
            goal = find_goal(tx, "goal_000")
            assert goal is not None
            assert verify(tx) is None
            told = [event.version for event in events(tx)]
        assert told == ([2] if goal.state == GoalState.ADOPTED else [])
        assert goal.version == 1 + len(told)
        outcomes.append(len(told))
        database.close()
    assert outcomes == [0] * (len(outcomes) - 1) + [1]
    assert len(outcomes) > 4
