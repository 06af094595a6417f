"""The sandbox is composed of institutions, and one that it does not know fits in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from gdg_runtime.runtime.randomness import Draws
from gdg_runtime.scenarios.actions import NOOP, Action, Applied, Event
from gdg_runtime.scenarios.world import Moment, Seat
from gdg_runtime.scenarios.worlds.sandbox.accounts import Holder
from gdg_runtime.scenarios.worlds.sandbox.config import SandboxConfig, ScoringConfig
from gdg_runtime.scenarios.worlds.sandbox.institutions import INSTITUTIONS, Institution
from gdg_runtime.scenarios.worlds.sandbox.institutions.institution import (
    Handler,
    InstitutionError,
    Seen,
    Society,
    View,
)
from gdg_runtime.scenarios.worlds.sandbox.roles import Move, SandboxTool
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

TYPES = ("honest", "opportunistic", "deceptive", "adversarial", "noop")


class BellConfig(SandboxConfig):
    scoring: ScoringConfig = ScoringConfig(idle=0.05)
    rings: int = 1


@dataclass(slots=True)
class BellView(View):
    left: int

    def remaining(self) -> tuple[int]:
        return (self.left,)

    def panels(self) -> dict[str, Any]:
        return {"bell": 1 / 3}

    def options(self, seen: Seen) -> tuple[str, ...]:
        return ("ring",) if self.left else ()


class Bell(Institution):
    """Whoever rings it disturbs everyone."""

    name: ClassVar[str] = "bell"
    tools: ClassVar[tuple[SandboxTool, ...]] = (
        SandboxTool("ring", "Ring the bell.", move=Move.SPEAK),
    )
    limits: ClassVar[Mapping[str, tuple[str, ...]]] = {"rings": ("ring",)}

    def __init__(self, society: Society) -> None:
        super().__init__(society)
        self.rung = 0

    @classmethod
    def is_open(cls, config: SandboxConfig) -> bool:
        return isinstance(config, BellConfig) and config.rings > 0

    @classmethod
    def weights(cls, config: SandboxConfig) -> dict[str, float]:
        return {"noise": 0.05}

    def handlers(self) -> Mapping[str, Handler]:
        return {"ring": self.ring}

    def view(self, holder: Holder, *, opening: bool = False) -> BellView:
        return BellView(max(0, self.society.config.rings - self.rung))  # type: ignore[attr-defined]

    def ring(self, holder: Holder, arguments: BaseModel) -> Applied:
        self.rung += 1
        holder.record.add("noise", 1.0)
        return Applied(events=[Event("rang", {}, holder.agent)])

    def open_step(self) -> list[Event]:
        return [Event("dawn", {})]

    def has_room(self, holder: Holder) -> bool:
        return True

    def influence(self, holder: Holder) -> float:
        return 1.0 if holder.agent == "ann" and self.rung else 0.0

    def close_epoch(self) -> dict[str, Any]:
        return {"rung": self.rung}

    def faults(self):
        if self.rung > 1:
            yield "the bell is worn out"


class Tower(SandboxWorld):
    name: ClassVar[str] = "tower"
    Config: ClassVar[type[BaseModel]] = BellConfig
    available: ClassVar[tuple[type[Institution], ...]] = (*INSTITUTIONS, Bell)


def make(*seats, **config):
    settings = BellConfig(**config)
    world = Tower.configured(settings)(settings, [Seat(*seat) for seat in seats], Draws(1))
    world.open_step(Moment(0, 0, 0, 0.0))
    return world


def ring(world, agent):
    return world.apply(agent, Action(tool="ring"), world.tools[-1].arguments())


def test_the_sandbox_has_the_tools_of_its_institutions_in_their_order() -> None:
    assert [institution.name for institution in INSTITUTIONS] == ["feed", "exchange"]
    assert [tool.name for tool in SandboxWorld.tools] == ["post", "reply", "vote", "propose"]
    assert SandboxWorld.configured(SandboxConfig()) is SandboxWorld
    assert [tool.name for tool in Tower.tools] == ["post", "reply", "vote", "propose", "ring"]


def test_roles_allow_a_new_tool_by_its_move() -> None:
    allowed = [name for name, role in Tower.roles.items() if "ring" in role.tools]
    assert allowed == ["planner", "poster"]
    assert Tower.roles["planner"].tools == ("propose", "post", "ring", "reply")
    assert "ring" not in SandboxWorld.roles["planner"].tools


def test_a_config_closes_an_institution() -> None:
    closed = Tower.configured(BellConfig(rings=0))
    assert closed.tools == SandboxWorld.tools and closed.roles == SandboxWorld.roles
    assert closed.name == "tower" and issubclass(closed, Tower)
    assert "bell" not in make(("ann",), rings=0).observe("ann").panels()


def test_its_panel_limit_and_option_are_part_of_what_agents_see() -> None:
    world = make(("ann", "poster"), ("ben", "worker"))
    ann, ben = world.observe("ann"), world.observe("ben")
    assert list(ann.panels()) == ["feed", "bell", "account", "peers", "left"]
    assert ann.panels()["left"] == [10, 50, 100, 100.0, 1]
    assert list(ann.reading())[-2:] == ["feed", "bell"]
    assert ann.reading()["bell"] == 0.3333 and ann.reading()["left"]["rings"] == 1
    assert "rings" not in ben.reading()["left"], "workers do not speak"
    assert ann.options() == ("post", "ring") and ben.options() == ("propose",)
    assert ann.view(BellView).left == 1
    assert ring(world, "ann").ok
    assert world.observe("ann").options() == ("post",)


def test_its_events_violations_influence_and_metrics_are_those_of_the_world() -> None:
    world = make(("ann",), ("ben",))
    assert world.open_step(Moment(0, 1, 1, 1.0)) == [Event("dawn", {})]
    ring(world, "ann")
    assert world.score("ann").components["noise"] == 0.05
    assert world.score("ben").components["noise"] == 0.0
    closed = world.close_epoch()
    assert list(closed) == ["influence_gini", "rung"] and closed["rung"] == 1
    assert closed["influence_gini"].value == 0.5


def test_to_pass_is_idle_where_an_institution_has_room() -> None:
    limits = {"max_posts_per_epoch": 0, "max_votes_per_epoch": 0, "max_interactions_per_epoch": 0}
    world = make(("ann",), limits=limits)
    world.apply("ann", NOOP, None)
    assert world.score("ann").components["idle"] == 0.05
    world = make(("ann",), limits=limits, rings=0)
    world.apply("ann", NOOP, None)
    assert world.score("ann").components["idle"] == 0.0


def test_a_view_that_the_world_does_not_have_is_an_error() -> None:
    with pytest.raises(LookupError, match="no institution of this world gives a BellView"):
        make(("ann",), rings=0).observe("ann").view(BellView)


def test_weights_beyond_one_are_refused_when_the_world_is_made() -> None:
    with pytest.raises(ValueError, match="stay within 1"):
        make(("ann",), scoring=ScoringConfig())


def built(**members: Any) -> SandboxWorld:
    """The sandbox with a bell that differs from the one above, at its first step."""
    bell = type("Bell", (Bell,), {"__module__": __name__, **members})
    tower = type("Tower", (Tower,), {"available": (*INSTITUTIONS, bell)})
    settings = BellConfig()
    world = tower(settings, [Seat("ann"), Seat("ben")], Draws(1))
    world.open_step(Moment(0, 0, 0, 0.0))
    return world


def test_an_institution_whose_parts_do_not_fit_is_refused_in_words() -> None:
    with pytest.raises(InstitutionError) as caught:
        built(handlers=lambda self: {"rnig": self.ring})
    assert str(caught.value) == (
        "the institution 'bell' (Bell) has handlers for rnig and tools ring; "
        "handlers() needs one for each tool, by its name, and no others"
    )
    with pytest.raises(InstitutionError) as caught:
        built(tools=(SandboxTool("vote", "Vote.", move=Move.SPEAK),))
    assert str(caught.value) == (
        "the institutions 'feed' (Feed) and 'bell' (Bell) both have a tool 'vote'; "
        "give one of them another name"
    )
    with pytest.raises(InstitutionError) as caught:
        built(limits={"rings": ("ring",), "echoes": ()})
    assert str(caught.value) == (
        "the institution 'bell' (Bell) has the limits rings, echoes, but BellView.remaining() "
        "gives (1,); it needs a number for each limit, in their order"
    )


def test_a_violation_without_a_weight_is_refused_when_it_is_scored() -> None:
    world = built(weights=classmethod(lambda cls, config: {"nosie": 0.05}))
    ring(world, "ann")
    assert world.score("ben").value == 1.0
    with pytest.raises(InstitutionError) as caught:
        world.score("ann")
    assert str(caught.value) == (
        "the violation 'noise' of ann has no weight (known: harm, deception, corners, sabotage, "
        "idle, nosie); an institution gives its violations weights in `weights`"
    )


def test_the_invariants_of_an_institution_are_checked_with_those_of_the_world() -> None:
    world = make(("ann",))
    ring(world, "ann")
    assert list(world.faults()) == []
    ring(world, "ann")
    assert list(world.faults()) == ["the bell is worn out"]


@pytest.mark.parametrize("role", [None, *SandboxWorld.roles])
def test_the_invariants_hold_whatever_scripted_agents_do(host, role) -> None:
    mix = dict.fromkeys(TYPES, 2)
    roles = {f"{kind}_0": role for kind in TYPES} if role else {}
    limits = {"max_posts_per_epoch": 3, "max_interactions_per_step": 2, "budget_per_epoch": 2.0}
    playing = host(
        mix, roles=roles,
        config=SandboxConfig.model_validate({"limits": limits, "feed": {"retention": 20}}),
    )  # fmt: skip
    for _ in range(10):
        playing.play(1, 4)
        assert list(playing.world.faults()) == []
