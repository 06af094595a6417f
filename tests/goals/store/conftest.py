"""Lets the tests of the store share `specimens`, and gives them a store in memory."""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gdg_runtime.goals.store.database import Database


@pytest.fixture
def database() -> Iterator[Database]:
    """An empty store in memory."""
    opened = Database.open(":memory:")
    yield opened
    opened.close()


@pytest.fixture
def tx(database: Database) -> Iterator[sqlite3.Connection]:
    """The connection of an open transaction in an empty store."""
    with database.transaction() as tx:
        yield tx
