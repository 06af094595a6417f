"""How many tokens a question may take, before anybody has counted them."""

import json
import math

from ...actors.llm.chat import Chat, ChatMessage, Usage

_BYTES_PER_TOKEN = 3
_PER_MESSAGE = 8
"""Tokens of a message's frame: its role and the marks around it."""
_PER_FORM = 64
"""Tokens of the words in which a schema or a list of tools is put."""
_UNLIMITED = 4096
"""Taken for the longest reply of a question that sets no limit."""


def estimate_tokens(question: Chat) -> Usage:
    """Most tokens that one attempt should take.

    The completion is bounded by `max_tokens` (times `n`). The prompt is its bytes in UTF-8
    divided by 3, and something for each message's frame: English and JSON have about 4 bytes per
    token, so this is above the truth; long rows of rare signs or emoji can be beyond it.
    """
    prompt = sum(_of_message(message) for message in question.messages)
    if question.json_schema is not None:
        prompt += _PER_FORM + _of_text(question.schema_text or "")
    if question.tools:
        tools = "".join(
            json.dumps(tool.model_dump(mode="json"), ensure_ascii=False) for tool in question.tools
        )
        prompt += _PER_FORM + _of_text(tools)
    return Usage(prompt, _longest_reply(question))


def _longest_reply(question: Chat) -> int:
    sampling = question.sampling
    limits = [sampling.get("max_tokens"), sampling.get("max_completion_tokens")]
    longest = max((limit for limit in limits if isinstance(limit, int)), default=_UNLIMITED)
    choices = sampling.get("n")
    return longest * (max(1, choices) if isinstance(choices, int) else 1)


def _of_message(message: ChatMessage) -> int:
    calls = "".join(f"{call.id}{call.name}{call.arguments}" for call in message.tool_calls)
    return _PER_MESSAGE + _of_text(f"{message.content}{calls}{message.tool_call_id or ''}")


def _of_text(text: str) -> int:
    return math.ceil(len(text.encode(errors="surrogatepass")) / _BYTES_PER_TOKEN)
