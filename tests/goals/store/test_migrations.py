"""M15: every older store reaches the newest schema, once, whoever comes first."""

import importlib.util
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from sqlite_utils import Database as SqliteUtils
from sqlite_utils import Migrations

from gdg_runtime.goals.model import GoalCategory, GoalState
from gdg_runtime.goals.store.database import MIGRATIONS, SCHEMA_VERSION, Database, migrate
from gdg_runtime.goals.store.goal_rows import (
    expired_leases,
    find_belief,
    find_goal,
    page_of_goals,
    refresh_all,
)
from gdg_runtime.goals.store.ledger_rows import dump_lines, verify
from gdg_runtime.goals.store.task_rows import due_scheduled, find_selection, read_decision, records

FIXTURES = Path(__file__).parent.parent / "fixtures"
OLDER = list(range(1, SCHEMA_VERSION))
Schema = list[tuple[str, ...]]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The script that made the fixtures."""
    spec = importlib.util.spec_from_file_location("make_fixtures", FIXTURES / "make_fixtures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def older(path: Path, version: int) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript((FIXTURES / f"store_v{version}.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def schema(connection: sqlite3.Connection) -> Schema:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
    return [tuple(row) for row in rows]


def numbers(connection: sqlite3.Connection) -> list[int]:
    """The two numbers in the file's head that say what it is."""
    names = ("application_id", "user_version")
    return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]


def content(database: Database) -> list[bytes]:
    with database.reading() as tx:
        return list(dump_lines(tx))


def test_M15_the_migrations_are_named_and_numbered_one_by_one(maker: ModuleType) -> None:
    database = Database.open(":memory:")
    applied = [known.name for known in MIGRATIONS.applied(SqliteUtils(database.connection))]
    assert [name[:5] for name in applied] == [
        f"m{number:03}_" for number in range(1, SCHEMA_VERSION + 1)
    ]
    assert {number: applied[number] for number in OLDER} == maker.STOP_BEFORE
    database.close()


@pytest.mark.parametrize("version", OLDER)
def test_M15_every_older_store_reaches_the_schema_of_a_new_one(
    tmp_path: Path, version: int
) -> None:
    new = Database.open(":memory:")
    path = older(tmp_path / "goals.db", version)
    migrated = Database.open(path)
    assert schema(migrated.connection) == schema(new.connection)
    assert numbers(migrated.connection) == numbers(new.connection)
    assert migrated.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert migrated.connection.execute("PRAGMA foreign_key_check").fetchall() == []
    migrated.close()
    new.close()


@pytest.mark.parametrize("version", OLDER)
def test_M15_what_an_older_store_held_is_there_after_the_migration(
    tmp_path: Path, version: int
) -> None:
    database = Database.open(older(tmp_path / "goals.db", version))
    with database.reading() as tx:
        goals, _ = page_of_goals(tx, include_deleted=True)
        assert sorted(goal.id for goal in goals) == [f"goal_{n:03}" for n in range(1, 8)]
        first = find_goal(tx, "goal_001")
        assert first is not None
        assert first.category is GoalCategory.INTROSPECTION
        assert first.success_metrics == {"coherence_delta": 0.05}
        executing = find_goal(tx, "goal_004")
        assert executing is not None
        assert executing.state is GoalState.EXECUTING
        assert (executing.attempts, executing.selection_key) == (1, "tick-1")
        done = find_goal(tx, "goal_005")
        assert done is not None
        assert done.attempts == 2
        assert find_goal(tx, "goal_007") is None
        assert find_belief(tx, "core.calm") is not None
        assert verify(tx) is None
        assert read_decision(tx, "goal_selected").parameters[0].current == 0.45
        assert len(records(tx)) == 2
        assert find_selection(tx, "tick-2") is not None
        assert due_scheduled(tx, None, 2_000_000_000_000_000) is not None
        leases = [goal.id for goal in expired_leases(tx, 2_000_000_000_000_000)]
        assert leases == ([] if version == 1 else ["goal_004"])
    database.close()


