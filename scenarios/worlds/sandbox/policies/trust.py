"""What an agent has learned of the others, bounded in memory."""

_CAPACITY = 128


class Trust:
    """A moving estimate of p per peer, mixed with a prior where little is known.

    Old evidence fades, so that a peer that was burned can win trust back. Beyond 128 peers the
    one met first is forgotten.
    """

    __slots__ = ("_known", "_memory", "_strength")

    def __init__(self, strength: float, memory: float) -> None:
        self._strength = strength
        self._memory = memory
        self._known: dict[str, tuple[float, float]] = {}

    def belief(self, peer: str, prior: float) -> float:
        """The expected p of work with the peer."""
        known = self._known.get(peer)
        if known is None:
            return prior
        weight, total = known
        return (self._strength * prior + total) / (self._strength + weight)

    def experience(self, peer: str) -> float | None:
        """The p of the peer's work alone; None for a peer never worked with."""
        known = self._known.get(peer)
        return None if known is None else known[1] / known[0]

    def learn(self, peer: str, p: float, weight: float) -> None:
        """Take in the p of one piece of work, with a weight above 0."""
        known = self._known.get(peer)
        if known is None:
            if len(self._known) >= _CAPACITY:
                del self._known[next(iter(self._known))]
            self._known[peer] = (weight, weight * p)
        else:
            kept = self._memory
            self._known[peer] = (kept * known[0] + weight, kept * known[1] + weight * p)
