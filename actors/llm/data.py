"""Text of others in a prompt: marked as data, and escaped so that it can't leave its marks."""

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

OPEN, CLOSE = "<data>", "</data>"

_WHAT_COULD_ACT = re.compile(
    "[<>&\ud800-\udfff\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
"""What could close the marks, steer a terminal or hide from a reader."""


def as_data(value: Mapping[str, Any], max_text: int) -> str:
    """Plain data as a marked block of JSON; each text is cut to `max_text` characters.

    Nothing inside can end the block or look like another message: `<`, `>`, `&` and all
    characters that control or hide are written as JSON escapes.
    """
    try:
        text = _json(dict(value))
    except ValueError:
        # NaN or infinite: written as the event log writes them, as texts.
        text = _json(_cut(value, max_text))
    if len(text) > max_text and re.search(_LONG_TEXT % max_text, text):
        text = _json(_cut(value, max_text))
    return f"{OPEN}{_WHAT_COULD_ACT.sub(_escaped, text)}{CLOSE}"


_LONG_TEXT = r'"(?:[^"\\]|\\.){%d}'
"""A text of JSON that may be longer than this."""


def _json(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_type_name
    )


def _type_name(value: Any) -> str:
    """Of what has no JSON form; its repr may differ between processes."""
    return f"<{type(value).__name__}>"


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str):
        more = len(value) - most
        return value if more <= 0 else f"{value[:most]}… [{more} more characters]"
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _cut(child, most) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(child, most) for child in value]
    return value
