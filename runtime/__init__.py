"""The engine: a deterministic actor runtime whose runs replay byte for byte.

The map, in the order of a message's journey:

- `message`, `actor`, `context`: the parts that programs are written with: typed messages and
  references, actors with handlers, and the context through which an actor acts on the run.
- `order`, `envelope`, `cell`, `kernel`: one envelope at a time, in the order (logical time, tie,
  origin, number). The kernel is a plain object without any event loop.
- `registry`, `supervision`: how actors come, fail and go.
- `waiting`: the answers that an async handler may await, and the search for circles of waits.
- `effects`, `codec`, `reservations`: requests to the outside, and the places in the order that are
  reserved for their outcomes.
- `drivers`: the hosts of the kernel: `live` (real effects under anyio) and `replay` (journal only);
  `testing` hosts it in virtual time.
- `journal`, `hash_chain`, `text_store`, `canonical`: the recorded facts.
- `foreign_await`, `errors`: rules that a program broke, and everything else that is raised.
- `randomness`, `order.Clock`: randomness and time, both functions of the config.
- `wording`: short texts for messages that people and language models read.

It imports none of the other layers.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .actor import Actor, EffectActor, handles
    from .context import Context, Timer
    from .drivers import RunEnd
    from .drivers.effects import Limits
    from .drivers.live import StopSwitch, drive, from_outside
    from .drivers.replay import replay
    from .effects import EffectReport, EffectRequest, Outcome
    from .errors import EffectError, EffectFailed, EffectFault, EffectWithheld
    from .journal import Journal, Recorded
    from .kernel import Kernel, State
    from .message import ActorRef, Message
    from .order import Clock, schedule
    from .randomness import Draws, Stream
    from .supervision import ActorFailed, DeadLetter, Directive, Supervision, Terminated
    from .waiting import Gathered, Pending, Race, Winner

__all__ = [
    "Actor",
    "ActorFailed",
    "ActorRef",
    "Clock",
    "Context",
    "DeadLetter",
    "Directive",
    "Draws",
    "EffectActor",
    "EffectError",
    "EffectFailed",
    "EffectFault",
    "EffectReport",
    "EffectRequest",
    "EffectWithheld",
    "Gathered",
    "Journal",
    "Kernel",
    "Limits",
    "Message",
    "Outcome",
    "Pending",
    "Race",
    "Recorded",
    "RunEnd",
    "State",
    "StopSwitch",
    "Stream",
    "Supervision",
    "Terminated",
    "Timer",
    "Winner",
    "drive",
    "from_outside",
    "handles",
    "replay",
    "schedule",
]

_HOMES = ("message", "errors", "randomness", "order", "supervision", "actor", "effects",
          "waiting", "context", "journal", "kernel", "drivers", "drivers.effects",
          "drivers.replay", "drivers.live")  # fmt: skip
"""The modules that hold the names above, the light ones first."""


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: who needs one light module pays for no engine."""
    if name in __all__:
        for home in _HOMES:
            found = getattr(import_module(f".{home}", __name__), name, None)
            if found is not None and not isinstance(found, ModuleType):
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
