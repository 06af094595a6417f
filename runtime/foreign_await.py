"""Detects that an actor awaited something that its context does not offer.

The kernel's turns run where there is no event loop, so most primitives of trio, anyio and asyncio
raise by themselves, before any side effect; this module explains their error. A few yield instead
(`asyncio.sleep(0)`, a bare future); the yielded object shows what they are.

Why not simply throw an error into the handler at its foreign await, inside the driver's loop? There
the primitive has already registered the driver's task, to wake it later, and that would corrupt it.
Without a loop nothing can be registered, so the handler can be closed safely.
"""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .errors import KernelInEventLoop, NondeterministicAwait

if TYPE_CHECKING:
    from .cell import Cell

_NO_LOOP = "no running event loop"
_LIBRARIES = ("trio", "anyio", "asyncio", "sniffio")


def refuse_event_loop() -> None:
    """Raise KernelInEventLoop where this thread runs trio or asyncio, if they are loaded."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        raise KernelInEventLoop("asyncio")
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        raise KernelInEventLoop("trio")


def _library_of(traceback: TracebackType | None) -> str | None:
    """Return the first call into an async library on the way to the error, as text."""
    while traceback is not None:
        module: str = traceback.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] in _LIBRARIES:
            return f"{module.partition('.')[0]}'s {traceback.tb_frame.f_code.co_name}()"
        traceback = traceback.tb_next
    return None


def explain_foreign(error: Exception, actor: str, handler: str) -> Exception:
    """Return NondeterministicAwait for an error of an async library that lacks its loop."""
    called = _library_of(error.__traceback__)
    if called is None and isinstance(error, RuntimeError) and str(error) == _NO_LOOP:
        # asyncio looks for its loop in C, which leaves no frame to recognise it by.
        called = "asyncio's running loop"
    if called is None:
        return error
    explained = NondeterministicAwait(actor, handler, called)
    explained.__cause__ = error
    return explained


def foreign_await(
    cell: Cell, coroutine: Coroutine[Any, Any, Any], awaited: Any
) -> NondeterministicAwait:
    """Return the error for an awaited object that is not the context's; close the coroutine."""
    inner: Any = coroutine
    handler = getattr(coroutine, "__qualname__", "a handler")
    where = ""
    while inner is not None and hasattr(inner, "cr_frame"):
        frame = inner.cr_frame
        if frame is not None:
            where = f" at line {frame.f_lineno} of {inner.__qualname__}"
        inner = inner.cr_await
    cell.coroutine = None
    # The run ends here. Errors of the handler's `finally` blocks would only hide the reason.
    with suppress(Exception):
        coroutine.close()
    described = "a bare yield" if awaited is None else f"{type(awaited).__name__} {awaited!r}"
    return NondeterministicAwait(cell.path, handler, f"{described}{where}")
