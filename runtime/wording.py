"""Word values and invalid data shortly, for messages that people and language models read."""

from typing import Any, NamedTuple

from pydantic import ValidationError


def shortened(text: str, most: int, mark: str = "…") -> str:
    """Cut a text to at most `most` characters, of which the last are the mark if it was longer."""
    return text if len(text) <= most else text[: most - len(mark)] + mark


def cut(text: str, most: int) -> str:
    """Cut a text to `most` characters, and say after them how many more it had."""
    more = len(text) - most
    return text if more <= 0 else f"{text[:most]}… [{more} more characters]"


def printable(text: str) -> str:
    """Escape control characters and whatever else a terminal could act on."""
    return text if text.isprintable() else ascii(text)[1:-1]


def one_line(text: str) -> str:
    """Put a text on one line, printable."""
    return printable(" ".join(text.split()))


class Problem(NamedTuple):
    """One thing that pydantic found wrong with data."""

    where: tuple[str | int, ...]
    """The keys and indices that lead to the value; empty for the data as a whole."""
    message: str
    given: Any
    """The value that was refused. It may be anything, secrets among it."""

    @property
    def path(self) -> str:
        """Join the keys by dots."""
        return ".".join(str(part) for part in self.where)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def problems(error: ValidationError) -> list[Problem]:
    """List everything that is wrong, in pydantic's order."""
    return [
        Problem(found["loc"], found["msg"], found["input"])
        for found in error.errors(include_url=False, include_context=False)
    ]


def first_problem(error: ValidationError) -> Problem:
    """Give the first thing that is wrong."""
    return problems(error)[0]