@pytest.mark.parametrize("version", OLDER)
def test_M15_the_standing_of_old_goals_is_as_if_it_had_always_been_kept(
    tmp_path: Path, version: int
) -> None:
    database = Database.open(older(tmp_path / "goals.db", version))
    columns = "SELECT align, contra, open_dependencies FROM goals ORDER BY id"
    found = [tuple(row) for row in database.connection.execute(columns)]
    waits_for = 0 if version == 1 else 2
    assert found[:4] == [(1 / 3, 0, 0), (0.0, 0, waits_for), (0.0, 1, 0), (1.0, 0, 0)]
    before = content(database)
    with database.transaction() as tx:
        refresh_all(tx, 0.0)
    assert content(database) == before
    times = "SELECT created_us, starts_us, deadline_us FROM goals WHERE id IN (?, ?) ORDER BY id"
    found = [tuple(row) for row in database.connection.execute(times, ("goal_002", "goal_005"))]
    assert found == [
        (1_762_603_200_000_001, 1_762_605_000_000_001, 1_762_606_800_000_001),
        (946_684_799_999_999, 946_684_799_999_999, None),
    ]
    database.close()


def test_M15_opening_again_applies_nothing_and_writes_nothing(tmp_path: Path) -> None:
    path = older(tmp_path / "goals.db", 1)
    Database.open(path).close()
    before = path.read_bytes()
    database = Database.open(path)
    assert migrate(database.connection) == 0
    database.close()
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", OLDER)
def test_M15_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path, version: int) -> None:
    failing = Migrations("goals")
    for known in MIGRATIONS.pending(SqliteUtils(memory=True)):
        failing(name=known.name)(known.fn)

    @failing()
    def m999_breaks_off(database: SqliteUtils) -> None:
        database.conn.execute("CREATE TABLE half (done)")
        database.conn.execute("DELETE FROM counters")
        database.conn.execute("SELECT * FROM nowhere")

    connection = sqlite3.connect(older(tmp_path / "goals.db", version), isolation_level=None)
    before = list(connection.iterdump()), numbers(connection)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, migrations=failing)
    assert (list(connection.iterdump()), numbers(connection)) == before
    assert migrate(connection) == SCHEMA_VERSION - version
    connection.close()


@pytest.mark.parametrize("version", [0, *OLDER])
def test_M15_processes_that_open_an_older_store_at_once_all_find_it_migrated_once(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "goals.db"
    if version:
        older(path, version)
    script = (
        "import sys; from gdg_runtime.goals.store.database import Database;"
        "print('ready', flush=True); sys.stdin.readline();"
        "Database.open(sys.argv[1]).close()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
    database, new = Database.open(path), Database.open(":memory:")
    assert schema(database.connection) == schema(new.connection)
    (times,) = database.connection.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()
    assert times == SCHEMA_VERSION
    database.close()
    new.close()


@pytest.mark.parametrize("version", OLDER)
def test_M15_the_script_still_makes_the_fixtures_that_are_kept(
    maker: ModuleType, tmp_path: Path, version: int
) -> None:
    kept = sqlite3.connect(older(tmp_path / "kept.db", version))
    made = maker.store_of_version(version)
    again = sqlite3.connect(":memory:")
    again.executescript(maker.as_sql(made))
    assert numbers(again) == numbers(kept)
    assert sorted(again.iterdump()) == sorted(kept.iterdump())
    for connection in (kept, made, again):
        connection.close()


def test_M15_the_script_leaves_fixtures_alone_that_are_there(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maker, "HERE", tmp_path)
    (tmp_path / "store_v1.sql").write_text("kept")
    maker.main()
    assert (tmp_path / "store_v1.sql").read_text() == "kept"
    assert (tmp_path / "store_v2.sql").read_text(encoding="utf-8").endswith("user_version = 2;\n")


def test_M16_the_store_is_imported_without_any_web_framework() -> None:
    script = (
        "import sys, gdg_runtime.goals.store.database, gdg_runtime.goals.store.goal_rows;"
        "print([name for name in ('fastapi', 'starlette', 'hypercorn') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
