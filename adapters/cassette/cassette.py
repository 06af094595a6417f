"""The cassette file: JSON lines, a header first, then long texts by digest, then entries in order.

An entry is (actor, digest of the canonical request, occurrence) and an outcome. The digest is the
one that the journal checks: of the effect's name and its arguments, so of a language model its
name, messages, sampling, schema and tools. The bytes follow from that content alone, never from
the order of arrival. The errors around cassettes stand at the top.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from ...runtime.canonical import canonical_json, digest
from ...runtime.effects import Outcome, Status
from ...runtime.errors import GdgError
from ...runtime.text_store import put_back
from ...runtime.wording import first_problem
from ..runs.directory import write_whole
from ..runs.errors import RunError, listed

_SHOWN = 5


class CassetteUnreadable(RunError):
    """The file is no cassette, is damaged, or is of another version."""

    def __init__(self, path: Path, why: str, line: int | None = None) -> None:
        self.line = line
        """Number of the damaged line, from 1; None where the whole file is damaged."""
        place = "" if line is None else f":{line}"
        super().__init__(f"{path}{place}: {why}")


class CassetteHoldsSecrets(RunError):
    """Something that looks like a secret would stand in the file."""

    def __init__(self, found: Sequence[str]) -> None:
        """List what was `found` and where, without the secrets themselves."""
        more = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        super().__init__(
            f"the cassette would hold what nobody else may see; nothing was written:"
            f"{listed(found[:_SHOWN])}{more}\nWith --redact it is written without them; a run that "
            f"plays it may then go another way from there on"
        )


class RunNotReplayed(RunError):
    """The run can't be executed again, and so its requests can't be counted."""

    exit_code = 1

    def __init__(
        self, path: Path, why: str, changes: Sequence[str], other_release: str | None = None
    ) -> None:
        since = f"\nSince it was recorded:{listed(changes)}" if changes else ""
        super().__init__(
            f"no cassette can be made of {path}: executed again, {why}{since}\n"
            f"Go back to the code that made the run, or record a new one",
            other_release,
        )


class CassetteMiss(GdgError):
    """The run asks for something that its cassette does not hold. Ends the run."""


FORMAT: Final = "gdg-runtime cassette"
VERSION: Final = 1

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


class Header(BaseModel):
    """Header of a cassette: where it comes from, and what it holds."""

    model_config = _STRICT

    t: Literal["header"] = "header"
    format: Literal["gdg-runtime cassette"] = FORMAT
    version: Literal[1] = VERSION
    runtime: str
    """The version of gdg-runtime that wrote it."""
    scenario: str | None
    seed: int | None
    config_hash: str | None
    """Hash of the recorded run's config; other runs may be played from it, too."""
    models: list[str]
    """Names of the language models that were asked, sorted."""
    redaction_rules: int
    """Version of the rules by which secrets were looked for."""
    entries: int


class StoredText(BaseModel):
    """A long text of requests, stored once."""

    model_config = _STRICT

    t: Literal["text"] = "text"
    digest: str
    text: str


class Entry(BaseModel):
    """A request and what it came to."""

    model_config = _STRICT

    t: Literal["entry"] = "entry"
    actor: str
    """Path of the actor that asked."""
    request: str
    """Digest of the canonical request."""
    occurrence: int = Field(ge=1)
    """Number among the actor's equal requests, those that were given up included: only inside of
    one actor is the order of requests the same whenever the program runs."""
    effect: str
    asked: Any
    """The request, with references for long texts; only for people and for comparisons."""
    status: Status | Literal["given_up"]
    """`given_up`: no actor waited for the outcome, so it is none of the run's facts."""
    value: Any = None
    kind: str = ""
    text: str = ""
    redacted: bool = False
    """Secrets were taken out of the request, which no more has its digest."""

    @property
    def key(self) -> tuple[str, str, int]:
        return self.actor, self.request, self.occurrence

    @property
    def outcome(self) -> Outcome:
        """The outcome that a run gets when it plays the cassette."""
        if self.status == "given_up":
            return Outcome("cancelled")
        return Outcome(self.status, deepcopy(self.value), self.kind, self.text)


