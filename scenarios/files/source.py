"""A scenario's text, of a file or of a program's own data, and the tree of values in it.

The events of the YAML parser are read instead of its objects: the line of every key and of every
alias is known, only plain data comes out (YAML 1.2 core schema: a date is text, `yes` is text), and
neither deep nesting nor anchors that multiply can exhaust the machine.
"""

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite, nan
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ...runtime.wording import one_line
from ..schema.sections import LIMIT_64_BITS
from . import shipped_scenarios
from .diagnostics import Findings, Place, nearest, nearest_first, shown
from .nodes import Node, Scalar

SUFFIXES = (".yaml", ".yml", ".json")
MAX_BYTES = 1 << 20

_PLAIN = (str, int, float, bool, type(None))

_NOT_PLAIN_IN_YAML = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def read_document(document: Mapping[str, Any], findings: Findings) -> tuple[str, Place] | None:
    """Return the text of a scenario that a program holds as plain data, and a place for messages;
    None (with a fault noted) if a file could not hold it."""
    place = Place("the scenario")
    try:
        return yaml_text_of(document), place
    except (TypeError, ValueError, RecursionError) as error:
        findings.add(place, "", f"holds what no scenario file can: {one_line(str(error))}")
        return None


def yaml_text_of(value: Any) -> str:
    """Write plain data as JSON that YAML reads in the same way.

    Raises TypeError, ValueError, RecursionError for what is no plain data.
    """
    try:
        text = json.dumps(value, ensure_ascii=False)
    except TypeError:
        unfit = _unfit(value, "") or "it is no plain data"
        hint = "classes of your own are named as texts, `module:Class`"
        raise TypeError(f"{unfit}; {hint}") from None
    return _NOT_PLAIN_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _unfit(value: object, path: str) -> str | None:
    """Name the first part that no JSON can hold by its key path and its type."""
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, _PLAIN):
                return f"{path or 'the value'} has a key of the type `{type(key).__name__}`"
            if found := _unfit(child, f"{path}.{key}" if path else str(key)):
                return found
    elif isinstance(value, (list, tuple)):
        for place, child in enumerate(value):
            if found := _unfit(child, f"{path}[{place}]"):
                return found
    elif not isinstance(value, _PLAIN):
        return f"{path or 'the value'} is of the type `{type(value).__name__}`"
    return None


def read_source(source: Path | str, findings: Findings) -> tuple[str, Place] | None:
    """Return the file's text and the place of its line 1; None (with a fault noted) without one.

    A text that is no file but the name of a shipped scenario means that one.
    """
    here = Place(one_line(str(source)))
    try:
        path = Path(source)
        shipped = shipped_scenarios().get(source) if isinstance(source, str) else None
        if shipped is not None and not path.is_file():
            path, here = shipped, Place(f"{source}.yaml")
        if path.is_dir():
            findings.add(here, "", "is a directory, not a scenario file")
            return None
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        known = ", ".join(nearest_first(str(source), tuple(shipped_scenarios())))
        problem = f"no such file, and no shipped scenario of this name ({known})"
        findings.add(here, "", problem, suggestion=_nearest_file(source))
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        findings.add(here, "", f"cannot be read: {one_line(reason)}")
        return None
    if len(data) > MAX_BYTES:
        findings.add(here, "", f"is larger than {MAX_BYTES >> 20} MiB; a scenario file is not")
        return None
    try:
        return data.decode("utf-8-sig"), Place(here.file, 1)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"is not UTF-8 (byte 0x{data[error.start]:02x}); save it with that encoding"
        findings.add(Place(here.file, line), "", problem)
        return None


def _nearest_file(source: Path | str) -> str | None:
    """Find a shipped name, or a file beside the missing one, that was probably meant."""
    path = Path(source)
    name = nearest(str(source).removesuffix(".yaml"), shipped_scenarios())
    if name is not None:
        return name
    try:
        beside = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return None
    close = nearest(path.name, [entry for entry in beside if entry.endswith(SUFFIXES)])
    return None if close is None else one_line(str(path.with_name(close)))


