"""A process that writes to a store: `writer.py FILE GOALS TIMES` raises the version of goals
number 0 to GOALS - 1, one after the other, TIMES times in all, and prints how often it lost."""

import sys
from dataclasses import replace
from pathlib import Path

from gdg_runtime.goals.errors import VersionConflict
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.goal_rows import find_goal, update_goal


def write(database: Database, goals: int, times: int, start: int = 0) -> int:
    """Both ways of changing a goal, in turn: read and written in one transaction, and read first,
    then written if nobody else was faster."""
    lost = 0
    for turn in range(times):
        name = f"goal_{(start + turn) % goals:03}"
        if turn % 2:
            with database.transaction() as tx:
                before = find_goal(tx, name)
                assert before is not None
                update_goal(tx, before, replace(before, version=before.version + 1))
            continue
        with database.reading() as tx:
            before = find_goal(tx, name)
            assert before is not None
        try:
            with database.transaction() as tx:
                update_goal(tx, before, replace(before, version=before.version + 1))
        except VersionConflict:
            lost += 1
    return lost


if __name__ == "__main__":
    opened = Database.open(Path(sys.argv[1]))
    print(write(opened, int(sys.argv[2]), int(sys.argv[3]), start=int(sys.argv[4])))
    opened.close()
