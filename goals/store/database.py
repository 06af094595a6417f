"""The connection to a store's SQLite file, its transactions, and the migrations at its opening.

A migration is a file beside this one, `m<number>_<name>.sql`; the schema only moves forward. One
that was released never changes: what has to be different becomes a new migration, and a fixture of
the version before it, so that files of every version are known to reach the newest.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent
from threading import RLock
from typing import Self
from weakref import finalize

from sqlite_utils import Database as SqliteUtils
from sqlite_utils import Migrations

from ..errors import StoreUnusable

APPLICATION_ID = 0x676F616C
"""The number in the file's head: `goal`."""
MIGRATIONS = Migrations("goals")
BUSY_SECONDS = 30
"""Seconds that a statement waits for another connection's transaction."""
_OLDEST_SQLITE = (3, 37, 0)
"""The first one with STRICT tables."""
_NO_STORE = "it is not the database of a store"
_TROUBLE = {
    sqlite3.SQLITE_CANTOPEN: "it can't be opened; its folder has to be writable as well",
    sqlite3.SQLITE_FULL: "there is no room on the disk",
    sqlite3.SQLITE_IOERR: "the disk can't be read or written",
    sqlite3.SQLITE_READONLY: "it can't be written, only read",
}
"""Explanations by SQLite's primary result code."""
_WAL_ATTEMPTS = 100
_STATEMENTS = 256


def _add_migration(script: Path) -> None:
    @MIGRATIONS(name=script.stem)
    def run(database: SqliteUtils) -> None:
        # Never executescript: it commits the transaction that it finds. The indentation is that of
        # the stores that there are, since SQLite keeps a statement's text.
        statement = ""
        for line in indent(script.read_text(encoding="utf-8"), " " * 8).splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                database.conn.execute(statement)
                statement = ""
        database.conn.execute(statement)  # the last one may lack its semicolon


_SCRIPTS = sorted(Path(__file__).parent.glob("m*.sql"))
for _script in _SCRIPTS:
    _add_migration(_script)
SCHEMA_VERSION = len(_SCRIPTS)


class Database:
    """One connection for many threads: a lock lets one of them work at a time."""

    def __init__(
        self, connection: sqlite3.Connection, name: str, *, read_only: bool = False
    ) -> None:
        self.connection = connection
        self._name = name
        self._read_only = read_only
        self._lock = RLock()
        # A store in memory ends with whoever holds it; Python 3.13 warns of what is not closed.
        finalize(self, connection.close)

    @classmethod
    def open(cls, path: Path | str, *, durable: bool = True, read_only: bool = False) -> Self:
        """Open a store, making or migrating it if need be; several processes may do so at once.

        `:memory:` is a store that ends with its connection. Each commit survives the end of the
        process; `durable` ones are in order on the disk too, so that the file stays whole when
        the machine loses its power. With `read_only` nothing is made, migrated or changed, and the
        file and its folder need not be writable. Raises StoreUnusable.
        """
        name = str(path)
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise StoreUnusable(name, f"SQLite 3.37 is needed, this is {sqlite3.sqlite_version}")
        begins = not read_only and not Path(name).exists()
        if not read_only and not begins and not os.access(name, os.W_OK):
            raise StoreUnusable(name, "it can't be written, only read")
        try:
            connection = sqlite3.connect(
                _uri(name) if read_only else name, uri=read_only, timeout=BUSY_SECONDS,
                isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS,
            )  # fmt: skip
        except sqlite3.Error as error:
            raise StoreUnusable(name, f"it can't be opened ({error})") from None
        try:
            _check_identity(connection, name)
            if read_only:
                connection.execute("PRAGMA query_only = ON")
                _check_version(connection, name)
            else:
                _configure(connection, durable)
                if _version(connection, name) < SCHEMA_VERSION:
                    migrate(connection)
        except sqlite3.Error as error:
            connection.close()
            if begins:
                _remove_empty(name)
            raise StoreUnusable(name, _explain(error)) from None
        except BaseException:
            connection.close()
            raise
        connection.row_factory = sqlite3.Row
        return cls(connection, name, read_only=read_only)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction: all that is done within is committed together, or nothing if anything
        is raised.

        Raises StoreUnusable if other processes never let it begin, or if it is opened `read_only`.
        """
        if self._read_only:
            raise StoreUnusable(self._name, "it was opened to be read only")
        with self._begun("BEGIN IMMEDIATE") as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction for reading: all that is read within is of one moment, and nothing can
        be written."""
        with self._lock:
            self._refuse_nesting()
            self.connection.execute("PRAGMA query_only = ON")
            try:
                with self._begun("BEGIN") as tx:
                    yield tx
            finally:
                if not self._read_only:
                    self.connection.execute("PRAGMA query_only = OFF")

    def close(self) -> None:
        """Close the connection; a transaction that another thread is in ends first."""
        with self._lock:
            self.connection.close()

    @contextmanager
    def _begun(self, begin: str) -> Iterator[sqlite3.Connection]:
        tx = self.connection
        with self._lock:
            self._refuse_nesting()
            try:
                tx.execute(begin)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                raise StoreUnusable(self._name, _explain(error)) from None
            try:
                yield tx
                tx.execute("COMMIT")
            except BaseException:
                if tx.in_transaction:  # some errors make SQLite roll back by itself
                    tx.execute("ROLLBACK")
                raise

    def _refuse_nesting(self) -> None:
        if self.connection.in_transaction:
            raise RuntimeError(
                "this thread is in a transaction of the store already: pass its connection on "
                "instead of beginning another one"
            )


