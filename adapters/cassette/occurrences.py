"""Which of its equal requests one is: what tells them apart on a cassette."""

from collections.abc import Mapping

from ...runtime.drivers.replay import replay
from ...runtime.errors import GdgError, ReplayDivergence
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


def occurrences(kernel: Kernel, recorded: Recorded) -> Mapping[tuple[str, int], int]:
    """The occurrence of every request of a recorded run, by (actor, number).

    The run is executed again for this: a request that was given up before it could begin counts,
    and the journal need not know of it. Raises ReplayDivergence.
    """
    counted = Occurrences()
    found: dict[tuple[str, int], int] = {}

    def saw(request: EffectRequest) -> None:
        found[request.actor, request.number] = counted.count(request.actor, request.digest)

    kernel.reservations.saw = saw
    try:
        replay(kernel, recorded)
    except ReplayDivergence:
        raise
    except GdgError:
        pass  # whatever ended the recorded run ends it again
    return found
