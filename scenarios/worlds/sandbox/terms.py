"""The public terms of governance, as agents reckon with them."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Terms(NamedTuple):
    """What governance announces. Names and meanings are those of the `governance:` section."""

    transaction_tax_rate: float = 0.0
    transaction_tax_split: float = 0.5
    audit_probability: float = 0.0
    audit_threshold_p: float = 0.5
    audit_penalty_multiplier: float = 2.0
    freeze_threshold_toxicity: float | None = None
    min_stake_to_participate: float = 0.0
    stake_slash_rate: float = 0.0
    stake_slash_threshold_p: float = 0.2
    bandwidth_cap: int | None = None

    @classmethod
    def read(cls, announced: Mapping[str, Any]) -> "Terms":
        """Pick the known terms; what is not announced keeps the value that does nothing.

        Terms may stand at the top or one level down, under the name of their lever.
        """
        found: dict[str, Any] = {}
        for name, value in announced.items():
            entries = value.items() if isinstance(value, Mapping) else ((name, value),)
            for key, entry in entries:
                if key in cls._fields and entry is not None:
                    found[key] = entry
        return cls(**found)

    @property
    def in_force(self) -> dict[str, float | int]:
        """The terms that do anything."""
        found: dict[str, float | int] = {}
        if self.transaction_tax_rate:
            found["transaction_tax_rate"] = self.transaction_tax_rate
            found["transaction_tax_split"] = self.transaction_tax_split
        if self.audit_probability:
            found["audit_probability"] = self.audit_probability
            found["audit_threshold_p"] = self.audit_threshold_p
            found["audit_penalty_multiplier"] = self.audit_penalty_multiplier
        if self.freeze_threshold_toxicity is not None:
            found["freeze_threshold_toxicity"] = self.freeze_threshold_toxicity
        if self.min_stake_to_participate:
            found["min_stake_to_participate"] = self.min_stake_to_participate
        if self.stake_slash_rate:
            found["stake_slash_rate"] = self.stake_slash_rate
            found["stake_slash_threshold_p"] = self.stake_slash_threshold_p
        if self.bandwidth_cap is not None:
            found["bandwidth_cap"] = self.bandwidth_cap
        return found

    def tax(self, tau: float) -> tuple[float, float]:
        """What the two sides of an accepted interaction pay on the transfer."""
        tax = self.transaction_tax_rate * abs(tau)
        return tax * self.transaction_tax_split, tax * (1.0 - self.transaction_tax_split)

    def penalty(self, p: float, stake: float) -> float:
        """What an initiator must expect to lose, by audit and slashing, for work of this p."""
        lost = 0.0
        if p < self.audit_threshold_p:
            shortfall = self.audit_threshold_p - p
            lost = self.audit_probability * shortfall * self.audit_penalty_multiplier
        if p < self.stake_slash_threshold_p:
            lost += self.stake_slash_rate * stake
        return lost
