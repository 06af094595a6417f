"""A question as it arrived, and the answer to it: a pure function of the question's body."""

import hashlib
import json
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from options import Rule
from schema import Schema, Text

CREATED = 1_700_000_000
FINGERPRINT = "fp_mock"
_ASIDE = ("stream", "stream_options", "user", "metadata", "store", "usage", "timeout")
"""Parameters that change how an answer is brought or booked, never the answer."""
_TEXT = """
a able agree all and are ask at be better but can come do each find for from give good have how in
is it know later look make may more most need next not now of on one other our plan point read say
see share so some take that the there they think this time to trust try use vote want we what when
which who why will with work would yes you
"""
_WORDS = _TEXT.split()


class BadQuestion(ValueError):
    """The body is no chat completion request."""


@dataclass(frozen=True, slots=True)
class Question:
    """The body of a request, read."""

    body: dict[str, Any]
    digest: str
    """Of all that the answer may depend on; 32 hex digits."""
    prompt: tuple[str, ...]
    """The texts of its messages."""
    asked: str
    """The last user message."""
    schema: Schema | None
    """What the answer, or the arguments of the tool call, must satisfy."""
    tool: str | None
    """The tool that must be called."""

    @classmethod
    def read(cls, raw: bytes) -> "Question":
        """Raises BadQuestion."""
        try:
            body = json.loads(raw)
            messages = body["messages"]
            prompt = tuple(_text(message.get("content")) for message in messages)
            asked = [text for text, message in zip(prompt, messages, strict=True)
                     if message["role"] == "user"]  # fmt: skip
            if not isinstance(body["model"], str):
                raise TypeError("the model's name must be a string")
            tool, schema = _demand(body)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as trouble:
            raise BadQuestion(f"no chat completion request: {trouble!r}") from None
        told = {name: _plain(value) for name, value in body.items() if name not in _ASIDE}
        canonical = json.dumps(
            {name: value for name, value in told.items() if value is not None},
            sort_keys=True, separators=(",", ":"),
        )  # fmt: skip
        digest = hashlib.sha256(canonical.encode()).hexdigest()[:32]
        return cls(body, digest, prompt, asked[-1] if asked else "", schema, tool)

    def rng(self, purpose: str) -> Random:
        return Random(f"{self.digest} {purpose}")

    @property
    def prompt_tokens(self) -> int:
        return sum(map(tokens, self.prompt))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says."""

    question: Question
    content: str | None
    """Where a tool must be called, the call's arguments."""
    finish_reason: str
    refusal: str | None = None

    @classmethod
    def to(cls, question: Question, rules: tuple[Rule, ...], text: Text | None = None) -> "Answer":
        """The scripted or else the drawn answer. Raises UnknownSchema."""
        finish = "tool_calls" if question.tool else "stop"
        for rule in rules:
            if rule.contains in question.asked:
                return cls(question, rule.content, finish)
        rng = question.rng("answer")
        if question.schema is None:
            return cls(question, (text or sentence)(rng, 12, 200), finish)
        return cls(question, json.dumps(question.schema.draw(rng, text or sentence)), finish)

    def saying(self, content: str | None) -> "Answer":
        return replace(self, content=content)

    @property
    def completion_tokens(self) -> int:
        return tokens(self.content or self.refusal or "")

    def to_json(self) -> dict[str, Any]:
        """The body of a `chat.completion`."""
        message: dict[str, Any] = {"role": "assistant", "content": self.content}
        if self.refusal is not None:
            message["refusal"] = self.refusal
        if self.question.tool and self.content is not None:
            message |= {"content": None, "tool_calls": [self._call()]}
        return {
            **self._head("chat.completion"),
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish_reason}],
            "usage": self._usage(),
        }

    def chunks(self) -> list[dict[str, Any]]:
        """The same as `chat.completion.chunk`s, the usage in the last one."""
        said = self.content or ""
        size = max(16, len(said) // 20)
        pieces = [said[at : at + size] for at in range(0, len(said), size)]
        deltas: list[dict[str, Any]]
        if self.question.tool:
            deltas = [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
                      for piece in pieces]  # fmt: skip
            first = {"tool_calls": [{"index": 0, **self._call(arguments="")}]}
            deltas = [first, *deltas] if self.content is not None else []
        else:
            deltas = [{"content": piece} for piece in pieces]
        if self.refusal is not None:
            deltas.append({"refusal": self.refusal})
        head = self._head("chat.completion.chunk")
        choices: list[dict[str, Any]] = [
            {"index": 0, "delta": delta, "finish_reason": None}
            for delta in [{"role": "assistant"}, *deltas]
        ]
        choices.append({"index": 0, "delta": {}, "finish_reason": self.finish_reason})
        options = self.question.body.get("stream_options") or {}
        last = [{**head, "choices": [], "usage": self._usage()}]
        return [
            *({**head, "choices": [choice]} for choice in choices),
            *(last if options.get("include_usage") else []),
        ]

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.question.digest[:24]}",
            "object": kind,
            "created": CREATED,
            "model": self.question.body["model"],
            "system_fingerprint": FINGERPRINT,
        }

    def _usage(self) -> dict[str, int]:
        prompt, completion = self.question.prompt_tokens, self.completion_tokens
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }

    def _call(self, arguments: str | None = None) -> dict[str, Any]:
        said = self.content if arguments is None else arguments
        return {
            "id": f"call_{self.question.digest[:16]}",
            "type": "function",
            "function": {"name": self.question.tool, "arguments": said},
        }


def sentence(rng: Random, least: int, most: int | None) -> str:
    """Some words of between `least` and `most` characters."""
    target = rng.randint(12, 80)
    said = ""
    while len(said) < max(target, least):
        said += rng.choice(_WORDS) + " "
    limit = max(target, least)
    return said[: limit if most is None else min(limit, most)].rstrip().ljust(least, ".")


def tokens(text: str) -> int:
    """A simple count that everybody can repeat: a token is four bytes of UTF-8."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)


def _text(content: Any) -> str:
    """A message's content: a string, a list of parts, or nothing."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return "" if content is None else str(content)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _demand(body: dict[str, Any]) -> tuple[str | None, Schema | None]:
    """The tool that must be called, and the schema of what must be said."""
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        return None, Schema(wanted["json_schema"]["schema"])
    if wanted.get("type") == "json_object":
        return None, Schema({"type": "object", "properties": {"text": {}}, "required": ["text"]})
    choice = body.get("tool_choice")
    functions = {tool["function"]["name"]: tool["function"] for tool in body.get("tools") or []}
    if not functions or choice in (None, "auto", "none"):
        return None, None
    name = next(iter(functions)) if choice == "required" else choice["function"]["name"]
    return name, Schema(functions[name].get("parameters") or {"type": "object"})
