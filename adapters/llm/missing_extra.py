"""A part of the program that is installed on request."""

from ..runs.errors import RunError


class MissingExtra(RunError):
    """A library of one of the package's extras is not installed."""

    def __init__(self, what: str, library: str, extra: str = "llm") -> None:
        super().__init__(
            f"{what} needs {library}, which is not installed: "
            f"pip install 'gdg-runtime[{extra}]'"
        )  # fmt: skip