class Cassette:
    """The content of a cassette."""

    def __init__(
        self, header: Header, texts: Mapping[str, str], entries: Sequence[Entry],
        name: str = "in memory",
    ) -> None:  # fmt: skip
        self.header = header
        self.texts = texts
        """By digest."""
        self.entries = sorted(entries, key=lambda entry: entry.key)
        self.name = name
        """Its name in messages: the file."""

    def asked(self, entry: Entry) -> Any:
        """Return an entry's request as plain JSON data, texts put back."""
        return put_back(entry.asked, self.texts)

    def lines(self) -> Iterator[str]:
        """Yield the file's lines, without their ends."""
        yield _line(self.header)
        for key in sorted(self.texts):
            yield _line(StoredText(digest=key, text=self.texts[key]))
        for entry in self.entries:
            yield _line(entry)

    def write(self, path: Path) -> int:
        """Write the file, whole or not at all; its size in bytes. Raises OSError.

        A pipe or a device is written to as it is: a file must not take its place.
        """
        target = path.resolve()
        lines = (line.encode() + b"\n" for line in self.lines())
        try:
            if target.exists() and not target.is_file():
                with target.open("wb") as file:
                    return sum([file.write(line) for line in lines])
            return write_whole(target, lines)
        except OSError as error:
            error.filename = str(path)
            raise

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file. Raises CassetteUnreadable."""
        try:
            with path.open("rb") as file:
                return cls._of_lines(path, file)
        except FileNotFoundError:
            why = "there is no such file; `gdg-runtime cassette export RUN` makes one of a run"
            raise CassetteUnreadable(path, why) from None
        except OSError as error:
            raise CassetteUnreadable(path, f"it can't be read: {error.strerror}") from None

    @classmethod
    def _of_lines(cls, path: Path, lines: Iterator[bytes]) -> Self:
        header = _header(path, next(lines, b""))
        texts: dict[str, str] = {}
        entries: dict[tuple[str, str, int], Entry] = {}
        for number, line in enumerate(lines, start=2):
            try:
                record = _record(line)
                if isinstance(record, StoredText):
                    texts[record.digest] = record.text
                    continue
                _check(record, texts)
            except ValueError as error:
                raise CassetteUnreadable(path, _why(error), number) from None
            if record.key in entries:
                raise CassetteUnreadable(path, "this entry stands in the file twice", number)
            entries[record.key] = record
        if len(entries) != header.entries:
            raise CassetteUnreadable(
                path, f"it holds {len(entries)} entries where its header promises "
                f"{header.entries}: a part of it is missing, get a whole copy",
            )  # fmt: skip
        return cls(header, texts, list(entries.values()), str(path))


def _line(record: BaseModel) -> str:
    shown = {name: value for name, value in record if name != "redacted" or value}
    # Keys are not sorted: the order inside of a value is part of it, an actor may go through it.
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _parsed(line: bytes) -> dict[str, Any]:
    record = from_json(line, allow_inf_nan=False)
    if not isinstance(record, dict):
        raise ValueError("expected a JSON object")
    return record


def _header(path: Path, line: bytes) -> Header:
    try:
        record = _parsed(line)
    except ValueError:
        record = {}
    if record.get("format") != FORMAT:
        journal = record.get("t") == "header" and "schema_version" in record
        hint = (
            "this is a run's journal: `gdg-runtime cassette export RUN` makes a cassette of it"
            if journal
            else f"this is no cassette: expected a header line with the format {FORMAT!r}"
        )
        raise CassetteUnreadable(path, hint, 1)
    if record.get("version") != VERSION:
        raise CassetteUnreadable(
            path, f"this cassette has version {record.get('version')!r}, this program reads "
            f"version {VERSION}; export it anew from its run, or use the gdg-runtime that wrote "
            f"it ({record.get('runtime', 'unknown')})", 1,
        )  # fmt: skip
    try:
        return Header.model_validate(record)
    except ValueError as error:
        raise CassetteUnreadable(path, _why(error), 1) from None


def _record(line: bytes) -> StoredText | Entry:
    if not line.endswith(b"\n"):
        raise ValueError("the line is cut off: a part of the file is missing, get a whole copy")
    record = _parsed(line)
    match record.get("t"):
        case "entry":
            return Entry.model_validate(record)
        case "text":
            text = StoredText.model_validate(record)
            if digest(text.text) != text.digest:
                raise ValueError("the text is not the one that its digest stands for")
            return text
        case other:
            raise ValueError(f"expected a text or an entry, got {other!r}")


def _check(entry: Entry, texts: Mapping[str, str]) -> None:
    """Raise ValueError where the request is not the one that the entry's digest stands for."""
    try:
        asked = put_back(entry.asked, texts)
    except (KeyError, TypeError):
        raise ValueError("it refers to a text that does not stand above it") from None
    if not entry.redacted and digest(canonical_json(asked)) != entry.request:
        raise ValueError("the request is not the one that its digest stands for")


def _why(error: ValueError) -> str:
    """Return the first fault, without what the file holds there."""
    if not isinstance(error, ValidationError):
        return f"this line is damaged: {error}"
    found = first_problem(error)
    return f"this line is damaged: {found.path}: {found.message}"
