"""The journal: the facts of a run that a re-execution can't compute.

A header (schema version, resolved config and its hash, code revision, seed, order), then in order
of arrival the outcomes of effects and the messages from outside. From the journal alone the run
can be executed again; the same program then makes every other file anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .canonical import canonical_json
from .errors import JournalVersion, ReplayDivergence
from .message import Message
from .sealed import Recovered, SealedWriter, read_sealed
from .slot import EffectRequest, Outcome, Recalled, Slot

SCHEMA_VERSION = 1


class Journal:
    """The journal of a run that is going on. Outcomes may be delivered once they are synced."""

    def __init__(self, writer: SealedWriter) -> None:
        self._writer = writer

    @classmethod
    def create(cls, path: Path, header: Mapping[str, Any]) -> Journal:
        """Begin a new journal; the header is on the disk when this returns."""
        journal = cls(SealedWriter(path))
        journal._writer.append({"t": "header", "schema_version": SCHEMA_VERSION, **header})
        journal._writer.sync()
        return journal

    @classmethod
    def reopen(cls, path: Path, recorded: Recorded) -> Journal:
        """Go on with a journal behind its last whole line."""
        return cls(SealedWriter(path, recorded.recovered))

    def outcome(self, slot: Slot, outcome: Outcome, *, late: bool = False) -> None:
        """Record how an effect ended; `late` marks one that nobody waits for any more."""
        request = slot.request
        record: dict[str, Any] = {
            "t": "outcome",
            "actor": request.actor,
            "number": request.number,
            "request": request.digest,
            "asked": request.canonical,
            **outcome._asdict(),
        }
        if late:
            record["late"] = True
        self._writer.append(record)

    def placed(self, slot: Slot, time: int) -> None:
        """Record the place that an outcome got (order of arrival only)."""
        request = slot.request
        self._writer.append(
            {"t": "place", "actor": request.actor, "number": request.number, "at": time}
        )

    def admitted(self, target: str, message: Message, place: tuple[int, int]) -> None:
        """Record a message from outside with its place in the order."""
        self._writer.append(
            {
                "t": "input",
                "to": target,
                "message": message.message_name,
                "body": message.model_dump(mode="json"),
                "at": place[0],
                "number": place[1],
            }
        )

    def sync(self) -> None:
        """Return when all records so far are durable."""
        self._writer.sync()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


class Input(NamedTuple):
    """A recorded message from outside."""

    to: str
    message: str
    body: dict[str, Any]
    at: int
    number: int


class Recorded:
    """A journal read back: what was recorded, by the request that it belongs to."""

    def __init__(self, recovered: Recovered) -> None:
        self.recovered = recovered
        self.header: dict[str, Any] | None = None
        self.inputs: list[Input] = []
        self.places: dict[tuple[str, int], int] = {}
        self._outcomes: dict[tuple[str, int], dict[str, Any]] = {}
        for record in recovered.records:
            self._take(record)

    @classmethod
    def read(cls, path: Path) -> Recorded:
        """Read a journal. Raises JournalDamaged, JournalVersion, OSError."""
        return cls(read_sealed(path))

    def _take(self, record: dict[str, Any]) -> None:
        kind = record["t"]
        if kind == "header":
            if record["schema_version"] != SCHEMA_VERSION:
                raise JournalVersion(record["schema_version"], SCHEMA_VERSION)
            self.header = record
        elif kind == "outcome":
            if not record.get("late"):
                self._outcomes[record["actor"], record["number"]] = record
        elif kind == "place":
            self.places[record["actor"], record["number"]] = record["at"]
        elif kind == "input":
            self.inputs.append(
                Input(
                    record["to"], record["message"], record["body"], record["at"], record["number"]
                )
            )

    def __len__(self) -> int:
        """How many outcomes are recorded."""
        return len(self._outcomes)

    @property
    def horizon(self) -> int:
        """The last logical time at which something arrived from outside."""
        times = [entry.at for entry in self.inputs] + list(self.places.values())
        return max(times, default=0)

    def recall(self, request: EffectRequest) -> Recalled | None:
        """What is recorded for this very request, None if nothing (or no place yet) is.

        Raises ReplayDivergence if another request stands in its place.
        """
        outcome = self.outcome_of(request)
        if outcome is None:
            return None
        if not self.arrival:
            return Recalled(outcome)
        at = self.places.get((request.actor, request.number))
        return None if at is None else Recalled(outcome, at)

    def outcome_of(self, request: EffectRequest) -> Outcome | None:
        """The recorded outcome of this very request. Raises ReplayDivergence."""
        record = self._outcomes.get((request.actor, request.number))
        if record is None:
            return None
        if record["request"] != request.digest:
            raise ReplayDivergence(
                request.actor, request.number, record["asked"], request.canonical
            )
        return Outcome(record["status"], record["value"], record["kind"], record["text"])

    @property
    def arrival(self) -> bool:
        """Whether the run took outcomes in the order of their arrival."""
        return self.header is not None and self.header.get("order") == "arrival"

    def cassette(self) -> list[str]:
        """The outcomes in canonical form: by reserved place, without the order of arrival."""
        return cassette(self._outcomes.values())


def cassette(outcomes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Canonical lines of recorded outcomes, ordered by (actor, number)."""
    ordered = sorted(outcomes, key=lambda record: (record["actor"], record["number"]))
    return [canonical_json(dict(record)) for record in ordered]
