"""Keys of the providers: the only place that holds them, and what takes them out of texts."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from ...actors.llm.chat import Chat
from ...runtime.drivers.effects import Censor
from ...runtime.effects import EffectRequest, Outcome
from ...scenarios.schema.language_model import ModelConfig
from ..runs.errors import MissingExtra
from .endpoint import endpoint_of, provider_of_name

_LEAST = 8
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
_SECRET_NAMES = re.compile(r"_(API_KEY|TOKEN|SECRET|ACCESS_KEY|PASSWORD)$")


class Key:
    """One key. Only `reveal` shows it."""

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        """The environment variable that it stood in."""
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"<Key {self.name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"the key {self.name} is not to be pickled or copied")


class Keys:
    """The keys in the environment and in `.env`."""

    def __init__(self, environment: Mapping[str, str], dotenv: Mapping[str, str]) -> None:
        self._from_file = {name: Key(name, value) for name, value in dotenv.items()}
        values = {**dotenv, **environment}
        self._all = {name: Key(name, value.strip()) for name, value in values.items()}
        self._asked: set[str] = set()
        self._redact: Callable[[str], str] | None = None

    @classmethod
    def load(cls, env: Mapping[str, str] = os.environ, dotenv: Path | None = Path(".env")) -> Keys:
        """Read the environment, and what a `.env` file adds to it; the file overrides nothing.

        Raises MissingExtra where there is such a file and nothing to read it with.
        """
        if dotenv is None or not dotenv.is_file():
            return cls(env, {})
        try:
            from dotenv import dotenv_values
        except ImportError:
            raise MissingExtra(f"the file {dotenv}", "python-dotenv") from None
        read = dotenv_values(dotenv, interpolate=False)
        return cls(env, {name: value for name, value in read.items() if value is not None})

    def of(self, config: ModelConfig) -> Key | None:
        """Return the key to send along.

        None where none is needed, and where litellm finds it in the environment by itself.
        """
        name = variable_of(config)
        return None if name is None else self.find(name)

    def find(self, name: str) -> Key | None:
        """Return the key in a variable, which is redacted from now on, whatever its name."""
        if name not in self._asked:
            self._asked.add(name)
            self._redact = None
        key = self._all.get(name)
        return key if key is not None and key.reveal() else None

    def lend(self) -> None:
        """Put what stands in `.env` into the process's environment, overriding nothing: litellm
        looks for a provider's settings there."""
        for name, key in self._from_file.items():
            os.environ.setdefault(name, key.reveal())

    def redact(self, text: str) -> str:
        """Put `[redacted NAME]` for each known key, `[redacted key]` for what only looks like one.

        Known are the keys of all models that were asked for, and each variable whose name ends in
        _API_KEY, _TOKEN, _SECRET, _ACCESS_KEY or _PASSWORD, from 8 characters on; as they are, in
        base64, and as in URLs. Where there is none, the same object is returned.
        """
        if self._redact is None:
            values = {
                name: key.reveal()
                for name, key in self._all.items()
                if name in self._asked or _SECRET_NAMES.search(name)
            }
            self._redact = _redaction_of(values)
        return self._redact(text)

    def __repr__(self) -> str:
        return f"<Keys, {len(self._all)} variables>"


def variable_of(config: ModelConfig) -> str | None:
    """Return the variable of a config's key, as far as that is known without litellm."""
    if config.api_key_env is not None:
        return config.api_key_env
    if config.api_base is not None or config.adapter != "openai" or endpoint_of(config) is None:
        return None
    known = provider_of_name(config.model)
    return None if known is None else known.key


def without_secrets() -> Censor:
    """Make a censor that redacts the keys of this process's environment, and what looks like one.

    Those of language models are left as they are: their providers know more keys, and have done
    it already.
    """
    redact = Keys(os.environ, {}).redact

    def censor(request: EffectRequest, outcome: Outcome) -> Outcome:
        if request.plain.get("message") == Chat.message_name:
            return outcome
        return Outcome(
            outcome.status, cleaned(outcome.value, redact), outcome.kind, redact(outcome.text)
        )

    return censor


def _redaction_of(secrets: Mapping[str, str]) -> Callable[[str], str]:
    """Make the function that marks secrets, values by name, in a text."""
    secrets = {name: value for name, value in secrets.items() if len(value) >= _LEAST}
    names: dict[str, str] = {}
    for name, value in secrets.items():
        for form in _forms(value):
            names.setdefault(form, name)
    # The longest first: one value may begin another.
    forms = sorted(names, key=lambda form: (-len(form), form))
    pattern = re.compile("|".join([*map(re.escape, forms), *_SHAPES]))
    in_order = list(secrets)
    escaped = re.compile("|".join(f"({_as_json(value)})" for value in secrets.values()) or "(?!)")

    def redact(text: str) -> str:
        if "\\" in text:
            # JSON inside of a text, which whoever reads it will decode: `\\/`, `\\u0041`.
            text = escaped.sub(lambda it: f"[redacted {in_order[(it.lastindex or 1) - 1]}]", text)
        if pattern.search(text) is None:
            return text
        return pattern.sub(lambda it: f"[redacted {names.get(it.group(), 'key')}]", text)

    return redact


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
        if last - first >= _LEAST:
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
