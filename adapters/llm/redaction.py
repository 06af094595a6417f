"""Find and replace secrets in texts: known values in several encodings, and common shapes."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

LEAST = 8
"""Characters of a value that counts as a secret: `EMPTY` and the like are not."""

# Each begins with a plain letter, so that the search can leap from one such letter to the next;
# hence a condition on what stands before comes after it.
_SHAPES = (
    r"s(?<![A-Za-z0-9]s)k-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{16,}",  # OpenAI, OpenRouter, Anthropic
    r"g(?<![A-Za-z0-9]g)sk_[A-Za-z0-9]{20,}",  # Groq
    r"x(?<![A-Za-z0-9]x)ai-[A-Za-z0-9]{20,}",  # xAI
    r"AIza[A-Za-z0-9_-]{30,}",  # Google
    r"AKIA[A-Z0-9]{16}",  # AWS
    r"h(?<![A-Za-z0-9]h)f_[A-Za-z0-9]{24,}",  # Hugging Face
    r"g(?<![A-Za-z0-9]g)h[opsu]_[A-Za-z0-9]{30,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{30,}",
    *(rf"{word}\s+(?=[A-Za-z._~+/-]*\d)[A-Za-z0-9._~+/-]{{16,}}=*"
      for word in ("Bearer", "bearer", "BEARER")),
)  # fmt: skip


class SecretText:
    """Secrets of a process, as one search."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Prepare the search. `secrets`: values by the names under which the reader knows them."""
        self._names: dict[str, str] = {}
        for name, value in secrets.items():
            if len(value) >= LEAST:
                for form in _forms(value):
                    self._names.setdefault(form, name)
        # The longest first: one value may begin another.
        values = sorted(self._names, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join([*map(re.escape, values), *_SHAPES]))
        self._whole = {name: value for name, value in secrets.items() if len(value) >= LEAST}
        self._escaped = re.compile(
            "|".join(
                f"(?P<s{nth}>{_as_json(value)})" for nth, value in enumerate(self._whole.values())
            )
            or "(?!)"
        )

    def redact(self, text: str) -> str:
        """Put `[redacted NAME]` for each secret in a text; the same object if there is none."""
        if "\\" in text:
            # JSON inside of a text, which whoever reads it will decode: `\\/`, `\\u0041`.
            text = self._escaped.sub(self._mark_escaped, text)
        if self._pattern.search(text) is None:
            return text
        return self._pattern.sub(self._mark, text)

    def _mark_escaped(self, found: re.Match[str]) -> str:
        return f"[redacted {list(self._whole)[int((found.lastgroup or 's0')[1:])]}]"

    def _mark(self, found: re.Match[str]) -> str:
        return f"[redacted {self._names.get(found.group(), 'key')}]"


def _as_json(value: str) -> str:
    """Make a pattern of the value in which each character may be escaped as JSON has it."""
    return "".join(
        rf"(?:{re.escape(sign)}|\\{re.escape(sign)}|\\u(?i:{ord(sign):04x}))" for sign in value
    )


def _forms(value: str) -> Iterator[str]:
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield from _base64(value.encode(), b"+/")
    yield from _base64(value.encode(), b"-_")


def _base64(value: bytes, others: bytes) -> Iterable[str]:
    """Yield the value in base64, by itself or inside of something longer.

    That moves it by up to two bytes. Only characters count that depend on nothing but the value.
    """
    for ahead in range(3):
        coded = base64.b64encode(b"\0" * ahead + value, others).decode()
        first = -(-ahead * 8 // 6)
        last = (ahead + len(value)) * 8 // 6
        if last - first >= LEAST:
            yield coded[first:last]


def cleaned(value: Any, redact: Callable[[str], str]) -> Any:
    """Redact every text of plain JSON data; the same object where there is nothing to do."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact(value)
    # A key with a character that JSON escapes is found in the texts themselves alone.
    text = json.dumps(value, ensure_ascii=False)
    if redact(text) == text and "\\" not in text:
        return value
    if isinstance(value, list):
        return [cleaned(item, redact) for item in value]
    return {redact(name): cleaned(item, redact) for name, item in value.items()}
