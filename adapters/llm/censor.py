"""No effect's outcome is recorded with a key in it, whatever the effect was."""

import json
import os
from typing import Any

from ...actors.llm.chat import Chat
from ...runtime.drivers.effects import Censor
from ...runtime.slot import EffectRequest, Outcome
from .keys import Keys


def without_secrets() -> Censor:
    """Redacts the keys of this process's environment, and what looks like one, in all outcomes.

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


def cleaned(value: Any, redact: Any) -> Any:
    """Plain JSON data with every text redacted; the same object where there is nothing to do."""
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
