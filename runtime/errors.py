"""Everything that the engine raises, as a tree.

GdgError
├── ProgramError                the actor program is wrong; always ends the run
│   ├── NondeterministicAwait   an actor awaited something its context does not offer
│   ├── Deadlock                nothing is left to do, and an actor still waits
│   └── KernelInEventLoop       the kernel was run inside trio or asyncio
├── ActorError                  raised in the actor that made the mistake; supervised
│   ├── AskCycle                an ask whose target waits for the asker
│   ├── NameTaken               spawn under a name that is in use
│   └── NotAccepted             a message or reference type that the actor does not handle
├── AskFailed                   raised at an ask that can't be answered
│   ├── TargetStopped
│   ├── TargetFailed
│   └── MailboxFull
├── EffectError                 raised where an effect's outcome is awaited
│   ├── EffectFailed
│   ├── EffectTimedOut
│   └── EffectCancelled
├── EffectFault                 raised inside an effect: it ends with facts that are recorded
├── EffectWithheld              raised inside an effect: it is not available now, the run pauses
├── RunFailed                   a failure that supervision let through to the top
└── JournalError
    ├── JournalDamaged          a line that is neither whole nor the torn end of the file
    ├── JournalVersion          written by a version that this one can't read
    ├── ReplayDivergence        the program asks something else than it did when recorded
    └── NotSerialisable         a request or value that has no canonical JSON form
"""

from collections.abc import Sequence
from typing import Any


class GdgError(Exception):
    """Base class of the engine's errors."""


class ProgramError(GdgError):
    """The actor program breaks a rule that replay depends on. Not supervised: the run ends."""


class NondeterministicAwait(ProgramError):
    """A deterministic actor awaited something foreign: a sleep, a future, a socket."""

    def __init__(self, actor: str, handler: str, awaited: str) -> None:
        self.actor, self.handler, self.awaited = actor, handler, awaited
        super().__init__(
            f"actor {actor!r} in {handler} awaited {awaited}, which is outside of the run's "
            f"order. Await only what ctx offers; for real I/O use `await ctx.effect(function, "
            f"*args)` or an effect actor, for waiting `await ctx.sleep(steps)`."
        )


class Deadlock(ProgramError):
    """Nothing is left to do and at least one actor still waits for an answer."""

    def __init__(self, waits: Sequence[tuple[str, str]], cycle: Sequence[str]) -> None:
        self.waits, self.cycle = tuple(waits), tuple(cycle)
        if cycle:
            story = "they wait in a circle: " + " → ".join(cycle)
        else:
            story = "; ".join(f"{who!r} waits for {whom!r}" for who, whom in waits[:5])
            if len(waits) > 5:
                story += f"; and {len(waits) - 5} more"
        super().__init__(
            f"deadlock: no message is left and {story}. An actor that took "
            f"ctx.reply_later() must call ctx.reply(handle, answer) in the end."
        )


class KernelInEventLoop(ProgramError):
    """The kernel was asked to run in a thread where an event loop runs."""

    def __init__(self, library: str) -> None:
        super().__init__(
            f"the kernel was run inside a {library} event loop, where a foreign await could "
            f"corrupt that loop. Run it with a driver: `await drive(kernel, …)` hops to a "
            f"worker thread, `replay` and `simulate` run in a plain thread."
        )


class ActorError(GdgError):
    """A mistake of one actor, raised in its handler and handled by its supervision."""


class AskCycle(ActorError):
    """An ask whose target already waits, directly or through others, for the asker."""

    def __init__(self, cycle: Sequence[str]) -> None:
        self.cycle = tuple(cycle)
        super().__init__(
            "ask cycle: " + " → ".join(cycle) + ". None of them could ever answer; "
            "use tell for one of these messages."
        )


class NameTaken(ActorError):
    """Spawn under a path that a living actor has."""

    def __init__(self, path: str) -> None:
        super().__init__(f"an actor named {path!r} is alive already; choose another name")


