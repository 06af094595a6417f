"""Keys of the providers: the only place that holds them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from ...actors.llm.chat import Chat
from ...runtime.drivers.effects import Censor
from ...runtime.effects import EffectRequest, Outcome
from ...scenarios.schema.language_model import LOCAL, ModelConfig
from ..runs.errors import MissingExtra
from .endpoint import endpoint_of, provider_of_name
from .redaction import SecretText, cleaned

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
        self._all = self._from_file | {
            name: Key(name, value) for name, value in environment.items()
        }
        self._asked: set[str] = set()
        self._search: SecretText | None = None

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
        name = _variable(config)
        if name is None:
            return None
        self._note(name)
        return self._get(name)

    def missing(self, config: ModelConfig) -> str | None:
        """Say which key a model lacks; None if there is nothing to say.

        Imports litellm where only that knows which key a provider wants. Raises MissingExtra.
        """
        name = _variable(config)
        if name is not None:
            return self._trouble(config, [name])
        if config.api_base is not None or config.model.startswith(LOCAL):
            return None
        known = provider_of_name(config.model)
        if known is not None and known.key is not None:
            return self._trouble(config, [known.key])
        from .litellm_library import keys_wanted

        names = keys_wanted(config.model)
        if names is None:
            return (
                f"the model {config.model} belongs to no provider that litellm knows: write it as "
                f"provider/model (openai/gpt-4o-mini, anthropic/…, openrouter/…), or give the "
                f"api_base of a server that knows it"
            )
        return self._trouble(config, list(names.names), one_is_enough=names.one_is_enough)

    def lend(self) -> None:
        """Put what stands in `.env` into the process's environment, overriding nothing: litellm
        looks for a provider's settings there."""
        for name, key in self._from_file.items():
            os.environ.setdefault(name, key.reveal())

    def redact(self, text: str) -> str:
        """Put `[redacted NAME]` for each known key, `[redacted key]` for what only looks like one.

        Known are the keys of all models that were asked for, and each variable whose name ends in
        _API_KEY, _TOKEN, _SECRET, _ACCESS_KEY or _PASSWORD, from 8 characters on; as they are, in
        base64, and as in URLs.
        """
        if self._search is None:
            secret = {
                name: key.reveal().strip()
                for name, key in self._all.items()
                if name in self._asked or _SECRET_NAMES.search(name)
            }
            self._search = SecretText(secret)
        return self._search.redact(text)

    def __repr__(self) -> str:
        return f"<Keys, {len(self._all)} variables>"

    def _get(self, name: str) -> Key | None:
        key = self._all.get(name)
        if key is None or not key.reveal().strip():
            return None
        return Key(name, key.reveal().strip())

    def _note(self, name: str) -> None:
        if name not in self._asked:
            self._asked.add(name)
            self._search = None

    def _trouble(
        self, config: ModelConfig, names: list[str], *, one_is_enough: bool = False
    ) -> str | None:
        for name in names:
            self._note(name)
        absent = [name for name in names if self._get(name) is None]
        if absent and (len(absent) == len(names) or not one_is_enough):
            listed = (" or " if one_is_enough else " and ").join(absent)
            return (
                f"the model {config.model} needs a key: set {listed} in the environment or in .env"
            )
        for name in names:
            key = self._get(name)
            if key is not None and not _is_sendable(key.reveal()):
                return (
                    f"the key of the model {config.model} can't be sent: {name} holds characters "
                    f"that no key has (blanks, line ends, or others beyond ASCII)"
                )
        return None


def _variable(config: ModelConfig) -> str | None:
    """Return the variable of a config's key, as far as that is known without litellm."""
    if config.api_key_env is not None:
        return config.api_key_env
    if config.api_base is not None or config.adapter != "openai" or endpoint_of(config) is None:
        return None
    known = provider_of_name(config.model)
    return None if known is None else known.key


def _is_sendable(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key


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
