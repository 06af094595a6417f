"""Carrying out commands: one message in, one message out, in one transaction.

A command with an idempotency key is answered once: its answer is kept in the transaction of the
change, and given again when the command comes again. Refusals are kept as well, except those that
the next try may get round: a failed checker, and a version that has moved on.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from sqlite3 import Connection

from .answers import ANSWERS, Answer, Refused
from .checkers.checker import DeferredChecker, Unvetted
from .commands import Command
from .errors import CheckerUnavailable, GoalError, VersionConflict
from .operation import NOTED, Operation
from .store import bookkeeping
from .store_api import GoalStore

_MICROSECOND = timedelta(microseconds=1)
_UNKEPT = (CheckerUnavailable, VersionConflict)


def handle(store: GoalStore, command: Command) -> Answer:
    """Carry a command out. A refusal is an answer; only `Unvetted` and defects are raised."""
    try:
        if not command.changes:
            return store.look(command.span, command.caller, command.carry_out)
        if command.caller.key is None:
            return store.perform(command.span, command.caller, command.carry_out)
        return store.perform(command.span, command.caller, lambda op: _once(op, command, store))
    except GoalError as refusal:
        return _refused(refusal)


async def handle_deferred(
    attempt: Callable[[], Awaitable[Answer]],
    learn: Callable[[Unvetted], Awaitable[None]],
    checker: DeferredChecker,
) -> Answer:
    """Carry a command out whose checker is asynchronous: `attempt` is made again after each
    question that `learn` has answered. The answers are forgotten in the end."""
    asked: list[Unvetted] = []
    try:
        while True:
            try:
                return await attempt()
            except Unvetted as question:
                asked.append(question)
                await learn(question)
    finally:
        checker.forget(asked)


def _once(op: Operation, command: Command, store: GoalStore) -> Answer:
    key = command.caller.key
    assert key is not None
    kept = bookkeeping.find_answer(op.tx, key, op.now_us)
    if kept is not None:
        name, text = kept
        return ANSWERS[name].model_validate_json(text).model_copy(update={"replayed": True})
    answer: Answer
    try:
        with _savepoint(op.tx):
            answer = command.carry_out(op)
    except _UNKEPT:
        raise
    except GoalError as refusal:
        answer = _refused(refusal)
    kept_us = store.keep_answers // _MICROSECOND
    bookkeeping.keep_answer(
        op.tx, key, answer.message_name, answer.model_dump_json(), op.now_us + kept_us
    )
    return answer


@contextmanager
def _savepoint(tx: Connection) -> Iterator[None]:
    """Undo what was done within if anything but a noted refusal is raised."""
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
