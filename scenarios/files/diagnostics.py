"""Faults of a scenario file, in words that name the place and the remedy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ...runtime.wording import printable, shortened

_SHOWN = 50
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Place:
    """The place of something written: a line of a file, or an override on the command line."""

    file: str
    line: int | None = None
    """1-based; None for overrides and for what is missing from a file as a whole."""

    def at(self, line: int) -> "Place":
        """Return the place of a line, counted from 1, of the same text; one without lines stays."""
        return self if self.line is None else Place(self.file, line)

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `problem` says it in full, or it reads "expected …, got …"."""

    file: str
    """The file, or the override as it was typed (`--set a=b`)."""
    line: int | None
    path: str
    """The key as the user spelled it, such as `agents[1].type`; empty for the file itself."""
    problem: str | None = None
    expected: str | None = None
    got: str | None = None
    suggestion: str | None = None
    """The nearest valid name."""

    def __str__(self) -> str:
        parts = [str(Place(self.file, self.line))]
        if self.path:
            parts.append(self.path)
        text = self.problem or f"expected {self.expected}, got {self.got}"
        if self.suggestion is not None:
            text += f"; did you mean {self.suggestion}?"
        return ": ".join([*parts, text])


class InvalidScenario(Exception):
    """A scenario file or an override of it is wrong; `faults` has everything that is."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [str(fault) for fault in self.faults[:_SHOWN]]
        if len(self.faults) > _SHOWN:
            lines.append(f"… and {len(self.faults) - _SHOWN} more")
        super().__init__("\n".join(lines))


class Findings:
    """The faults found so far. The first one of a place and path is kept: it is the cause."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int | None, str], Fault] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(
        self,
        place: Place,
        path: str,
        problem: str | None = None,
        *,
        expected: str | None = None,
        got: str | None = None,
        suggestion: str | None = None,
    ) -> None:
        """Note a fault; `problem`, or `expected` and `got`, say what it is."""
        fault = Fault(place.file, place.line, path, problem, expected, got, suggestion)
        self._found.setdefault((fault.file, fault.line, fault.path), fault)

    def add_unknown(
        self, place: Place, path: str, problem: str, name: str, known: Sequence[str],
        others: str = "",
    ) -> None:  # fmt: skip
        """Note a name that is none of the known ones; list these, and suggest the nearest."""
        if (place.file, place.line, path) in self._found:
            return
        listed = f"{', '.join(known) or 'none'}{others}"
        self.add(place, path, f"{problem} (known: {listed})", suggestion=nearest(name, known))

    def error(self) -> InvalidScenario:
        """Make an error of all faults: those with a line in the order of lines, then the others."""
        return InvalidScenario(
            sorted(self._found.values(), key=lambda fault: (fault.line is None, fault.line or 0))
        )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that is most like the given one, if any is."""
    by_fold = {candidate.casefold().replace("-", "_"): candidate for candidate in known}
    close = get_close_matches(name[:_LONGEST].casefold().replace("-", "_"), by_fold, n=1)
    return by_fold[close[0]] if close else None


def nearest_first(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """Sort the known names: those most like the given one first, the others in their order."""
    close = get_close_matches(name[:_LONGEST], known, n=3)
    return (*close, *(candidate for candidate in known if candidate not in close))


def shown(text: str) -> str:
    """Make a text of the user's safe to print: short, and with control characters escaped."""
    return shortened(printable(text), _LONGEST)


def quoted(text: str) -> str:
    """Put `shown` in quotes."""
    return f"'{shown(text)}'"
