"""What an agent asked of language models, in numbers."""

from typing import NamedTuple

from .chat import ChatReply, ModelTrouble


class ModelUse(NamedTuple):
    """What was asked of language models. Adds up over turns."""

    calls: int = 0
    """Requests sent, failed ones included."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    uncounted: int = 0
    """Answers whose tokens the provider did not tell."""
    faults: int = 0
    """Attempts that failed."""
    failed: int = 0
    """Questions that got no answer at all."""
    repaired: int = 0
    """Replies that were valid only when asked again."""
    invalid: int = 0
    """Replies that stayed invalid."""

    def __add__(self, other: object) -> "ModelUse":
        if not isinstance(other, ModelUse):
            return NotImplemented
        return ModelUse(*[mine + its for mine, its in zip(self, other, strict=True)])

    @classmethod
    def of_reply(cls, reply: ChatReply) -> "ModelUse":
        """A question that was answered."""
        usage = reply.usage
        return cls(
            calls=reply.calls,
            prompt_tokens=usage.prompt_tokens if usage else 0,
            completion_tokens=usage.completion_tokens if usage else 0,
            uncounted=0 if usage else 1,
            faults=len(reply.faults),
        )

    @classmethod
    def of_trouble(cls, trouble: ModelTrouble) -> "ModelUse":
        """A question that got no answer."""
        return cls(calls=trouble.calls, faults=len(trouble.faults), failed=1)
