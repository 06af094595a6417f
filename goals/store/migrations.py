"""The schema, from the first version on; forward only.

A version that was released never changes: what has to be different becomes a new migration, and a
fixture of the version before it, so that files of every version are known to reach the newest.
"""

import sqlite3

from sqlite_utils import Database as SqliteUtils
from sqlite_utils import Migrations

APPLICATION_ID = 0x676F616C
"""The number in the file's head: `goal`."""
SCHEMA_VERSION = 3
MIGRATIONS = Migrations("goals")

_TIME = "LIKE '____-__-__T__:__:__.______Z'"
"""RFC 3339 in UTC with microseconds."""
_MICROSECONDS = (
    "CAST(strftime('%s', substr(created_at, 1, 19)) AS INTEGER) * 1000000"
    " + CAST(substr(created_at, 21, 6) AS INTEGER)"
)


def migrate(
    connection: sqlite3.Connection,
    *,
    migrations: Migrations = MIGRATIONS,
    stop_before: str | None = None,
) -> int:
    """Bring the schema to its newest version, or to the one before `stop_before`; how many
    versions it rose.

    All in one transaction: what fails leaves the file as it was, and a second process waits until
    the first is through, then finds nothing to do.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        database = SqliteUtils(connection, execute_plugins=False)
        before = len(migrations.applied(database))
        migrations.apply(database, stop_before=stop_before)
        after = len(migrations.applied(database))
        if after > before:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {after}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return after - before


def _run(database: SqliteUtils, *statements: str) -> None:
    # Never executescript: it commits the transaction that it finds.
    for statement in statements:
        database.conn.execute(statement)


@MIGRATIONS()
def m001_goals(database: SqliteUtils) -> None:
    """Create the specification's tables: goals, beliefs, ledger, decisions, tasks, and others."""
    _run(
        database,
        f"""
        CREATE TABLE goals (
          id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
          text TEXT NOT NULL CHECK (
            length(text) BETWEEN 1 AND 2000 AND instr(text, char(0)) = 0
            AND trim(text, char(9, 10, 11, 12, 13, 32)) <> ''),
          category TEXT NOT NULL CHECK (
            category IN ('introspection', 'exploration', 'maintenance', 'user_requested')),
          value REAL NOT NULL CHECK (value BETWEEN 0 AND 1),
          effort REAL NOT NULL CHECK (effort BETWEEN 0 AND 1),
          risk REAL NOT NULL CHECK (risk BETWEEN 0 AND 1),
          horizon_min_min INTEGER NOT NULL DEFAULT 0 CHECK (
            horizon_min_min BETWEEN 0 AND 1000000000),
          horizon_max_min INTEGER CHECK (horizon_max_min BETWEEN 1 AND 1000000000),
          aligns_with TEXT NOT NULL DEFAULT '[]' CHECK (
            json_valid(aligns_with) AND json_type(aligns_with) = 'array'
            AND json_array_length(aligns_with) <= 64),
          contradicts TEXT NOT NULL DEFAULT '[]' CHECK (
            json_valid(contradicts) AND json_type(contradicts) = 'array'
            AND json_array_length(contradicts) <= 64),
          success_metrics TEXT NOT NULL DEFAULT '{{}}' CHECK (
            json_valid(success_metrics) AND json_type(success_metrics) = 'object'),
          state TEXT NOT NULL DEFAULT 'proposed' CHECK (
            state IN ('proposed', 'adopted', 'executing', 'satisfied', 'abandoned')),
          created_at TEXT NOT NULL CHECK (created_at {_TIME}),
          updated_at TEXT NOT NULL CHECK (updated_at {_TIME}),
          metadata TEXT NOT NULL DEFAULT '{{}}' CHECK (
            json_valid(metadata) AND json_type(metadata) = 'object'
            AND length(CAST(metadata AS BLOB)) <= 16384),
          version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
          deleted_at TEXT CHECK (deleted_at {_TIME}),
          CHECK (horizon_max_min IS NULL OR horizon_max_min >= horizon_min_min),
          CHECK (updated_at >= created_at),
          CHECK (deleted_at IS NULL OR state <> 'executing')
        ) STRICT""",
        "CREATE INDEX goals_newest ON goals (created_at DESC, id)",
        "CREATE INDEX goals_newest_of_state ON goals (state, created_at DESC, id)",
        f"""
        CREATE TABLE beliefs (
          id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
          text TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
          active INTEGER NOT NULL CHECK (active IN (0, 1)),
          confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
          immutable INTEGER NOT NULL CHECK (immutable IN (0, 1)),
          created_at TEXT NOT NULL CHECK (created_at {_TIME}),
          updated_at TEXT NOT NULL CHECK (updated_at {_TIME}),
          version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1)
        ) STRICT""",
        # No reference to beliefs: a goal may name one that is not known yet.
        """
        CREATE TABLE goal_beliefs (
          goal_id TEXT NOT NULL REFERENCES goals (id),
          belief_id TEXT NOT NULL CHECK (length(belief_id) BETWEEN 1 AND 128),
          relation TEXT NOT NULL CHECK (relation IN ('aligns', 'contradicts')),
          PRIMARY KEY (goal_id, belief_id)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX goals_of_belief ON goal_beliefs (belief_id, relation, goal_id)",
        # No reference to goals: it also tells of what happened to goals that were not taken in.
        f"""
        CREATE TABLE ledger (
          seq INTEGER NOT NULL PRIMARY KEY,
          ts TEXT NOT NULL CHECK (ts {_TIME}),
          event TEXT NOT NULL,
          goal_id TEXT NOT NULL,
          version INTEGER NOT NULL,
          state_from TEXT CHECK (
            state_from IN ('proposed', 'adopted', 'executing', 'satisfied', 'abandoned')),
          state_to TEXT CHECK (
            state_to IN ('proposed', 'adopted', 'executing', 'satisfied', 'abandoned')),
          actor TEXT NOT NULL,
          reason TEXT,
          trace_id TEXT NOT NULL,
          span_id TEXT NOT NULL,
          data TEXT NOT NULL CHECK (json_valid(data) AND json_type(data) = 'object'),
          prev_hash TEXT NOT NULL,
          hash TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX ledger_of_goal ON ledger (goal_id, seq)",
        """
        CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
        BEGIN SELECT RAISE (ABORT, 'the ledger is only ever added to'); END""",
        """
        CREATE TRIGGER ledger_is_not_shortened BEFORE DELETE ON ledger
        BEGIN SELECT RAISE (ABORT, 'the ledger is only ever added to'); END""",
        """
        CREATE TABLE decisions (
          decision_id TEXT NOT NULL PRIMARY KEY,
          subsystem TEXT NOT NULL,
          success_metrics TEXT NOT NULL CHECK (json_valid(success_metrics))
        ) STRICT""",
        """
        CREATE TABLE parameters (
          decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
          position INTEGER NOT NULL,
          name TEXT NOT NULL,
          current REAL NOT NULL,
          min REAL NOT NULL,
          max REAL NOT NULL,
          step REAL NOT NULL CHECK (step > 0),
          PRIMARY KEY (decision_id, name),
          CHECK (min <= max AND current BETWEEN min AND max)
        ) STRICT""",
        f"""
        CREATE TABLE decision_records (
          record_id TEXT NOT NULL PRIMARY KEY,
          decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
          ts TEXT NOT NULL CHECK (ts {_TIME}),
          goal_id TEXT NOT NULL REFERENCES goals (id),
          task_id TEXT NOT NULL UNIQUE,
          selection_key TEXT,
          score REAL NOT NULL,
          weights TEXT NOT NULL CHECK (json_valid(weights)),
          trace_id TEXT NOT NULL,
          span_id TEXT NOT NULL,
          outcome REAL CHECK (outcome BETWEEN -1 AND 1),
          outcome_ts TEXT CHECK (outcome_ts {_TIME}),
          outcome_data TEXT CHECK (outcome_data IS NULL OR json_valid(outcome_data)),
          CHECK ((outcome IS NULL) = (outcome_ts IS NULL))
        ) STRICT""",
        "CREATE INDEX newest_records ON decision_records (ts, record_id)",
        "CREATE INDEX records_of_goal ON decision_records (goal_id, ts, record_id)",
        f"""
        CREATE TABLE tasks (
          task_id TEXT NOT NULL PRIMARY KEY,
          goal_id TEXT NOT NULL REFERENCES goals (id),
          attempt INTEGER NOT NULL CHECK (attempt >= 1),
          payload TEXT NOT NULL CHECK (json_valid(payload)),
          created_at TEXT NOT NULL CHECK (created_at {_TIME}),
          submitted_at TEXT CHECK (submitted_at {_TIME}),
          closed_at TEXT CHECK (closed_at {_TIME}),
          UNIQUE (goal_id, attempt)
        ) STRICT""",
        "CREATE UNIQUE INDEX one_open_task ON tasks (goal_id) WHERE closed_at IS NULL",
        """
        CREATE INDEX tasks_to_submit ON tasks (created_at, task_id)
        WHERE submitted_at IS NULL AND closed_at IS NULL""",
        f"""
        CREATE TABLE selections (
          selection_key TEXT NOT NULL PRIMARY KEY,
          task TEXT CHECK (task IS NULL OR json_valid(task)),
          ts TEXT NOT NULL CHECK (ts {_TIME})
        ) STRICT""",
        """
        CREATE TABLE scheduled_tasks (
          task_id TEXT NOT NULL PRIMARY KEY,
          text TEXT NOT NULL,
          every_min INTEGER CHECK (every_min >= 1),
          next_us INTEGER NOT NULL,
          position INTEGER NOT NULL UNIQUE,
          metadata TEXT NOT NULL CHECK (json_valid(metadata))
        ) STRICT""",
        "CREATE INDEX next_scheduled ON scheduled_tasks (next_us, position)",
        """
        CREATE TABLE idempotency (
          scope TEXT NOT NULL,
          key TEXT NOT NULL,
          request TEXT NOT NULL,
          answer_name TEXT NOT NULL,
          answer TEXT NOT NULL CHECK (json_valid(answer)),
          expires_us INTEGER NOT NULL,
          PRIMARY KEY (scope, key)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX idempotency_expiry ON idempotency (expires_us)",
        """
        CREATE TABLE counters (
          name TEXT NOT NULL,
          labels TEXT NOT NULL CHECK (json_valid(labels)),
          value INTEGER NOT NULL CHECK (value >= 0),
          PRIMARY KEY (name, labels)
        ) STRICT, WITHOUT ROWID""",
    )


@MIGRATIONS()
def m002_conditions(database: SqliteUtils) -> None:
    """Add a goal's conditions beyond the specification (owner, dependencies, repetition, approval)
    and what its execution needs (attempts, lease)."""
    _run(
        database,
        "ALTER TABLE goals ADD COLUMN owner TEXT CHECK (length(owner) BETWEEN 1 AND 128)",
        """
        ALTER TABLE goals ADD COLUMN depends_on TEXT NOT NULL DEFAULT '[]' CHECK (
          json_valid(depends_on) AND json_type(depends_on) = 'array'
          AND json_array_length(depends_on) <= 64)""",
        """
        ALTER TABLE goals ADD COLUMN repeat_every_min INTEGER CHECK (
          repeat_every_min BETWEEN 1 AND 1000000000)""",
        """
        ALTER TABLE goals ADD COLUMN requires_approval INTEGER NOT NULL DEFAULT 0 CHECK (
          requires_approval IN (0, 1))""",
        "ALTER TABLE goals ADD COLUMN approved_by TEXT",
        "ALTER TABLE goals ADD COLUMN previous_id TEXT",
        "ALTER TABLE goals ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0)",
        "ALTER TABLE goals ADD COLUMN selection_key TEXT",
        "ALTER TABLE goals ADD COLUMN lease_until_us INTEGER",
        """
        UPDATE goals SET attempts = coalesce(
          (SELECT max(attempt) FROM tasks WHERE tasks.goal_id = goals.id), 0)""",
        """
        UPDATE goals SET selection_key = (
          SELECT record.selection_key FROM decision_records AS record
          WHERE record.goal_id = goals.id ORDER BY record.ts DESC, record.record_id DESC LIMIT 1)
        WHERE state = 'executing'""",
        "CREATE INDEX leases ON goals (lease_until_us, id) WHERE lease_until_us IS NOT NULL",
        # No reference for on_id: goals are imported in any order.
        """
        CREATE TABLE goal_dependencies (
          goal_id TEXT NOT NULL REFERENCES goals (id),
          on_id TEXT NOT NULL,
          PRIMARY KEY (goal_id, on_id),
          CHECK (goal_id <> on_id)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX dependents ON goal_dependencies (on_id, goal_id)",
        "ALTER TABLE selections ADD COLUMN owner TEXT",
        "ALTER TABLE scheduled_tasks ADD COLUMN owner TEXT",
        "DROP INDEX next_scheduled",
        "CREATE INDEX next_scheduled ON scheduled_tasks (owner, next_us, position)",
    )


@MIGRATIONS()
def m003_ranking(database: SqliteUtils) -> None:
    """Add the derived columns: what ranking and selection need of beliefs, dependencies and times,
    and one index that holds them all."""
    _run(
        database,
        "ALTER TABLE goals ADD COLUMN align REAL NOT NULL DEFAULT 0 CHECK (align BETWEEN 0 AND 1)",
        "ALTER TABLE goals ADD COLUMN contra INTEGER NOT NULL DEFAULT 0 CHECK (contra IN (0, 1))",
        """
        ALTER TABLE goals ADD COLUMN open_dependencies INTEGER NOT NULL DEFAULT 0 CHECK (
          open_dependencies >= 0)""",
        "ALTER TABLE goals ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE goals ADD COLUMN starts_us INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE goals ADD COLUMN deadline_us INTEGER",
        """
        ALTER TABLE goals ADD COLUMN blocked_noted INTEGER NOT NULL DEFAULT 0 CHECK (
          blocked_noted IN (0, 1))""",
        f"UPDATE goals SET created_us = {_MICROSECONDS}",
        """
        UPDATE goals SET starts_us = created_us + horizon_min_min * 60000000,
          deadline_us = created_us + horizon_max_min * 60000000""",
        """
        UPDATE goals SET align = (
          SELECT count(*) FROM goal_beliefs AS link
          JOIN beliefs AS belief ON belief.id = link.belief_id AND belief.active
          WHERE link.goal_id = goals.id AND link.relation = 'aligns'
        ) * 1.0 / json_array_length(aligns_with)
        WHERE json_array_length(aligns_with) > 0""",
        """
        UPDATE goals SET contra = EXISTS (
          SELECT 1 FROM goal_beliefs AS link
          JOIN beliefs AS belief ON belief.id = link.belief_id AND belief.active
          WHERE link.goal_id = goals.id AND link.relation = 'contradicts')""",
        """
        UPDATE goals SET open_dependencies = (
          SELECT count(*) FROM goal_dependencies AS link WHERE link.goal_id = goals.id
          AND NOT EXISTS (SELECT 1 FROM goals AS other WHERE other.id = link.on_id
            AND other.state = 'satisfied' AND other.deleted_at IS NULL))""",
        # All that ranking reads, so that it never touches the rows of goals that are not shown.
        """
        CREATE INDEX goals_standing ON goals (
          state, owner, contra, open_dependencies, value, effort, risk, align, deadline_us,
          starts_us, created_us, requires_approval, approved_by, id
        ) WHERE deleted_at IS NULL""",
        """
        CREATE INDEX goals_contradicted ON goals (state, owner, created_us, id)
        WHERE contra = 1 AND deleted_at IS NULL""",
        """
        CREATE INDEX selections_of_the_schedule ON selections (ts)
        WHERE json_extract(task, '$.kind') = 'scheduled'""",
        """
        CREATE TABLE settings (
          name TEXT NOT NULL PRIMARY KEY,
          value REAL NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO settings (name, value) VALUES ('belief_min_confidence', 0.0)",
    )