MAX_DEPTH = 64
MAX_VALUES = 200_000

_TAG = "tag:yaml.org,2002:"
_NULL = ("", "~", "null", "Null", "NULL")
_TAGS = {_TAG + name for name in ("null", "bool", "int", "float")}
_BOOL = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)

_PLAIN_WORDS = (
    (r"found character '\t'", "a tab; YAML is indented with spaces"),
    ("mapping values are not allowed", "a ':' where no key can stand; check the indentation, "
     "or quote the text"),
    ("could not find expected ':'", "a line without the ':' of a key; check the indentation"),
    ("while scanning a quoted scalar", "a quote that is not closed"),
    ("did not find expected ',' or ']'", "a '[' that is not closed"),
    ("expected ',' or ']'", "a '[' that is not closed"),
    ("expected ',' or '}'", "a '{' that is not closed"),
    ("expected <block end>", "a line that does not fit the lines above; check the indentation"),
    ("special characters are not allowed", "a control character"),
)  # fmt: skip


class _Unreadable(Exception):
    """Reading can't go on."""

    def __init__(self, line: int, problem: str) -> None:
        self.line, self.problem = line, problem


def parse(text: str, place: Place, path: str, findings: Findings) -> Node | None:
    """Read the document as a tree; None (with at least one fault noted) if it can't be read.

    `place` and `path` are those of the whole text: line 1 and nothing for a file, the override
    and its key for an override's value. An empty text is a null.
    """
    try:
        return _Reader(place, path, findings).read(text)
    except _Unreadable as fault:
        findings.add(place.at(fault.line), path, fault.problem)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        findings.add(place.at(mark.line + 1 if mark else 1), path, f"not YAML: {_words(error)}")
    except YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        findings.add(place.at(line), path, f"not YAML: {_words(error)}")
    except Exception as error:
        # The parser raises assorted errors of its own on some malformed text.
        findings.add(place, path, f"not YAML: {shown(f'{type(error).__name__}: {error}')}")
    return None


def _words(error: YAMLError) -> str:
    context, problem = getattr(error, "context", None), getattr(error, "problem", None)
    story = f"{context or ''} {problem or ''}" if problem else str(error)
    for sign, words in _PLAIN_WORDS:
        if sign in story:
            return words
    return shown(" ".join(str(problem or error).split()))


