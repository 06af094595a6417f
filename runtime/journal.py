"""The journal: the facts of a run that a re-execution can't compute.

A header (schema version, resolved config and its hash, code revision, seed, order), then in order
of arrival the outcomes of effects and the messages from outside. From the journal alone the run
can be executed again; the same program then makes every other file anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Self

from .canonical import canonical_json
from .effects import Done, EffectRequest, Outcome, Slot
from .envelope import Arrival
from .errors import JournalVersion, ReplayDivergence
from .hash_chain import Recovered, SealedWriter, read_sealed
from .text_store import Texts, put_back

SCHEMA_VERSION = 2
"""2: long texts of requests are stored once."""
_READABLE = (1, 2)


class Journal(SealedWriter):
    """The journal of a run in progress. An outcome may be delivered once it is synced."""

    def __init__(self, path: Path, recovered: Recovered | None = None) -> None:
        super().__init__(path, recovered)
        self._texts = Texts()

    @classmethod
    def create(cls, path: Path, header: Mapping[str, Any]) -> Journal:
        """Begin a new journal; the header is on the disk when this returns."""
        journal = cls(path)
        journal.append({"t": "header", "schema_version": SCHEMA_VERSION, **header})
        journal.sync()
        return journal

    @classmethod
    def reopen(cls, path: Path, recorded: Recorded) -> Journal:
        """Continue a journal behind its last whole line."""
        return cls(path, recorded.recovered)

    def outcome(self, done: Done) -> None:
        """Record how an effect ended."""
        request = done.slot.request
        asked, new = self._texts.take_out(request.plain)
        for key, text in new.items():
            self.append({"t": "text", "digest": key, "text": text})
        record: dict[str, Any] = {
            "t": "outcome",
            "actor": request.actor,
            "number": request.number,
            "request": request.digest,
            "asked": asked,
            **done.outcome._asdict(),
        }
        if done.late:
            record["late"] = True
        if done.given:
            record["given"] = True
        self.append(record)

    def released(self, slot: Slot) -> None:
        """Record that an outcome that was recorded before is not needed any more."""
        request = slot.request
        self.append({"t": "released", "actor": request.actor, "number": request.number})

    def spent(self, actor: str, number: int, facts: Any) -> None:
        """Record the cost of a request that has no outcome to show it.

        It was withheld in the end, or given up. Nothing that a run does depends on it.
        """
        self.append({"t": "spent", "actor": actor, "number": number, "facts": facts})

    def placed(self, slot: Slot, time: int) -> None:
        """Record the place that an outcome got (order of arrival only)."""
        request = slot.request
        self.append({"t": "place", "actor": request.actor, "number": request.number, "at": time})

    def admitted(self, arrival: Arrival, place: tuple[int, int]) -> None:
        """Record a message from outside with its place in the order."""
        at, number = place
        self.append({"t": "input", **arrival._asdict(), "at": at, "number": number})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Recorded:
    """A journal read back: what was recorded, by the request that it belongs to."""

    def __init__(self, recovered: Recovered) -> None:
        self.recovered = recovered
        self.header: dict[str, Any] | None = None
        self.inputs: list[tuple[int, int, Arrival]] = []
        """The messages from outside: (number, logical time, message)."""
        self.spent: list[dict[str, Any]] = []
        """The costs of requests whose outcomes do not show them: `actor`, `number`, `facts`."""
        self.places: dict[tuple[str, int], int] = {}
        self.given_up: set[tuple[str, int]] = set()
        """Requests whose outcomes were not delivered, since they were not needed any more."""
        self._outcomes: dict[tuple[str, int], dict[str, Any]] = {}
        self._texts: dict[str, str] = {}
        for record in recovered.records:
            self._take(record)

    @classmethod
    def read(cls, path: Path) -> Recorded:
        """Read a journal. Raises JournalDamaged, JournalVersion, OSError."""
        return cls(read_sealed(path))

    def _take(self, record: dict[str, Any]) -> None:
        kind = record["t"]
        if kind == "header":
            if record["schema_version"] not in _READABLE:
                raise JournalVersion(record["schema_version"], SCHEMA_VERSION)
            self.header = record
        elif kind == "text":
            self._texts[record["digest"]] = record["text"]
        elif kind == "outcome":
            key = record["actor"], record["number"]
            self._outcomes[key] = record
            if record.get("late"):
                self.given_up.add(key)
        elif kind == "released":
            self.given_up.add((record["actor"], record["number"]))
        elif kind == "place":
            self.places[record["actor"], record["number"]] = record["at"]
        elif kind == "spent":
            self.spent.append(record)
        elif kind == "input":
            arrival = Arrival(record["to"], record["message"], record["body"])
            self.inputs.append((record["number"], record["at"], arrival))

    def __len__(self) -> int:
        """Return the number of recorded outcomes that were not given up."""
        return len(self._outcomes) - len(self.given_up)

    @property
    def horizon(self) -> int:
        """The last logical time at which something arrived from outside."""
        times = [at for _, at, _ in self.inputs] + list(self.places.values())
        return max(times, default=0)

    def outcome_of(self, request: EffectRequest) -> Outcome | None:
        """Return the outcome of this very request, given up or not. Raises ReplayDivergence."""
        record = self._outcomes.get((request.actor, request.number))
        if record is None:
            return None
        if record["request"] != request.digest:
            recorded = self.asked(request.actor, request.number)
            raise ReplayDivergence(request.actor, request.number, recorded, request.canonical)
        value = deepcopy(record["value"])
        return Outcome(record["status"], value, record["kind"], record["text"])

    def requests(self) -> list[tuple[str, int]]:
        """Return the recorded requests, in order of (actor, number)."""
        return sorted(self._outcomes)

    def asked(self, actor: str, number: int) -> str:
        """Return the content of a recorded request, in canonical form."""
        asked = self._outcomes[actor, number]["asked"]
        # Version 1 kept the canonical text itself.
        return asked if isinstance(asked, str) else canonical_json(put_back(asked, self._texts))

    @property
    def arrival(self) -> bool:
        """True if the run took outcomes in the order of their arrival."""
        return self.header is not None and self.header.get("order") == "arrival"

    def cassette(self) -> list[str]:
        """Return the delivered outcomes in canonical form: by reserved place, not as they arrived.

        Of a run that is not completed, outcomes whose places were not reached stand here as well.
        """
        return [canonical_json(record) for record in self.delivered()]

    def outcomes(self) -> Iterator[dict[str, Any]]:
        """Yield all outcomes as recorded, given up or not, in order of (actor, number)."""
        for key in self.requests():
            yield self._outcomes[key]

    def delivered(self) -> Iterator[dict[str, Any]]:
        """Yield the delivered outcomes, their texts put back, in order of (actor, number)."""
        for actor, number in self.requests():
            if (actor, number) not in self.given_up:
                record = {**self._outcomes[actor, number], "asked": self.asked(actor, number)}
                record.pop("given", None)
                yield record
