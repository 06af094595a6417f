"""YAML text into a tree that knows its lines.

Reads the parser's events instead of its objects: the line of every key is known, only plain data
comes out (YAML 1.2 core schema: a date is text, `yes` is text), and neither deep nesting nor
anchors that multiply can exhaust the machine.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite, nan

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ..schema.sections import LIMIT_64_BITS
from .diagnostics import Findings, Place, shown
from .nodes import Node, Scalar, copied

MAX_DEPTH = 64
MAX_VALUES = 200_000

PlaceOf = Callable[[int], Place]
"""The place of a 1-based line."""

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


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being read."""

    node: Node
    anchor: str | None
    key: str | None = None
    key_line: int = 0
    key_plain: bool = False
    size: int = 1
    height: int = 0
    merges: list[Node] = field(default_factory=list)


def parse(text: str, place_of: PlaceOf, path: str, findings: Findings) -> Node | None:
    """The document as a tree; None (with at least one fault noted) if it can't be read.

    `path` is that of the whole text: empty for a file, the key for an override's value. An empty
    text is a null.
    """
    try:
        return _Reader(place_of, path, findings).read(text)
    except _Unreadable as fault:
        findings.add(place_of(fault.line), path, fault.problem)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        findings.add(place_of(mark.line + 1 if mark else 1), path, f"not YAML: {_words(error)}")
    except YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        findings.add(place_of(line), path, f"not YAML: {_words(error)}")
    except Exception as error:
        # The parser raises assorted errors of its own on some malformed text.
        findings.add(place_of(1), path, f"not YAML: {shown(f'{type(error).__name__}: {error}')}")
    return None


def _words(error: YAMLError) -> str:
    context, problem = getattr(error, "context", None), getattr(error, "problem", None)
    story = f"{context or ''} {problem or ''}" if problem else str(error)
    for sign, words in _PLAIN_WORDS:
        if sign in story:
            return words
    return shown(" ".join(str(problem or error).split()))


class _Reader:
    def __init__(self, place_of: PlaceOf, path: str, findings: Findings) -> None:
        self._place_of = place_of
        self._findings = findings
        self._path = path
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._root: Node | None = None

    def read(self, text: str) -> Node:
        documents = 0
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Unreadable(
                        self._line(event), "a second document begins here; write one per file"
                    )
            else:
                self._take(event)
        return self._root or Node(None, self._place_of(1), self._path)

    def _take(self, event: Event) -> None:
        match event:
            case ScalarEvent():
                self._scalar(event)
            case MappingStartEvent() | SequenceStartEvent():
                self._begin(event)
            case MappingEndEvent() | SequenceEndEvent():
                self._end(event)
            case AliasEvent():
                self._alias(event)

    def _line(self, event: Event) -> int:
        return event.start_mark.line + 1 if event.start_mark else 1

    def _expects_key(self) -> bool:
        return (
            bool(self._frames) and self._frames[-1].node.is_mapping and self._frames[-1].key is None
        )

    def _new(self, value: "Scalar | dict[str, Node] | list[Node]", line: int) -> Node:
        """A node where the reader stands now."""
        if not self._frames:
            return Node(value, self._place_of(line), self._path)
        frame = self._frames[-1]
        if isinstance(frame.node.value, list):
            return Node(value, self._place_of(line), frame.node.child(len(frame.node.value)))
        return Node(value, self._place_of(frame.key_line), frame.node.child(frame.key or ""))

    def _scalar(self, event: ScalarEvent) -> None:
        line = self._line(event)
        if self._expects_key():
            frame = self._frames[-1]
            frame.key, frame.key_line = self._text(event.value, line), line
            frame.key_plain = event.implicit[0]
            return
        node = self._new(None, line)
        node.value = self._resolved(event, node, line)
        self._attach(node, 1, 0, line)
        if event.anchor:
            self._anchors[event.anchor] = (node, 1, 0)

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        line = self._line(event)
        if self._expects_key():
            raise _Unreadable(line, "a mapping or list stands where a key belongs")
        is_mapping = isinstance(event, MappingStartEvent)
        if event.tag not in (None, "!", _TAG + ("map" if is_mapping else "seq")):
            raise _Unreadable(line, f"the tag {shown(str(event.tag))} is not supported")
        if len(self._frames) >= MAX_DEPTH:
            raise _Unreadable(line, f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._frames.append(_Frame(self._new({} if is_mapping else [], line), event.anchor))

    def _end(self, event: Event) -> None:
        frame = self._frames.pop()
        for base in frame.merges:
            self._inherit(frame, base, self._line(event))
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.node, frame.size, frame.height + 1)
        self._attach(frame.node, frame.size, frame.height + 1, self._line(event))

    def _alias(self, event: AliasEvent) -> None:
        line = self._line(event)
        if self._expects_key():
            raise _Unreadable(line, "an alias stands where a key belongs")
        known = self._anchors.get(event.anchor)
        if known is None:
            raise _Unreadable(
                line, f"*{shown(str(event.anchor))} names no anchor that ends above it"
            )
        node, size, height = known
        # What is inside keeps the place of the anchor, where it can be mended.
        self._attach(self._new(copied(node).value, line), size, height, line)

    def _attach(self, node: Node, size: int, height: int, line: int) -> None:
        if len(self._frames) + height > MAX_DEPTH:
            raise _Unreadable(line, f"nested deeper than {MAX_DEPTH} levels")
        if not self._frames:
            self._root = node
            return
        frame = self._frames[-1]
        frame.size += size
        frame.height = max(frame.height, height)
        if frame.size > MAX_VALUES:
            raise _Unreadable(line, f"more than {MAX_VALUES} values (aliases written out)")
        if isinstance(frame.node.value, list):
            frame.node.value.append(node)
            return
        key, frame.key = frame.key or "", None
        entries = frame.node.entries
        if key == "<<" and frame.key_plain:
            frame.merges.append(node)
        elif key in entries:
            first = entries[key].place
            self._findings.add(node.place, node.path, f"given twice; first at {first}")
        else:
            entries[key] = node

    def _inherit(self, frame: _Frame, base: Node, line: int) -> None:
        """Fill in what a `<<:` brings."""
        for source in base.items if isinstance(base.value, list) else [base]:
            if not source.is_mapping:
                raise _Unreadable(base.place.line or line, "'<<' takes an alias of a mapping")
            for key, child in source.entries.items():
                frame.node.entries.setdefault(key, child)

    def _resolved(self, event: ScalarEvent, node: Node, line: int) -> Scalar:
        """The value of a scalar. What can't be held is noted and stands as text."""
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
                self._findings.add(
                    node.place, node.path, expected="a number of at most 64 bits", got=shown(text)
                )
                return text
            return number
        if _FLOAT.fullmatch(text):
            special = text.lower().endswith(("inf", "nan"))
            real = nan if special else float(text)
            if not isfinite(real):
                self._findings.add(
                    node.place, node.path, expected="a finite number", got=shown(text)
                )
                return text
            return real
        return text

    def _text(self, text: str, line: int) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Unreadable(line, f"{shown(text)} has half of a surrogate pair") from None
        return text
