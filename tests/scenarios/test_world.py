"""The contract gives a world defaults, and a role says why a tool is not its own."""

from typing import Any, ClassVar

import pytest

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import Role
from gdg_runtime.scenarios.observation import Observation, Source
from gdg_runtime.scenarios.world import Seat
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

AUDITOR = Role("auditor", "Looks.", "You look.", ("vote", "reply"))


class Plain(Observation):
    level: float = 1 / 3

    def panels(self) -> dict[str, Any]:
        return {"level": self.level, "name": "x"}


def test_an_observation_that_tells_nothing_more_forbids_nothing_and_has_its_messages_as_sources():
    observation = Plain(agent="ann", messages=("hello", "hurry"))
    assert observation.options() is None
    assert observation.choices() == {}
    assert observation.sources() == (Source("message", "0", None), Source("message", "1", None))
    assert observation.reading() == {"level": 0.3333, "name": "x"}
    assert Plain(agent="ann").sources() == ()


@pytest.mark.parametrize(
    ("role", "tool", "words"),
    [
        (AUDITOR, "vote", None),
        (AUDITOR, "propose", "an auditor may not propose; its tools are vote, reply"),
        (Role("watcher", "", "", ()), "vote", "a watcher may not vote; it has no tools"),
    ],
)
def test_a_role_refuses_other_tools_than_its_own_and_names_those(role, tool, words):
    assert role.refusal(tool) == words


def test_only_roles_that_the_world_has_bind_an_agent():
    seats = [Seat("ann", "verifier"), Seat("ben"), Seat("cem", "king")]
    world = SandboxWorld(SandboxWorld.Config(), seats, Draws(1))
    assert world.roles_taken() == {"ann": SandboxWorld.roles["verifier"]}

    class Roleless(SandboxWorld):
        roles: ClassVar[dict[str, Role]] = {}

    assert Roleless(SandboxWorld.Config(), seats, Draws(1)).roles_taken() == {}
