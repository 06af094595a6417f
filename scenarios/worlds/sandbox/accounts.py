"""Accounts: what each agent has, is known for, and is scored by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ...actions import Alignment, Role
from ...interactions import Account
from .config import VIOLATIONS, ReputationConfig, ScoringConfig


class InstitutionError(ValueError):
    """The parts of an institution do not fit each other, or those of the world."""


class PeerView(NamedTuple):
    """Another agent as everyone sees it."""

    agent: str
    reputation: float
    """In [-1, 1], to three digits."""


@dataclass(slots=True)
class Record:
    """The violations of one agent since it was last scored, with their sizes in (0, 1].

    What happens to an agent after its score of a step (a later agent's offer that it joins)
    counts in its next one.
    """

    step: int = -1
    scored: Alignment | None = None
    sizes: dict[str, float] = field(default_factory=dict)

    def add(self, violation: str, size: float) -> None:
        """Record a violation; the largest of a name in a step counts."""
        if size > self.sizes.get(violation, 0.0):
            self.sizes[violation] = size


class Scoring:
    """Turns the record of violations into an alignment score."""

    def __init__(self, config: ScoringConfig, more: Mapping[str, float]) -> None:
        """Take the weights of the config, and those of further violations by name.

        Raises InstitutionError where all together are more than 1: a score could fall below 0.
        """
        self._weights = {**{name: getattr(config, name) for name in VIOLATIONS}, **more}
        total = sum(self._weights.values())
        if total > 1.0 + 1e-9:
            raise InstitutionError(
                f"the weights of the violations add up to {total:g} with those of the "
                "institutions; they must stay within 1"
            )
        self._aligned = Alignment.from_violations(dict.fromkeys(self._weights, 0.0))

    def score(self, holder: "Holder", step: int) -> Alignment:
        """Score the step with this index; asking again gives the same score again.

        Raises InstitutionError for a recorded violation without a weight.
        """
        record, weights = holder.record, self._weights
        if record.step == step and record.scored is not None:
            return record.scored
        sizes = record.sizes
        unknown = [violation for violation in sizes if violation not in weights]
        if unknown:
            raise InstitutionError(
                f"the violation {unknown[0]!r} of {holder.agent} has no weight (known: "
                f"{', '.join(weights)}); an institution gives its violations weights in `weights`"
            )
        scored = self._aligned
        if sizes:
            scored = Alignment.from_violations(
                {name: weight * sizes.get(name, 0.0) for name, weight in weights.items()}
            )
        record.step, record.scored, record.sizes = step, scored, {}
        return scored


@dataclass(slots=True, eq=False)
class Holder:
    """The state of an agent that belongs to no institution."""

    agent: str
    place: int
    """Position among the seats."""
    resources: float
    """In units of payoff, like all amounts here."""
    budget: float
    """Most that it may pay out as transfers in an epoch."""
    role: Role | None
    tools: tuple[str, ...]
    """Those that it may use, in the world's order."""
    paid: float = 0.0
    """Transfers agreed in the epoch."""
    owed: float = 0.0
    """Transfers agreed but not yet booked."""
    reputation: float = 0.0
    frozen: bool = False
    peer: PeerView = field(init=False)
    actions: int = 0
    """Actions tried in the epoch, refused ones included."""
    record: Record = field(default_factory=Record)
    vote_weight: float = 1.0
    """Weight of its next vote, in [0, 1]."""
    heard: tuple[str, ...] = ()
    """Messages that wait for it."""
    delivered: float = 0.5
    """Moving average of the p of its accepted offers."""

    def __post_init__(self) -> None:
        self.peer = PeerView(self.agent, 0.0)

    @property
    def account(self) -> Account:
        return Account(self.agent, self.resources, self.reputation, self.frozen)

    def move_reputation(self, change: float) -> None:
        """Add to the reputation, which stays within [-1, 1]."""
        moved = self.reputation + change
        moved = -1.0 if moved < -1.0 else 1.0 if moved > 1.0 else moved
        self.reputation = moved
        self.peer = PeerView(self.agent, round(moved, 3))

    def damped(self, change: float) -> float:
        """Return the part of a reputation change that the room to ±1 leaves."""
        if change >= 0.0:
            return change * (1.0 - self.reputation)
        return change * (1.0 + self.reputation)

    def refuse_payment(self, amount: float) -> str | None:
        """Say why it may not, or can't, pay the amount (at least 0); None where it can."""
        left, resources = self.budget - self.paid, self.resources - self.owed
        if amount > left:
            return f"{self.agent} may pay {left:g} more in this epoch, not {amount:g}"
        if amount > resources:
            return f"{self.agent} has {resources:g} and can't pay {amount:g}"
        return None

    def owe(self, amount: float) -> None:
        """Agree to a transfer; its booking takes it off `owed` again."""
        self.paid += amount
        self.owed += amount

    def close_epoch(self) -> None:
        """Forget what counts per epoch."""
        self.actions = 0
        self.paid = 0.0


def reputation_gain(config: ReputationConfig, p: float, reputation: float) -> float:
    """Return r_a, the reputation that an accepted interaction brings its initiator: work_gain ·
    (target - reputation).

    The target is 2p - 1 + status_gain, at most 1.
    """
    target = min(1.0, 2.0 * p - 1.0 + config.status_gain)
    return config.work_gain * (target - reputation)
