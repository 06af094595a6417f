"""Kills writers: `killed_writer.py FOLDER` makes a store and has a goal adopted in it by a process
that is killed before its first statement; another store, before the second; and so on until one
gets through. Prints the names of the files.

A process of its own, since it forks, which one with threads may not.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from specimens import make_event, make_goal

from gdg_runtime.goals.model import GoalState
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.goal_rows import find_goal, insert_goal, update_goal
from gdg_runtime.goals.store.ledger_rows import append


def adopt(database: Database) -> None:
    with database.transaction() as tx:
        before = find_goal(tx, "goal_000")
        assert before is not None
        update_goal(tx, before, before.changed(version=2, state=GoalState.ADOPTED))
        append(tx, **make_event(goal_id="goal_000", version=2, state_to=GoalState.ADOPTED))


def adopt_until(path: Path, statement: int) -> None:
    """Adopt, and kill this process before the n-th statement."""
    database = Database.open(path)
    left = [statement]

    def trace(_: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    database.connection.set_trace_callback(trace)
    adopt(database)
    os._exit(0)


def main(folder: Path) -> None:
    for statement in count(1):
        path = folder / f"goals_{statement}.db"
        database = Database.open(path)
        with database.transaction() as tx:
            insert_goal(tx, make_goal(0))
        database.close()
        print(path.name, flush=True)
        child = os.fork()
        if child == 0:
            adopt_until(path, statement)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
