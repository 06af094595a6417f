"""`gdg-runtime serve` and the option `--serve`: who may send commands, and the log of requests.

What serves is imported where something is served: FastAPI takes its time.
"""

import logging
import os
import signal
import sqlite3
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import trio

from ..runs.errors import MissingExtra
from ..runs.process import innermost
from . import EXIT_BAD_INPUT, EXIT_FAILED, EXIT_STOPPED
from .errors import CliError, reported

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from ..goals.judge import JudgeModel
    from ..goals.server import ServeAt

TOKEN_VARIABLE = "GDG_TOKEN"
_LIBRARIES = ("fastapi", "hypercorn", "prometheus_client")
_HIGHEST_PORT = 65_535

serve_option = click.option(
    "--serve", metavar="[HOST:]PORT",
    help="Serve the goals of the episode over HTTP while it runs, by default at 127.0.0.1; port 0 "
    "takes a free one. GDG_TOKEN holds the token that clients have to send.",
)  # fmt: skip


@click.command("serve")
@click.option(
    "--db", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", default="goals.db",
    envvar="GDG_GOALS_DB", show_default=True,
    help="The database file with the goals; made if it is not there. [env: GDG_GOALS_DB]",
)  # fmt: skip
@click.option(
    "--host", default="127.0.0.1", show_default=True,
    help="Address to listen at. Any but a loopback address needs a token.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8000, show_default=True,
    help="Port to listen at; 0 takes a free one.",
)  # fmt: skip
@click.option(
    "--token-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="File with the token that clients have to send; by default the environment variable "
    "GDG_TOKEN holds it.",
)  # fmt: skip
@click.option(
    "--judge", metavar="MODEL",
    help="A language model that compares goals with beliefs besides the rules, as litellm names "
    "it, or as the server at --judge-api-base does; the stricter of both counts.",
)  # fmt: skip
@click.option(
    "--judge-api-base", metavar="URL",
    help="An OpenAI-compatible server for --judge, such as http://127.0.0.1:11434/v1.",
)  # fmt: skip
@click.option(
    "--verbose", "-v", is_flag=True,
    help="Log each request on stderr (JSON lines where that is no terminal), not only trouble.",
)  # fmt: skip
def serve_goals(
    db: Path, host: str, port: int, token_file: Path | None, judge: str | None,
    judge_api_base: str | None, verbose: bool,
) -> int:  # fmt: skip
    """Serve the goals of a database file over HTTP.

    Ctrl-C (or SIGTERM) stops the server once the requests in flight are answered; a second one
    stops it at once. The flags GOAL_SYSTEM, GOAL_SHADOW and GOAL_CANARY_PERCENT are read from the
    environment. docs/goals-api.md describes the endpoints; /openapi.json has them for programs.
    """
    with reported():
        token = check_access(host, token_file, "gdg-runtime serve")
        model = None
        if judge is not None:
            from ..goals.judge import JudgeModel, judge_config

            model = JudgeModel(judge_config(judge, judge_api_base))
        return _serve(db, host, port, token, model, verbose)


def _serve(
    db: Path, host: str, port: int, token: str | None, judge: "JudgeModel | None", verbose: bool
) -> int:
    from ...goals.checkers.checker import DeferredChecker
    from ...goals.errors import GoalError
    from ...goals.policy import GoalFlags
    from ..goals.app import create_app
    from ..goals.file import open_goals
    from ..goals.middleware import ApiSettings
    from ..goals.ports import DatabasePort
    from ..goals.server import allow_many_connections

    allow_many_connections()
    checker, deferred = (None, None) if judge is None else (judge.checker(), DeferredChecker())
    try:
        store = open_goals(db, flags=GoalFlags.from_environment(os.environ), checker=deferred)
    except GoalError as error:
        raise CliError(error.detail, EXIT_BAD_INPUT) from None
    except sqlite3.Error as error:
        raise CliError(f"the goals in {db} can't be used: {error}", EXIT_FAILED) from None
    try:
        app = create_app(
            DatabasePort(store, checker=checker, deferred=deferred),
            ApiSettings(token=token, log=stderr_log(verbose=verbose)),
        )
        stopped_by = trio.run(partial(_until_stopped, app, host, port, db, token, judge))
    except (OSError, BaseExceptionGroup) as error:
        refused = innermost(error)
        if not isinstance(refused, OSError):
            raise
        why = refused.strerror or refused
        raise CliError(f"cannot listen at {host}:{port}: {why}", EXIT_FAILED) from None
    finally:
        store.close()
    return EXIT_STOPPED if stopped_by == signal.SIGINT else 0


async def _until_stopped(
    app: "ASGIApp", host: str, port: int, db: Path, token: str | None, judge: "JudgeModel | None"
) -> int:
    """Serve until a signal comes; return its number."""
    from ..goals.server import serve

    stop, came = trio.Event(), []

    async def obey(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for number in signals:
                came.append(number)
                if stop.is_set():
                    listening.cancel_scope.cancel()
                    return
                stop.set()
                click.echo("Finishing the requests in flight; once more to stop at once.", err=True)

    async with trio.open_nursery() as listening:
        await listening.start(obey)
        async with trio.open_nursery() as serving:
            (url,) = await serving.start(partial(serve, app, host, port, stop))
            open_to_all = "" if token else "; no token is asked for"
            click.echo(f"Serving the goals in {db} at {url}{open_to_all}. Ctrl-C stops it.")
            sys.stdout.flush()
        if judge is not None:
            await judge.aclose()
        listening.cancel_scope.cancel()
    return came[0]


def check_access(host: str, token_file: Path | None, what: str) -> str | None:
    """Return the token that clients must send; None: whoever reaches the host may do all.

    Raises CliError for an open address or a bad token, MissingExtra where `what` can't serve.
    """
    token = _token(token_file)
    from ..llm.endpoint import is_loopback

    if token is None and not is_loopback(host):
        raise CliError(
            f"whoever reaches {host} could change the goals: set a token in the environment "
            f"variable {TOKEN_VARIABLE} or with --token-file, or listen at 127.0.0.1",
            EXIT_BAD_INPUT,
        )
    for library in _LIBRARIES:
        if find_spec(library) is None:
            raise MissingExtra(what, library, "server")
    return token


def serve_at(text: str | None) -> "ServeAt | None":
    """Return where `--serve` says to serve. Raises CliError, MissingExtra."""
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdecimal() or int(port) > _HIGHEST_PORT:
        why = f"--serve {text}: expected a port such as 8000, or HOST:PORT"
        raise CliError(why, EXIT_BAD_INPUT)
    token = check_access(host, None, "--serve")
    from ..goals.server import ServeAt

    return ServeAt(host, int(port), token, stderr_log(verbose=False))


def stderr_log(*, verbose: bool) -> Any:
    """Make a logger on stderr that writes warnings only, or with `verbose` every record.

    On a terminal it writes readable lines, elsewhere JSON lines.
    """
    import structlog

    people = sys.stderr.isatty()
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.INFO if verbose else logging.WARNING
        ),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if people else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(),
        ],
    )


def _token(file: Path | None) -> str | None:
    """Return the token that clients have to send. Raises CliError for one that can't be sent."""
    given = os.environ.get(TOKEN_VARIABLE) if file is None else file.read_text("utf-8", "replace")
    if given is None:
        return None
    from ..goals.client import is_token

    token = given.strip()
    if not is_token(token):
        where = TOKEN_VARIABLE if file is None else str(file)
        raise CliError(
            f"{where} holds no token: expected one line of ASCII characters without blanks, such "
            f"as `openssl rand -hex 32` prints",
            EXIT_BAD_INPUT,
        )
    return token
