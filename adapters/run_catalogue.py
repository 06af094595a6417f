"""The catalogue of runs: one SQLite file beside them, which opens in Datasette as it is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .run_directory import RunDirectory

_FILE = "catalogue.db"


class RunCatalogue:
    """Rows about runs. What it holds is a copy: the run directories are the truth."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, run: RunDirectory) -> "RunCatalogue":
        """The catalogue that a run belongs to."""
        return cls(run.path.resolve().parent.parent.parent)

    def put(self, run: RunDirectory, facts: Mapping[str, Any], overall: Mapping[str, Any]) -> None:
        """Insert or replace a run's row."""
        row = {
            "path": str(run.path.resolve()),
            "run_id": facts["run_id"],
            "scenario": facts["scenario"],
            "label": facts["label"],
            "status": facts["status"],
            "seed": facts["seed"],
            "created_at": facts["created_at"],
            "updated_at": facts["updated_at"],
            "config_hash": facts["config_hash"],
            "epochs": facts.get("epochs"),
            "agent_steps": facts.get("agent_steps"),
            "cpu_s": facts.get("cpu_s"),
        }
        metrics = [
            {"path": row["path"], "metric": name, "value": figure["value"], "n": figure["n"]}
            for name, figure in overall.items()
        ]
        with self._open() as database, database.conn:
            database["runs"].upsert(row, pk="path", alter=True)
            if metrics:
                database["metrics"].upsert_all(metrics, pk=("path", "metric"), alter=True)

    def list(
        self, *, scenario: str | None = None, status: str | None = None, label: str | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """The newest runs first. A run whose process died shows as `interrupted`."""
        if not (self.root / _FILE).is_file():
            return []
        wanted = {"scenario": scenario, "label": label}
        clauses = [f"{column} = :{column}" for column, value in wanted.items() if value is not None]
        where = f"where {' and '.join(clauses)}" if clauses else ""
        with self._open() as database:
            rows = list(
                database.query(
                    f"select * from runs {where} order by created_at desc, path",
                    {name: value for name, value in wanted.items() if value is not None},
                )
            )
        found = []
        for row in rows:
            run = RunDirectory(Path(row["path"]))
            if not run.path.is_dir():
                continue
            if row["status"] == "running" and not run.is_locked:
                row["status"] = "interrupted"
            if status is None or row["status"] == status:
                found.append(row)
            if len(found) == limit:
                break
        return found

    @contextmanager
    def _open(self) -> Iterator[Any]:
        import sqlite_utils  # slow to import, and only needed once a run begins or ends

        database = sqlite_utils.Database(self.root / _FILE)
        try:
            database.conn.execute("pragma busy_timeout = 10000")
            yield database
        finally:
            database.conn.close()
