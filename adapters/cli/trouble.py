"""From exceptions to what the user reads and the exit code that the shell gets."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ...runtime.errors import JournalError
from ...runtime.order import UnknownSchedule
from ...scenarios.catalogue import CatalogueError
from ...scenarios.faults import InvalidScenario
from ..failures import RunTrouble


class Told(click.ClickException):
    """A message without a traceback, and the exit code that goes with it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance


@contextmanager
def told() -> Iterator[None]:
    """Turn the errors that a user can mend into messages."""
    try:
        yield
    except InvalidScenario as error:
        count = len(error.faults)
        what = "1 problem" if count == 1 else f"{count} problems"
        raise Told(f"{what} found; nothing was run.\n{error}", 2) from None
    except (CatalogueError, UnknownSchedule) as error:
        raise Told(str(error), 2) from None
    except RunTrouble as error:
        raise Told(str(error), error.exit_code) from None
    except JournalError as error:
        raise Told(str(error), 1) from None
