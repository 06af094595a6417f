"""The sources of a scenario's text: a file, a shipped scenario, or a program's own data."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...runtime.wording import one_line
from .diagnostics import Findings, Place, nearest, nearest_first

SUFFIXES = (".yaml", ".yml", ".json")


def shipped_scenarios() -> dict[str, Path]:
    """Find the shipped files by the name that `load_scenario` takes, in alphabetical order."""
    folder = Path(str(files(__package__.rpartition(".")[0])))
    found = [*folder.glob("*.yaml"), *folder.glob("configs/*.yaml")]
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(found, key=lambda path: (path.parent, path.name))
    }


MAX_BYTES = 1 << 20

_PLAIN = (str, int, float, bool, type(None))

_NOT_PLAIN_IN_YAML = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def read_document(document: Mapping[str, Any], findings: Findings) -> tuple[str, str] | None:
    """Return a name for messages and the text of a scenario that a program holds as plain data.

    None (with a fault noted) if a file could not hold it.
    """
    name = "the scenario"
    try:
        return name, yaml_text_of(document)
    except (TypeError, ValueError, RecursionError) as error:
        findings.add(Place(name), "", f"holds what no scenario file can: {one_line(str(error))}")
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


def read_source(source: Path | str, findings: Findings) -> tuple[str, str] | None:
    """Return the file's name for messages and its text; None (with a fault noted) if there is none.

    A text that is no file but the name of a shipped scenario means that one.
    """
    name = one_line(str(source))
    here = Place(name)
    try:
        path = Path(source)
        shipped = shipped_scenarios().get(source) if isinstance(source, str) else None
        if shipped is not None and not path.is_file():
            path, name = shipped, f"{source}.yaml"
            here = Place(name)
        if path.is_dir():
            findings.add(here, "", "is a directory, not a scenario file")
            return None
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        findings.add(here, "", _no_such_file(source), suggestion=_nearest_file(source))
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        findings.add(here, "", f"cannot be read: {one_line(reason)}")
        return None
    if len(data) > MAX_BYTES:
        findings.add(here, "", f"is larger than {MAX_BYTES >> 20} MiB; a scenario file is not")
        return None
    try:
        return name, data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        findings.add(
            Place(name, line),
            "",
            f"is not UTF-8 (byte 0x{data[error.start]:02x}); save it with that encoding",
        )
        return None


def _no_such_file(source: Path | str) -> str:
    known = nearest_first(str(source), tuple(shipped_scenarios()))
    return f"no such file, and no shipped scenario of this name ({', '.join(known)})"


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
