"""From exceptions to what the user reads and the exit code that the shell gets."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from ...actors.transcript import escaped
from ...runtime.errors import JournalError
from ...runtime.order import UnknownSchedule
from ...scenarios.catalogue import CatalogueError
from ...scenarios.files.diagnostics import InvalidScenario
from ..runs.errors import RunError


class CliError(click.ClickException):
    """A message without a traceback, and the exit code that goes with it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(safe_lines(message))
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on stderr."""
        click.echo(f"Error: {self.message}", file=file, err=file is None)


def safe_lines(text: str) -> str:
    """Make a text that may quote agents or files printable, all but its line ends."""
    return "\n".join([escaped(line) for line in text.split("\n")])


@contextmanager
def reported() -> Iterator[None]:
    """Turn the errors that a user can mend into messages."""
    try:
        yield
    except InvalidScenario as error:
        count = len(error.faults)
        what = "1 problem" if count == 1 else f"{count} problems"
        raise CliError(f"{what} found; nothing was run.\n{error}", 2) from None
    except (CatalogueError, UnknownSchedule) as error:
        raise CliError(str(error), 2) from None
    except RunError as error:
        raise CliError(str(error), error.exit_code) from None
    except JournalError as error:
        raise CliError(str(error), 1) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        raise CliError(f"cannot read or write{where}: {error.strerror or error}", 1) from None
    except sqlite3.Error as error:
        raise CliError(f"the catalogue of runs can't be used: {error}", 1) from None
