"""The catalogue of runs: one SQLite file beside them, which opens in Datasette as it is."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .directory import META, RunDirectory
from .errors import RunAmbiguous, RunNotFound, RunUnreadable, listed
from .reader import RunReader

_FILE = "catalogue.db"
_BUSY_MS = 10_000


class RunCatalogue:
    """Rows about the runs of one folder, copied from the run directories.

    A file that is missing or damaged is made anew from the directories.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, run: RunDirectory) -> "RunCatalogue":
        """Return the catalogue that a run belongs to."""
        return cls(run.path.resolve().parent.parent.parent)

    @property
    def file(self) -> Path:
        """The path of the database."""
        return self.root / _FILE

    def put(
        self, run: RunDirectory, facts: Mapping[str, Any], overall: Mapping[str, Any]
    ) -> str | None:
        """Insert or replace a run's row; return a notice for the user if that failed.

        A run that was moved out of its folder of runs has no row.
        """
        place = run.path.resolve()
        if (place.parent.parent.name, place.parent.name) != (facts["scenario"], facts["label"]):
            return None
        try:
            self._mend(but=place)
            with self._open() as database:
                _insert(database, place, facts, overall)
        except (sqlite3.Error, OSError) as error:
            return f"The run is not listed in {self.file}: {error}. The run itself goes on."
        return None

    def list(
        self, *, scenario: str | None = None, status: str | None = None, label: str | None = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Return the rows of the runs, the newest first. One whose process died is `interrupted`.

        Raises sqlite3.Error, OSError.
        """
        if not self.root.is_dir():
            return []
        self._mend()
        if not self.file.is_file():
            return []
        wanted = {"scenario": scenario, "label": label}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = " and ".join([f"{column} = :{column}" for column in given]) or "1"
        with self._open() as database:
            if "runs" not in database.table_names():
                return []
            newest_first = "created_at desc, path"
            rows = list(database["runs"].rows_where(where, given, order_by=newest_first))
        found: list[dict[str, Any]] = []
        for row in rows:
            run = RunDirectory(Path(row["path"]))
            if not run.path.is_dir():
                continue
            row["status"] = run.status_now(row["status"])
            if status is None or row["status"] == status:
                found.append(row)
            if len(found) == limit:
                break
        return found

    def _mend(self, but: Path | None = None) -> None:
        """Make the file anew from the run directories, if it is missing or no database.

        Leave out one run, which has its row written next.
        """
        try:
            if self.file.is_file():
                with self._open() as database:
                    database.table_names()
                return
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self.file.replace(self.file.with_name(f"damaged-{_FILE}"))
        runs = [path.parent.resolve() for path in sorted(self.root.glob(f"*/*/*/{META}"))]
        if not {*runs} - {but}:
            return
        with self._open() as database:
            for place in runs:
                run = RunReader(place)
                if place == but or "scenario" not in run.meta:
                    continue
                overall: Mapping[str, Any] = {}
                with suppress(OSError, RunUnreadable):  # a run with damaged metrics is listed too
                    overall = run.overall or {}
                _insert(database, place, run.meta, overall)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        import sqlite_utils  # slow to import, and only needed once a run begins or ends

        database = sqlite_utils.Database(self.file)
        try:
            database.conn.execute(f"pragma busy_timeout = {_BUSY_MS}")
            yield database
        finally:
            database.conn.close()


def _insert(
    database: Any, path: Path, facts: Mapping[str, Any], overall: Mapping[str, Any]
) -> None:
    row = {column: facts.get(column) for column in _COLUMNS} | {"path": str(path)}
    metrics = [
        {"path": str(path), "metric": name, "value": metric["value"], "n": metric["n"]}
        for name, metric in overall.items()
    ]
    tables: Any = (("runs", _COLUMNS, "path", [row]),
                   ("metrics", _METRIC_COLUMNS, ("path", "metric"), metrics))  # fmt: skip
    for name, columns, key, rows in tables:
        if rows:
            # Two processes that begin at once must not both create the tables.
            database.conn.execute("begin immediate")
            with database.conn:
                table = database[name].create(columns, pk=key, if_not_exists=True)
                table.upsert_all(rows, pk=key)


_COLUMNS = {
    "path": str, "run_id": str, "scenario": str, "label": str, "status": str, "seed": int,
    "created_at": str, "updated_at": str, "config_hash": str, "epochs": int, "agent_steps": int,
    "cpu_s": float,
}  # fmt: skip
_METRIC_COLUMNS = {"path": str, "metric": str, "value": float, "n": int}


def find_run(text: str, out: Path) -> RunDirectory:
    """Find the run that a user means: a path, `latest`, or the name or end of the path of a
    directory in the runs' folder `out`.

    Raises RunNotFound, RunAmbiguous, sqlite3.Error, OSError.
    """
    path = Path(text)
    if path.exists():
        return RunDirectory.find(path)
    rows = RunCatalogue(out).list(limit=1 if text == "latest" else None)
    wanted = [
        Path(row["path"]) for row in rows
        if text == "latest" or f"/{row['path']}".endswith(f"/{text.strip('/')}")
    ]  # fmt: skip
    if len(wanted) > 1:
        raise RunAmbiguous(
            f"{text} is the name of {len(wanted)} runs; give more of the path:{listed(wanted)}"
        )
    if not wanted:
        close = get_close_matches(text, ["latest"]) if rows else []
        raise RunNotFound(text, *close)
    return RunDirectory.find(wanted[0])
