"""An institution of your own in the sandbox: agents vouch for others in public.

    cd examples && gdg-runtime start own_institution.yaml --scenario-param vouching.per_epoch=1

`python own_institution.py` runs the contract checks on the world that has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, Field, JsonValue

from gdg_runtime.actors.agents import Agent
from gdg_runtime.runtime import Context
from gdg_runtime.scenarios.actions import NOOP, Action, Applied, Arguments, Event
from gdg_runtime.scenarios.schema.sections import Section
from gdg_runtime.scenarios.world import Policy, RngSource
from gdg_runtime.scenarios.worlds.sandbox.accounts import Holder
from gdg_runtime.scenarios.worlds.sandbox.config import SandboxConfig
from gdg_runtime.scenarios.worlds.sandbox.institutions import INSTITUTIONS, Institution
from gdg_runtime.scenarios.worlds.sandbox.institutions.institution import (
    Handler,
    Seen,
    Society,
    View,
)
from gdg_runtime.scenarios.worlds.sandbox.observation import SandboxObservation
from gdg_runtime.scenarios.worlds.sandbox.policies import Honest
from gdg_runtime.scenarios.worlds.sandbox.roles import Move, SandboxTool
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld


class VouchingConfig(Section):
    """The institution's section of the config."""

    per_epoch: int = Field(default=2, ge=0, le=1000)
    """Times that an agent may vouch in an epoch."""
    gain: float = Field(default=0.05, ge=0.0, le=1.0)
    """Reputation that it gives, less where little room is left to 1."""


class VillageConfig(SandboxConfig):
    """The settings of the sandbox, and the section."""

    vouching: VouchingConfig = VouchingConfig()


class VouchArguments(Arguments):
    """Whom to vouch for."""

    agent: str = Field(min_length=1, max_length=200)


@dataclass(slots=True)
class VouchingView(View):
    """What one agent sees of the institution in its turn."""

    trusted: Mapping[str, int]
    """How often each agent was vouched for in the epoch; never changed, but replaced."""
    vouches_left: int

    def remaining(self) -> tuple[int]:
        return (self.vouches_left,)

    def panels(self) -> dict[str, JsonValue]:
        return {"trusted": dict[str, JsonValue](self.trusted)}

    def options(self, seen: Seen) -> tuple[str, ...]:
        return ("vouch",) if self.vouches_left > 0 and seen.peers else ()

    def choices(self, seen: Seen) -> dict[str, tuple[JsonValue, ...]]:
        return {"vouch.agent": tuple(peer.agent for peer in seen.peers)}


class Vouching(Institution):
    """Lets agents raise the reputation of others."""

    name: ClassVar[str] = "vouching"
    tools: ClassVar[tuple[SandboxTool, ...]] = (
        SandboxTool("vouch", "Vouch for another agent.", VouchArguments, move=Move.JUDGE),
    )
    limits: ClassVar[Mapping[str, tuple[str, ...]]] = {"vouches": ("vouch",)}

    def __init__(self, society: Society) -> None:
        super().__init__(society)
        assert isinstance(society.config, VillageConfig)
        self.config = society.config.vouching
        self.given = dict.fromkeys(society.holders, 0)
        self.trusted: Mapping[str, int] = {}

    @classmethod
    def is_open(cls, config: SandboxConfig) -> bool:
        return isinstance(config, VillageConfig) and config.vouching.per_epoch > 0

    def handlers(self) -> Mapping[str, Handler]:
        return {"vouch": self.vouch}

    def view(self, holder: Holder, *, opening: bool = False) -> VouchingView:
        left = self.config.per_epoch - self.given[holder.agent] if "vouch" in holder.tools else 0
        return VouchingView(self.trusted, left)

    def vouch(self, holder: Holder, arguments: VouchArguments) -> Applied:
        other = self.society.holders.get(arguments.agent)
        if other is None or other is holder:
            error = f"{arguments.agent!r} is not another agent here; vouch for one you have seen"
            return Applied(ok=False, error=error, unknown=True)
        if self.given[holder.agent] >= self.config.per_epoch:
            return Applied(ok=False, error="you have vouched enough; wait for the next epoch")
        self.given[holder.agent] += 1
        self.trusted = {**self.trusted, other.agent: self.trusted.get(other.agent, 0) + 1}
        moved = other.damped(self.config.gain)
        other.move_reputation(moved)
        data = {"other": other.agent, "reputation_delta": moved}
        return Applied(events=[Event("vouched", data, holder.agent, told=True)])

    def close_epoch(self) -> dict[str, Any]:
        total = sum(self.given.values())
        self.given = dict.fromkeys(self.given, 0)
        self.trusted = {}
        return {"vouches": total}


class Neighbour(Honest):
    """Acts as an honest agent, and vouches now and then for whom it has good experience with."""

    def act(self, observation: SandboxObservation, rng: RngSource) -> Action:
        if "vouch" in observation.options() and rng("vouch").chance(0.3):
            for peer in observation.choices()["vouch.agent"]:
                if (self.trust.experience(str(peer)) or 0.0) > 0.7:
                    return Action(tool="vouch", args={"agent": peer})
        return super().act(observation, rng)


class Flatterer(Agent):
    """Vouches for whoever is vouched for already: an agent class of one's own."""

    def act(self, observation: SandboxObservation, ctx: Context) -> Action:
        if "vouch" not in observation.options():
            return NOOP
        trusted = observation.view(VouchingView).trusted
        peers = [peer.agent for peer in observation.peers]
        favourite = max(peers, key=lambda peer: trusted.get(peer, 0))
        return Action(tool="vouch", args={"agent": favourite})


class Village(SandboxWorld):
    """The sandbox with the institution."""

    name: ClassVar[str] = "village"
    Config: ClassVar[type[BaseModel]] = VillageConfig
    available: ClassVar[tuple[type[Institution], ...]] = (*INSTITUTIONS, Vouching)
    policies: ClassVar[Mapping[str, type[Policy]]] = {
        **SandboxWorld.policies,
        "neighbour": Neighbour,
    }


if __name__ == "__main__":
    from gdg_runtime.scenarios.testing.checks import run_contract_checks

    for result in run_contract_checks(Village):
        print("passed" if result.passed else "FAILED", result.name, "-", result.detail)