class _Reader:
    """Descends through the parser's events."""

    def __init__(self, place: Place, path: str, findings: Findings) -> None:
        self._place = place
        self._findings = findings
        self._path = path
        self._events: Iterator[Event] = iter(())
        self._anchors: dict[str, Node] = {}
        self._values = 0
        """Read so far, with aliases written out."""

    def read(self, text: str) -> Node:
        root, documents = Node(None, self._place, self._path), 0
        self._events = iter(YAML(typ="safe", pure=True).parse(text))
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Unreadable(
                        _line(event), "a second document begins here; write one per file"
                    )
            elif isinstance(event, NodeEvent):
                root = self._value(event, self._place.at(_line(event)), self._path, 0)
        return root

    def _value(self, event: Event, place: Place, path: str, depth: int) -> Node:
        """Read the value that an event begins, `depth` levels below the root."""
        line = _line(event)
        if isinstance(event, AliasEvent):
            known = self._anchors.get(event.anchor)
            if known is None:
                raise _Unreadable(
                    line, f"*{shown(str(event.anchor))} names no anchor that ends above it"
                )
            # What is inside keeps the place of the anchor, where it can be mended.
            return Node(self._written_out(known, depth, line).value, place, path)
        if isinstance(event, ScalarEvent):
            self._count(line)
            node = Node(None, place, path)
            node.value = self._resolved(event, node, line)
        else:
            assert isinstance(event, MappingStartEvent | SequenceStartEvent)
            is_mapping = isinstance(event, MappingStartEvent)
            if event.tag not in (None, "!", _TAG + ("map" if is_mapping else "seq")):
                raise _Unreadable(line, f"the tag {shown(str(event.tag))} is not supported")
            self._count(line, depth)
            self._anchors.pop(event.anchor, None)
            node = Node({} if is_mapping else [], place, path)
            if is_mapping:
                self._fill_mapping(node, depth + 1)
            else:
                self._fill_list(node, depth + 1)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _written_out(self, node: Node, depth: int, line: int) -> Node:
        """Copy what an alias names, in which every value counts again."""
        value = node.value
        self._count(line, depth if isinstance(value, dict | list) else 0)
        if isinstance(value, dict):
            value = {key: self._written_out(at, depth + 1, line) for key, at in value.items()}
        elif isinstance(value, list):
            value = [self._written_out(at, depth + 1, line) for at in value]
        return Node(value, *node.origin)

    def _count(self, line: int, depth: int = 0) -> None:
        """Count a value; `depth` is that of a mapping or list, which must not be too deep."""
        if depth >= MAX_DEPTH:
            raise _Unreadable(line, f"nested deeper than {MAX_DEPTH} levels")
        self._values += 1
        if self._values > MAX_VALUES:
            raise _Unreadable(line, f"more than {MAX_VALUES} values (aliases written out)")

    def _fill_list(self, node: Node, depth: int) -> None:
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            place, path = self._place.at(_line(event)), node.child(len(node.items))
            node.items.append(self._value(event, place, path, depth))

    def _fill_mapping(self, node: Node, depth: int) -> None:
        merged: list[Node] = []
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                for base in merged:
                    _inherit(node, base, _line(event))
                break
            key, place = self._key(event), self._place.at(_line(event))
            found = self._value(next(self._events), place, node.child(key), depth)
            if key == "<<" and isinstance(event, ScalarEvent) and event.implicit[0]:
                merged.append(found)
            elif key in node.entries:
                first = node.entries[key].place
                self._findings.add(*found.origin, f"given twice; first at {first}")
            else:
                node.entries[key] = found

    def _key(self, event: Event) -> str:
        if isinstance(event, ScalarEvent):
            return self._text(event.value, _line(event))
        what = "an alias" if isinstance(event, AliasEvent) else "a mapping or list"
        raise _Unreadable(_line(event), f"{what} stands where a key belongs")

    def _resolved(self, event: ScalarEvent, node: Node, line: int) -> Scalar:
        """Return the value of a scalar. What can't be held is noted and stands as text."""
        text = self._text(event.value, line)
        tag = event.tag
        if tag in ("!", _TAG + "str") or (tag is None and not event.implicit[0]):
            return text
        if tag is not None and tag not in _TAGS:
            raise _Unreadable(line, f"the tag {shown(str(tag))} is not supported")
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _INT.fullmatch(text):
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            number = int(text, base) if len(text) <= 24 else LIMIT_64_BITS + 1
            if abs(number) > LIMIT_64_BITS:
                fitting = "a number of at most 64 bits"
                self._findings.add(*node.origin, expected=fitting, got=shown(text))
                return text
            return number
        if _FLOAT.fullmatch(text):
            special = text.lower().endswith(("inf", "nan"))
            real = nan if special else float(text)
            if not isfinite(real):
                self._findings.add(*node.origin, expected="a finite number", got=shown(text))
                return text
            return real
        return text

    def _text(self, text: str, line: int) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Unreadable(line, f"{shown(text)} has half of a surrogate pair") from None
        return text


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _inherit(node: Node, base: Node, line: int) -> None:
    """Fill in what a `<<:` brings."""
    for source in base.items if isinstance(base.value, list) else [base]:
        if not source.is_mapping:
            raise _Unreadable(base.place.line or line, "'<<' takes an alias of a mapping")
        for key, child in source.entries.items():
            node.entries.setdefault(key, child)
