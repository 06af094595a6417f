"""Answer a run's effects from a cassette, and describe what it lacks."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

from ...runtime.effects import EffectRequest, Outcome
from ..runs.directory import same_length
from .cassette import Cassette, CassetteMiss, Entry

Missing = Literal["error", "live", "noop"]
"""Handling of a request that the cassette does not hold: the run ends, it is asked for, or
it fails at once."""

NOT_ON_CASSETTE = "NotOnCassette"
"""The kind of failure of a request that `noop` lets fail."""

_MOST_COMPARED = 2_000
"""Entries among which the nearest is looked for."""
_MOST_NAMED = 10
"""Occurrences named in a message."""
_MOST_LINES = 12
_WIDTH = 100
"""Characters shown of a line."""
_AHEAD = 30
"""Characters shown before the first one that differs."""


class Line(NamedTuple):
    """A line of a request: where it stands and what it says."""

    place: str
    """A path such as `body.messages[].content`, without numbers: a new message moves no other."""
    text: str


class CassettePlayer:
    """The `answers` of one execution of a run (see `runtime.drivers.live.drive`).

    Its memory is bounded by the cassette, not by the run: what is not on the cassette is not
    counted.
    """

    def __init__(self, cassette: Cassette, missing: Missing = "error") -> None:
        self.cassette = cassette
        self.missing: Missing = missing
        self.misses = 0
        """Requests so far that the cassette does not hold."""
        self._held: dict[tuple[str, str], dict[int, Entry]] = {}
        for entry in cassette.entries:
            self._held.setdefault((entry.actor, entry.request), {})[entry.occurrence] = entry
        self._counted: Counter[tuple[str, str]] = Counter()
        self._reached: set[tuple[str, str, int]] = set()
        self._due: dict[tuple[str, int], tuple[int, Entry | None]] = {}
        """Occurrences and entries of requests that were seen and not answered yet."""

    def saw(self, request: EffectRequest) -> None:
        """Note a request, whoever answers it."""
        key = request.actor, request.digest
        held = self._held.get(key)
        if held is None:
            return
        self._counted[key] += 1
        occurrence = self._counted[key]
        entry = held.get(occurrence)
        if entry is not None:
            self._reached.add(entry.key)
        self._due[request.actor, request.number] = occurrence, entry

    def answer(self, request: EffectRequest) -> Outcome | None:
        """Return the recorded outcome. For what is not there: CassetteMiss, None, or a failure."""
        occurrence, entry = self._due.pop((request.actor, request.number), (None, None))
        if entry is not None:
            return entry.outcome
        self.misses += 1
        match self.missing:
            case "live":
                return None
            case "noop":
                text = f"the cassette {self.cassette.name} does not hold this request"
                return Outcome("failed", None, NOT_ON_CASSETTE, text)
        what = self._unknown(request) if occurrence is None else self._again(request, occurrence)
        raise CassetteMiss(
            f"the cassette {self.cassette.name} does not hold what {request.actor} asks of "
            f"{request.effect}: {what}\nRecord a new cassette, or let such requests be asked "
            f"(--missing live) or fail (--missing noop)"
        )

    @property
    def unused(self) -> list[Entry]:
        """Entries that were not asked for so far."""
        return [entry for entry in self.cassette.entries if entry.key not in self._reached]

    def summary(self) -> str | None:
        """Say in one line what was not as the cassette has it; None if there is nothing to say."""
        total, unused = len(self.cassette.entries), len(self.unused)
        said = []
        if unused:
            entries = "entry was" if total == 1 else "entries were"
            said.append(f"{unused:,} of {total:,} {entries} not used")
        if self.misses:
            how = {"error": "ended the run", "live": "asked live", "noop": "left to fail"}
            requests = "1 request" if self.misses == 1 else f"{self.misses:,} requests"
            said.append(f"{requests} not on it ({how[self.missing]})")
        return f"Cassette {self.cassette.name}: {'; '.join(said)}." if said else None

    def _again(self, request: EffectRequest, occurrence: int) -> str:
        """Describe a request that is on the cassette, but not so often."""
        held = sorted(self._held[request.actor, request.digest])
        others = ", ".join(str(number) for number in held[:_MOST_NAMED])
        more = f" and {len(held) - _MOST_NAMED} more" if len(held) > _MOST_NAMED else ""
        return (
            f"occurrence {occurrence} of the request {request.digest}; recorded are its "
            f"occurrences {others}{more}."
        )

    def _unknown(self, request: EffectRequest) -> str:
        """Describe a request that is not on the cassette, and how the nearest one differs."""
        what = f"the request {request.digest}, of which no occurrence is recorded."
        own = [entry for entry in self.cassette.entries if entry.actor == request.actor]
        candidates = own or self.cassette.entries
        if not candidates:
            return f"{what} The cassette is empty."
        asked = lines_of(request.plain)

        def recorded(entry: Entry) -> list[Line]:
            return lines_of(self.cassette.asked(entry))

        def fit(entry: Entry) -> tuple[float, bool]:
            return likeness(recorded(entry), asked), entry.key not in self._reached

        near = max(candidates[:_MOST_COMPARED], key=fit)
        whose = "this actor's" if own else f"this actor has none; of {near.actor}"
        shown = "".join(f"\n  {line}" for line in difference(recorded(near), asked))
        return (
            f"{what} The nearest recorded one ({whose}, occurrence {near.occurrence}) differs "
            f"(- recorded, + asked now):{shown}"
        )


def lines_of(value: Any, place: str = "") -> list[Line]:
    """Return plain JSON data as lines; texts are cut where their own lines end."""
    if isinstance(value, dict):
        begin = f"{place}." if place else ""
        return [line for name in sorted(value) for line in lines_of(value[name], begin + name)]
    if isinstance(value, list):
        return [line for child in value for line in lines_of(child, f"{place}[]")]
    texts = (value.splitlines() or [""]) if isinstance(value, str) else [json.dumps(value)]
    return [Line(place, text) for text in texts]


def likeness(one: Sequence[Line], other: Sequence[Line]) -> float:
    """Return the share of their words that two requests have in common, from 0 to 1."""
    words, others = _words(one), _words(other)
    return 2 * (words & others).total() / max(1, words.total() + others.total())


def _words(lines: Sequence[Line]) -> Counter[str]:
    return Counter(word for line in lines for word in line.text.split())


def difference(recorded: Sequence[Line], asked: Sequence[Line]) -> list[str]:
    """List what differs: `-` before a recorded line, `+` before one that is asked now."""
    said: list[str] = []
    matcher = SequenceMatcher(None, recorded, asked, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            for old, new in zip_longest(recorded[i1:i2], asked[j1:j2]):
                said += _pair(old, new)
    if len(said) <= _MOST_LINES:
        return said
    rest = len(said) - _MOST_LINES + 1
    return [*said[: _MOST_LINES - 1], f"… and {rest} more lines that differ"]


def _pair(old: Line | None, new: Line | None) -> Iterator[str]:
    same = 0 if old is None or new is None else same_length(old.text, new.text)
    for mark, line in (("-", old), ("+", new)):
        if line is not None:
            yield f"{mark} {line.place}: {_window(line.text, same)}"


def _window(text: str, first: int) -> str:
    """Cut out the part of a text around the first character that differs."""
    begin = max(0, first - _AHEAD) if len(text) > _WIDTH else 0
    end = begin + _WIDTH
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if end < len(text) else ''}"
