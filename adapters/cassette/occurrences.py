"""Which of its equal requests one is: what tells them apart on a cassette."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...runtime.drivers.replay import replay
from ...runtime.errors import GdgError, KernelInEventLoop, ReplayDivergence
from ...runtime.journal import Recorded
from ...runtime.kernel import Kernel
from ...runtime.slot import EffectRequest


class Occurrences:
    """Counts, for each actor, the requests that are equal. The scope is the actor, since only
    inside of one is the order of requests the same whenever the program runs."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    def count(self, actor: str, request: str) -> int:
        """The number of this request among the actor's equal ones, from 1."""
        number = self._counts.get((actor, request), 0) + 1
        self._counts[actor, request] = number
        return number


class Requests(NamedTuple):
    """What a run asked for."""

    occurrences: Mapping[tuple[str, int], int]
    """Of every request, by (actor, number)."""
    given_up: Sequence[EffectRequest]
    """Those whose outcome nobody waited for."""


def requests_of(kernel: Kernel, recorded: Recorded) -> Requests:
    """The requests of a recorded run, which the kernel executes again for this.

    The journal need not know of a request that was given up: how far its effect had got by then
    is luck. Raises ReplayDivergence, and KernelInEventLoop where one runs in this thread.
    """
    counted = Occurrences()
    found: dict[tuple[str, int], int] = {}

    def saw(request: EffectRequest) -> None:
        found[request.actor, request.number] = counted.count(request.actor, request.digest)

    kernel.reservations.saw = saw
    try:
        replay(kernel, recorded)
    except (ReplayDivergence, KernelInEventLoop):
        raise
    except GdgError:
        pass  # whatever ended the recorded run ends it again
    return Requests(found, [slot.request for slot in kernel.reservations.take_released()])