class NotAccepted(ActorError):
    """The target has no handler for this type of message."""

    def __init__(self, path: str, message: str, accepted: Sequence[str]) -> None:
        known = ", ".join(accepted) or "nothing"
        super().__init__(f"actor {path!r} does not handle {message}; it handles {known}")


class AskFailed(GdgError):
    """An ask will never be answered."""


class TargetStopped(AskFailed):
    """The asked actor has stopped, or was isolated after too many failures."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"actor {path!r} can't answer: it is {why}")


class TargetFailed(AskFailed):
    """The asked actor's handler raised."""

    def __init__(self, path: str, error: str) -> None:
        super().__init__(f"actor {path!r} failed while it handled the question: {error}")


class MailboxFull(AskFailed):
    """The asked actor waits for something itself and holds as many messages as it may."""

    def __init__(self, path: str, capacity: int) -> None:
        super().__init__(f"actor {path!r} waits and its mailbox is full ({capacity} messages)")


class EffectError(GdgError):
    """An effect that did not end well."""


class EffectFailed(EffectError):
    """The effect's function raised; `kind` is the exception's type, as text.

    `facts` are those of an `EffectFault`, None for any other exception.
    """

    def __init__(self, effect: str, kind: str, text: str, facts: Any = None) -> None:
        self.effect, self.kind, self.text, self.facts = effect, kind, text, facts
        super().__init__(f"effect {effect} failed with {kind}: {text}")


class EffectTimedOut(EffectError):
    """The effect took longer than its time limit."""

    def __init__(self, effect: str, limit: str) -> None:
        super().__init__(f"effect {effect} took longer than its limit of {limit} s")


class EffectCancelled(EffectError):
    """The effect was cancelled before it was done."""

    def __init__(self, effect: str) -> None:
        super().__init__(f"effect {effect} was cancelled")


class EffectFault(GdgError):
    """Raised inside an effect to end it with facts (plain JSON data) that the asker can read.

    They are recorded as the outcome, with `kind` in place of the exception's type.
    """

    def __init__(self, kind: str, text: str, facts: Any = None) -> None:
        self.kind, self.facts = kind, facts
        super().__init__(text)


class EffectWithheld(GdgError):
    """Raised inside an effect that is not available now: the run pauses, to be resumed later.

    It is no outcome: nothing is recorded, and the resumed run asks again.
    """


class RunFailed(GdgError):
    """A failure that reached the top of the supervision tree. `__cause__` is the error itself."""

    def __init__(self, actor: str, handler: str, error: BaseException) -> None:
        self.actor, self.handler = actor, handler
        super().__init__(f"actor {actor!r} failed in {handler}: {type(error).__name__}: {error}")


class JournalError(GdgError):
    """Something is wrong with a recorded run."""


class JournalDamaged(JournalError):
    """A line in the middle of the journal is not what was written."""

    def __init__(self, file: str, line: int, why: str) -> None:
        self.file, self.line = file, line
        super().__init__(f"{file}:{line}: {why}")


class JournalVersion(JournalError):
    """The journal's schema version is unknown here."""

    def __init__(self, found: object, known: int) -> None:
        super().__init__(
            f"the journal has schema version {found!r}, this program reads version {known}; "
            f"use the version of gdg-runtime that wrote it (meta.json names it)"
        )


class ReplayDivergence(JournalError):
    """The program asks for another effect than the one recorded in that place."""

    def __init__(self, actor: str, number: int, recorded: str, requested: str) -> None:
        self.actor, self.number = actor, number
        self.recorded, self.requested = recorded, requested
        super().__init__(
            f"replay diverges at actor {actor!r}, message {number}:\n"
            f"  recorded:  {recorded}\n"
            f"  requested: {requested}\n"
            f"The code, the config or a library has changed since the run was recorded."
        )


class NotSerialisable(JournalError):
    """A value that can't be written as canonical JSON."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} has no canonical JSON form: {why}")
