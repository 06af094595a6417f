"""A toy world, with a lever whose rulings depend on the order of messages and one whose do not."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from gdg_runtime.actors.levers import Lever
from gdg_runtime.scenarios.actions import NOOP, Action, Alignment, Applied, Event, Tool
from gdg_runtime.scenarios.interactions import Account, Charges
from gdg_runtime.scenarios.observation import Observation
from gdg_runtime.scenarios.world import Moment, NoopPolicy, Policy, World


class Asker(Policy):
    """Always asks for a ticket."""

    def act(self, observation, rng) -> Action:
        return Action(tool="take")


class Counter(World):
    """Hands out tickets; who has none is worth less."""

    name = "counter"
    summary = "Tickets for whoever is let through."

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

    tools = (Tool("take", "Take a ticket."),)
    policies: ClassVar = {"asker": Asker, "noop": NoopPolicy}
    reference, baseline = "asker", "noop"

    def __init__(self, config, seats, draws) -> None:
        super().__init__(config, seats, draws)
        self.served = {seat.agent: False for seat in self.seats}

    def open_step(self, moment: Moment) -> list[Event]:
        self.served = dict.fromkeys(self.served, False)
        return []

    def observe(self, agent: str) -> Observation:
        return Observation(agent=agent)

    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        if action.tool is None or action == NOOP:
            return Applied()
        self.served[agent] = True
        return Applied(events=[Event("ticket_taken", {}, agent)])

    def score(self, agent: str) -> Alignment:
        return Alignment.from_violations({"unserved": 0.5 * (not self.served[agent])})


class FirstCome(Lever):
    """Lets the first three of each step through: a race, decided by the order of messages."""

    name = "first_come"

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.step, self.through = -1, 0

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        if moment.index != self.step:
            self.step, self.through = moment.index, 0
        self.through += 1
        return None if self.through <= 3 else "three were faster"

    def on_epoch_start(self, accounts: Sequence[Account], moment: Moment) -> Charges:
        self.step = -1
        return Charges()


class OddNumbers(Lever):
    """Lets agents with odd numbers through, whoever comes first."""

    name = "odd_numbers"

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        return None if int(account.agent[-1]) % 2 else "not today"
