"""Quote text of others in a prompt: marked as data, escaped so that it can't leave its marks."""

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from ...runtime.wording import cut

OPEN, CLOSE = "<data>", "</data>"

_WHAT_COULD_ACT = re.compile(
    "[<>&\x7f-\x9f\xad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
"""Characters that could close the marks, steer a terminal or hide from a reader."""


def as_data(value: Mapping[str, Any], max_text: int, most: int | None = None) -> str:
    """Write plain data as a marked block of JSON.

    Each text is cut to `max_text` characters; the whole, if it has more than `most`, becomes one
    text that is cut to them.

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
    if most is not None and len(text) > most:
        text = _json({"cut": cut(text, most)})
    return f"{OPEN}{_WHAT_COULD_ACT.sub(_escaped, text)}{CLOSE}"


_LONG_TEXT = r'"(?:[^"\\]|\\.){%d}'
"""A text of JSON that may be longer than this."""


def _json(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_type_name
    )


def _type_name(value: Any) -> str:
    """Name the type of what has no JSON form; its repr may differ between processes."""
    return f"<{type(value).__name__}>"


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str):
        return cut(value, most)
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _cut(child, most) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(child, most) for child in value]
    return value
