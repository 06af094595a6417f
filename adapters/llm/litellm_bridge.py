"""The transport to every provider that litellm knows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...actors.llm.chat import Chat
from ...scenarios.schema.language_model import ModelConfig
from ..asyncio_thread import on_asyncio
from . import openai_codec
from .keys import Keys
from .litellm_library import hush_warnings, litellm_library, provider_of, schema_support
from .transport import Answer, FaultKind, TransportFault, kind_of, place_of, retry_after

_NO_LIMIT_S = 7 * 86_400.0
"""litellm's own time limit; it counts reads, not calls, and the caller's is the one that counts."""
_NO_KEY = "none"
"""Key for servers that want none; without one litellm would send them OpenAI's."""


class LitellmTransport:
    """A Transport through litellm, which lives in the process's asyncio thread.

    A call costs 8 to 9 ms of CPU. litellm is imported with the first question.
    """

    def __init__(self, config: ModelConfig, keys: Keys) -> None:
        self._config = config
        self._keys = keys
        self._key = keys.of(config)
        self._known_as: tuple[str, openai_codec.Structured] | None = None
        """The model's name for litellm, and how schemas are put to it."""

    async def send(self, question: Chat) -> Answer:
        """Send a question. Raises TransportFault, MissingExtra and LitellmBroke."""
        outcome = await on_asyncio(self._outcome, question)
        if isinstance(outcome, Exception):
            # Raised here, where no frame has ever held a key or a provider's words.
            raise outcome
        return outcome

    async def aclose(self) -> None:
        """Do nothing: litellm's connections are shared, and closed when the process ends."""

    async def _outcome(self, question: Chat) -> Answer | TransportFault | LitellmBroke:
        if self._known_as is None:
            # The import takes seconds, and other calls are under way in this loop.
            self._known_as = await asyncio.to_thread(self._prepare)
        model, structured = self._known_as
        asked = openai_codec.body(question, structured, model, lengths=False)
        try:
            payload = await self._exchange(asked)
        except Exception as error:
            return _fault_of(error)
        return openai_codec.outcome(payload, question)

    async def _exchange(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Send one request; return the response in OpenAI's form."""
        key = self._key
        own = {} if key is None else {"api_key": key.reveal()}
        if self._config.api_base is not None:
            own = {"api_base": self._config.api_base, "api_key": _NO_KEY, **own}
        response = await litellm_library().acompletion(
            **{
                **asked,
                **own,
                "timeout": _NO_LIMIT_S,
                "num_retries": 0,
                "max_retries": 0,
                "stream": False,
                "caching": False,
                # Else it imports the parts of its proxy that look for tools of MCP servers, and
                # these want packages that are not installed with it.
                "_skip_mcp_handler": True,
            }
        )
        payload: dict[str, Any] = response.model_dump(warnings=False)
        for choice in payload.get("choices") or ():
            message = choice.get("message") or {}
            aside = message.get("provider_specific_fields") or {}
            message.setdefault("refusal", aside.get("refusal"))
        return payload

    def _prepare(self) -> tuple[str, openai_codec.Structured]:
        config = self._config
        self._keys.lend()
        hush_warnings()
        name, way = config.model, config.structured
        if config.api_base is not None and provider_of(name) is None:
            name = f"openai/{name}"
        if way == "auto":
            way = schema_support(name) if config.api_base is None else "json_schema"
        return name, way


class LitellmBroke(Exception):
    """An error within litellm that no provider has part in. It shows only its kind and place:
    its own text could hold a key."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"litellm failed with {type(error).__name__}{place_of(error)}")


def _fault_of(error: Exception) -> TransportFault | LitellmBroke:
    """Classify litellm's error.

    It says 500 for much that no provider ever said: only with a response's headers, its own or
    those of an error that it was made of, is the status real. What it was made of tells the rest.
    """
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, ImportError | Warning):
            return LitellmBroke(link)
    words = "\n".join(f"{type(link).__name__}: {link}" for link in chain)
    headers = next((found for link in chain if (found := _headers(link)) is not None), None)
    status = getattr(error, "status_code", None)
    if headers is not None and isinstance(status, int):
        return TransportFault(kind_of(status, words), status, retry_after(headers))
    return TransportFault(_unanswered(chain, status, words))


def _unanswered(chain: list[BaseException], status: object, words: str) -> FaultKind:
    """Return the kind of a fault in which no provider's response shows."""
    names = {kind.__name__ for link in chain for kind in type(link).__mro__}
    if names & {"TimeoutError", "APITimeoutError", "TimeoutException"}:
        return "timed_out"
    if any(isinstance(link, json.JSONDecodeError | UnicodeError) for link in chain):
        return "malformed"
    if names & {"TransportError", "ClientError", "OSError"} or "Connection error" in words:
        return "disconnected"
    if isinstance(status, int) and status < 500:
        return kind_of(status, words)
    return "malformed"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors that it was made of."""
    link: BaseException | None = error
    for _ in range(20):
        if link is None:
            return
        yield link
        link = link.__cause__ or link.__context__


def _headers(error: BaseException) -> Mapping[str, str] | None:
    """Return the headers of the response that an error is about. Those of responses that litellm
    makes up are empty."""
    found = getattr(error, "litellm_response_headers", None) or getattr(
        getattr(error, "response", None), "headers", None
    )
    return found if isinstance(found, Mapping) and len(found) > 0 else None
