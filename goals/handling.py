"""Carrying out commands: one message in, one message out, in one transaction.

A command with an idempotency key is answered once: its answer is kept in the transaction of the
change, and given again when the command comes again. Refusals are kept as well, except those that
the next try may get round: a failed checker, and a version that has moved on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from sqlite3 import Connection

from .commands import Answer, Command, Refused
from .errors import CheckerUnavailable, GoalError, VersionConflict
from .goal_store import GoalStore
from .operation import NOTED, Operation
from .store import idempotency_rows
from .ways import ANSWERS, WAYS, Way

_MICROSECOND = timedelta(microseconds=1)
_UNKEPT = (CheckerUnavailable, VersionConflict)


def handle(store: GoalStore, command: Command) -> Answer:
    """Carry a command out. A refusal is an answer; only `Unvetted` and defects are raised."""
    try:
        way = WAYS[type(command)]
        if not way.changes:
            return store.look(way.span, command.caller, lambda op: way.work(op, command))
        if command.caller.key is None:
            return store.perform(way.span, command.caller, lambda op: way.work(op, command))
        return store.perform(way.span, command.caller, lambda op: _once(op, way, command, store))
    except GoalError as refusal:
        return _refused(refusal)


def _once(op: Operation, way: Way, command: Command, store: GoalStore) -> Answer:
    key = command.caller.key
    assert key is not None
    kept = idempotency_rows.find_answer(op.tx, key, op.now_us)
    if kept is not None:
        name, text = kept
        return ANSWERS[name].model_validate_json(text).model_copy(update={"replayed": True})
    try:
        with _savepoint(op.tx):
            answer = way.work(op, command)
    except _UNKEPT:
        raise
    except GoalError as refusal:
        answer = _refused(refusal)
    kept_us = store.keep_answers // _MICROSECOND
    idempotency_rows.keep_answer(
        op.tx, key, answer.message_name, answer.model_dump_json(), op.now_us + kept_us
    )
    return answer


@contextmanager
def _savepoint(tx: Connection) -> Iterator[None]:
    """Undoes what was done within if anything but a noted refusal is raised."""
    tx.execute("SAVEPOINT command")
    try:
        yield
    except NOTED:
        tx.execute("RELEASE command")
        raise
    except BaseException:
        tx.execute("ROLLBACK TO command")
        tx.execute("RELEASE command")
        raise
    tx.execute("RELEASE command")


def _refused(refusal: GoalError) -> Refused:
    return Refused(code=refusal.code, detail=refusal.detail, facts=refusal.facts)
