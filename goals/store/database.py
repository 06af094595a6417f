"""The connection to a store's SQLite file, its transactions, and the migrations at its opening."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Self

from ..errors import StoreUnusable
from .migrations import APPLICATION_ID, SCHEMA_VERSION, migrate

IN_MEMORY = ":memory:"
BUSY_SECONDS = 30
"""How long a statement waits for another connection's transaction."""
_OLDEST_SQLITE = (3, 37, 0)
"""The first one with STRICT tables."""
_WAL_ATTEMPTS = 100
_STATEMENTS = 256


class Database:
    """One connection for many threads: a lock lets one of them work at a time."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self.connection = connection
        self._name = name
        self._lock = RLock()

    @classmethod
    def open(cls, path: Path | str, *, durable: bool = True) -> Self:
        """Open a store, making or migrating it if need be; several processes may do so at once.

        `:memory:` is a store that ends with its connection. Each commit survives the end of the
        process; `durable` ones are in order on the disk too, so that the file stays whole when
        the machine loses its power. Raises StoreUnusable.
        """
        name = str(path)
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise StoreUnusable(name, f"SQLite 3.37 is needed, this is {sqlite3.sqlite_version}")
        try:
            connection = sqlite3.connect(
                name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False,
                cached_statements=_STATEMENTS,
            )  # fmt: skip
        except sqlite3.Error as error:
            raise StoreUnusable(name, f"it can't be opened ({error})") from None
        try:
            _check_identity(connection, name)
            _configure(connection, durable)
            _migrate(connection, name)
        except sqlite3.Error as error:
            connection.close()
            raise StoreUnusable(name, _explain(error)) from None
        except BaseException:
            connection.close()
            raise
        connection.row_factory = sqlite3.Row
        return cls(connection, name)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done within is committed together, or nothing of it if anything is raised.

        Raises StoreUnusable if other processes never let it begin.
        """
        with self._begun("BEGIN IMMEDIATE") as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """All that is read within is of one moment. Nothing can be written."""
        with self._lock:
            self._refuse_nesting()
            self.connection.execute("PRAGMA query_only = ON")
            try:
                with self._begun("BEGIN") as tx:
                    yield tx
            finally:
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
    if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return f"other processes have kept it busy for {BUSY_SECONDS} s; try again"
    return f"it is not the database of a store ({error})"


def _check_identity(connection: sqlite3.Connection, name: str) -> None:
    """Raises StoreUnusable unless the file is empty or a store's."""
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


def _migrate(connection: sqlite3.Connection, name: str) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise StoreUnusable(
            name,
            f"its schema is version {version}, and this program knows {SCHEMA_VERSION}: "
            f"use a newer one",
        )
    if version < SCHEMA_VERSION:
        migrate(connection)
