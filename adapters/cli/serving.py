"""Options, access checks and the log of commands that serve."""

import logging
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..runs.errors import MissingExtra
from . import EXIT_BAD_INPUT
from .errors import CliError

if TYPE_CHECKING:
    from ..goals.server import ServeAt

TOKEN_VARIABLE = "GDG_TOKEN"
_LIBRARIES = ("fastapi", "hypercorn", "prometheus_client")
_HIGHEST_PORT = 65_535

serve_option = click.option(
    "--serve", metavar="[HOST:]PORT",
    help="Serve the goals of the episode over HTTP while it runs, by default at 127.0.0.1; port 0 "
    "takes a free one. GDG_TOKEN holds the token that clients have to send.",
)  # fmt: skip


def check_access(host: str, token_file: Path | None, what: str) -> str | None:
    """Return the token that clients must send; None: whoever reaches the host may do all.

    Raises CliError for an open address or a bad token, MissingExtra where `what` can't serve.
    """
    token = _token(token_file)
    from ..llm.endpoint import is_loopback  # only where something is served

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
        raise CliError(
            f"--serve {text}: expected a port such as 8000, or HOST:PORT", EXIT_BAD_INPUT
        )
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
    from ..goals.client import is_token  # only where something is served

    token = given.strip()
    if not is_token(token):
        where = TOKEN_VARIABLE if file is None else str(file)
        raise CliError(
            f"{where} holds no token: expected one line of ASCII characters without blanks, such "
            f"as `openssl rand -hex 32` prints",
            EXIT_BAD_INPUT,
        )
    return token
