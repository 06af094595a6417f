"""Supervision, in OTP's words: rules for handlers that raise, and the messages that report it."""

from enum import Enum
from typing import NamedTuple

from .message import Message


class Directive(Enum):
    """An answer to a failure."""

    RESUME = "resume"
    """Give up the message, keep the actor as it is."""
    RESTART = "restart"
    """A new instance under the same reference; waiting messages are kept."""
    STOP = "stop"
    """Stop the actor; watchers get `Terminated`."""
    ISOLATE = "isolate"
    """Keep the actor but deliver nothing to it any more."""
    ESCALATE = "escalate"
    """The parent fails with the same error; at the top the run ends."""


class Supervision(NamedTuple):
    """The rules for an actor's failures.

    `directive` applies up to `max_failures` failures within the last `within_steps` steps of
    logical time (None: in the whole life); the next failure gets `exceeded`.
    """

    directive: Directive = Directive.ESCALATE
    max_failures: int = 3
    within_steps: int | None = None
    exceeded: Directive = Directive.ESCALATE


class Terminated(Message, name="engine.terminated"):
    """Sent to watchers when an actor is gone for good."""

    path: str
    reason: str


class ActorFailed(Message, name="engine.actor_failed"):
    """Sent to the kernel's listener for each failure; quotes the message, not the mailbox."""

    path: str
    handler: str
    error: str
    message: str
    directive: str
    """The directive carried out; `dropped` for an error of an actor that was being stopped."""
    failures: int
    """Number of failures of this actor that count at this moment, this one included."""


class DeadLetter(Message, name="engine.dead_letter"):
    """Sent to the kernel's listener for each message that no actor handled."""

    reason: str
    """unhandled, stopped, isolated, mailbox_full, late_reply or unknown_target."""
    sender: str
    target: str
    message: str
