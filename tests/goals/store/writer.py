"""A process that writes to a store, once it is told to: `writer.py FILE GOALS TIMES START` changes
goals, one after the other from number START modulo GOALS on, TIMES times in all, and prints how
often somebody else was faster."""

import sys
from pathlib import Path

from gdg_runtime.goals.errors import VersionConflict
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.goal_rows import find_goal, update_goal


def write(database: Database, goals: int, times: int, start: int) -> int:
    """Both ways of changing a goal, in turn: read and written in one transaction, and read first,
    then written if nobody else was faster."""
    lost = 0
    for turn in range(times):
        name = f"goal_{(start + turn) % goals:03}"
        if turn % 2:
            with database.transaction() as tx:
                before = find_goal(tx, name)
                assert before is not None
                update_goal(tx, before, before.changed(version=before.version + 1))
            continue
        with database.reading() as tx:
            before = find_goal(tx, name)
            assert before is not None
        try:
            with database.transaction() as tx:
                update_goal(tx, before, before.changed(version=before.version + 1))
        except VersionConflict:
            lost += 1
    return lost


if __name__ == "__main__":
    opened = Database.open(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    goals, times, start = map(int, sys.argv[2:])
    print(write(opened, goals, times, start))
    opened.close()