def _explain(error: sqlite3.Error) -> str:
    kind = error.sqlite_errorcode & 0xFF  # the rest says in which way
    if kind == sqlite3.SQLITE_BUSY:
        return f"other processes have kept it busy for {BUSY_SECONDS} s; try again"
    return f"{_TROUBLE.get(kind, _NO_STORE)} ({error})"


def _uri(name: str) -> str:
    """Return the address that opens a file without making it. One that can't be written is read as
    it lies there: SQLite's files beside it would be in its owner's way, or can't be made at all."""
    path = Path(name).absolute()
    log = Path(f"{path}-wal")
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if writable:
        return f"{path.as_uri()}?mode=rw"
    changes = log.exists() and log.stat().st_size > 0
    return f"{path.as_uri()}?mode=ro" + ("" if changes else "&immutable=1")


def _remove_empty(name: str) -> None:
    """Leave nothing where a store could not be begun."""
    path = Path(name)
    if path.is_file() and path.stat().st_size == 0:
        path.unlink()


def _check_identity(connection: sqlite3.Connection, name: str) -> None:
    """Check that the file is empty or a store's. Raises StoreUnusable."""
    (identity,) = connection.execute("PRAGMA application_id").fetchone()
    if identity == APPLICATION_ID:
        return
    # Asked after the id: between the two, another process may have made the store.
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreUnusable(name, "it is an SQLite database of something else")


def _configure(connection: sqlite3.Connection, durable: bool) -> None:
    _use_write_ahead_log(connection)
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if durable else 'OFF'}")
    connection.execute("PRAGMA foreign_keys = ON")
    # Without it INSERT OR REPLACE would get round the triggers that keep the ledger.
    connection.execute("PRAGMA recursive_triggers = ON")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    attempts = _WAL_ATTEMPTS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            attempts -= 1
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempts == 0:
                raise
        # The busy timeout does not hold for that statement, but for a transaction it does.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")


def _check_version(connection: sqlite3.Connection, name: str) -> None:
    """Check that the schema is the newest. Raises StoreUnusable."""
    version = _version(connection, name)
    if version == 0:
        raise StoreUnusable(name, "it holds no store so far")
    if version < SCHEMA_VERSION:
        raise StoreUnusable(
            name,
            f"its schema is version {version}, and this program reads {SCHEMA_VERSION}: open it, "
            "or a copy, to change something; that brings it up to date",
        )


def _version(connection: sqlite3.Connection, name: str) -> int:
    """Return the schema's version, 0 if there is none. Raises StoreUnusable for a newer one."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise StoreUnusable(
            name,
            f"its schema is version {version}, and this program knows {SCHEMA_VERSION}: "
            f"use a newer one",
        )
    return version


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
