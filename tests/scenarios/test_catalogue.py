"""Names become classes."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.scenarios import catalogue as catalogue_module
from gdg_runtime.scenarios.catalogue import KINDS, CannotLoad, Catalogue, Kind, UnknownName
from gdg_runtime.scenarios.files.loader import InvalidScenario, load_scenario
from gdg_runtime.scenarios.measures.metric import METRICS
from gdg_runtime.scenarios.world import NoopPolicy, Policy, World

WORLD = """
from pydantic import BaseModel
from gdg_runtime.scenarios.measures.metric import Metric
from gdg_runtime.scenarios.world import Alignment, Applied, NoopPolicy, Observation, World

class MineConfig(BaseModel):
    size: int = 3

class Mine(World):
    name = "mine"
    Config = MineConfig
    policies = {"digger": NoopPolicy}
    reference = baseline = "digger"
    def observe(self, agent): return Observation(agent=agent)
    def apply(self, agent, action, arguments): return Applied()
    def score(self, agent): return Alignment(1.0, {})

class NoConfig(World):
    name = "none"

class Unstorable(Mine):
    class Config(BaseModel):
        size: float = float("nan")

class Agent:
    class Params(BaseModel):
        model: str = "small"

class Gauge(Metric):
    pass

number = 3
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's directory with a module `my_plugin`, whose name no other test has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*catalogue_module.sys.path])
    Path("my_plugin.py").write_text(WORLD)
    Path("broken_plugin.py").write_text("1 / 0\n")
    Path("leaving_plugin.py").write_text("raise SystemExit('bye')\n")
    Path("hungry_plugin.py").write_text("import no_such_dependency\n")
    yield tmp_path
    for name in ("my_plugin", "broken_plugin", "leaving_plugin", "hungry_plugin"):
        catalogue_module.sys.modules.pop(name, None)


def with_row(kind: str, built_in: dict[str, Any], base: type | None = None) -> Catalogue:
    return Catalogue({**KINDS, kind: Kind(KINDS[kind].singular, base, built_in)})


def test_the_built_in_worlds_are_known_and_load() -> None:
    catalogue = Catalogue()
    assert catalogue.names("worlds")[:2] == ("sandbox", "release_manager")
    for name in ("sandbox", "release_manager"):
        found = catalogue.resolve("worlds", name)
        assert issubclass(found, World) and found.name == name


def test_the_built_in_metrics_are_known_without_a_class() -> None:
    catalogue = Catalogue()
    assert catalogue.names("metrics")[: len(METRICS)] == tuple(METRICS)
    catalogue.check("metrics", "toxicity_rate")
    with pytest.raises(UnknownName, match=r"did you mean toxicity_rate\?"):
        catalogue.check("metrics", "toxicity-rate")


def test_a_layer_above_puts_in_its_classes_as_text_or_as_they_are() -> None:
    here = f"{NoopPolicy.__module__}:NoopPolicy"
    catalogue = with_row("agents", {"scripted": here, "direct": NoopPolicy})
    assert catalogue.resolve("agents", "scripted") is NoopPolicy
    assert catalogue.resolve("agents", "direct") is NoopPolicy
    assert load_scenario(
        "baseline", sets=["agents=[{type: scripted}]"], catalogue=catalogue
    ).agents[0].type == "scripted"  # fmt: skip


def test_an_unknown_name_lists_the_known_ones_nearest_first() -> None:
    catalogue = with_row("levers", dict.fromkeys(("staking", "audit", "tax"), NoopPolicy))
    with pytest.raises(UnknownName) as caught:
        catalogue.resolve("levers", "audits")
    assert caught.value.known == ("audit", "staking", "tax")
    assert caught.value.suggestion == "audit"
    assert str(caught.value) == (
        "unknown lever 'audits' (known: audit, staking, tax; or module:Class); did you mean audit?"
    )


def test_a_class_must_derive_from_the_base_of_its_kind() -> None:
    catalogue = with_row("levers", {"tax": NoopPolicy, "odd": Path}, Policy)
    assert catalogue.resolve("levers", "tax") is NoopPolicy
    with pytest.raises(CannotLoad, match=r"odd is no lever: .* derive from .*world\.Policy"):
        catalogue.resolve("levers", "odd")


def test_a_new_kind_is_one_row() -> None:
    catalogue = Catalogue({**KINDS, "umpires": Kind("umpire", Policy, {"idle": NoopPolicy})})
    assert catalogue.names("umpires") == ("idle",)
    assert catalogue.resolve("umpires", "idle") is NoopPolicy
    with pytest.raises(UnknownName, match=r"unknown umpire 'busy' \(known: idle; or module:Class"):
        catalogue.resolve("umpires", "busy")


def test_a_kind_without_plug_ins_knows_its_own_names_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue_module, "entry_points", None)
    row = Kind("umpire", None, {"idle": NoopPolicy}, {"none": "nobody"}, can_be_plugged_in=False)
    catalogue = Catalogue({"umpires": row})
    assert catalogue.names("umpires") == ("none", "idle")
    catalogue.check("umpires", "none")
    for name in ("busy", f"{NoopPolicy.__module__}:NoopPolicy"):
        with pytest.raises(UnknownName, match=r"\(known: (none, idle|idle, none)\)"):
            catalogue.resolve("umpires", name)


def test_entry_points_are_known_behind_the_built_in_names(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {
        "gdg_runtime.levers": [
            EntryPoint("zeal", f"{NoopPolicy.__module__}:NoopPolicy", "gdg_runtime.levers"),
            EntryPoint("tax", "nowhere:Tax", "gdg_runtime.levers"),
        ]
    }
    monkeypatch.setattr(
        catalogue_module, "entry_points", lambda group: EntryPoints(groups.get(group, []))
    )
    catalogue = with_row("levers", {"tax": Policy})
    assert catalogue.names("levers") == ("tax", "zeal")
    assert catalogue.resolve("levers", "zeal") is NoopPolicy
    assert catalogue.resolve("levers", "tax") is Policy


class TestModuleAndClass:
    def test_of_the_current_directory_make_a_world_and_its_agents(self, home: Path) -> None:
        Path("mine.yaml").write_text(
            "scenario_id: mine\nworld: my_plugin:Mine\nsize: 5\n"
            "metrics_to_track: ['my_plugin:Gauge']\n"
            "agents: [{type: digger}, {type: 'my_plugin:Agent', count: 2}]\n"
        )
        config = load_scenario("mine.yaml", scenario_params=["size=6"])
        assert config.world.name == "my_plugin:Mine" and config.world.params == {"size": 6}
        assert config.agents[1].params == {"model": "small"}
        assert config.agents[1].prefix == "Agent"

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("my_plugin:Min", r"my_plugin has no Min; did you mean Mine\?"),
            ("my_plugin:number", "number is not a class"),
            ("my_plugin:Gauge", r"is no world: the class does not derive from .*world\.World"),
            ("my_plugin:NoConfig", "has no Config that is a pydantic model"),
            ("my_plugin:", "expected module:Class"),
            (":Mine", "expected module:Class"),
            ("absent_plugin.deep:Mine", "there is no module absent_plugin; install it, or run in"),
            ("broken_plugin:Mine", "importing broken_plugin failed with ZeroDivisionError"),
            ("leaving_plugin:Mine", "importing leaving_plugin failed with SystemExit: bye"),
            ("hungry_plugin:Mine", "No module named 'no_such_dependency'"),
        ],
    )
    def test_that_lead_nowhere_say_why(self, home: Path, name: str, why: str) -> None:
        with pytest.raises(CannotLoad, match=why):
            Catalogue().resolve("worlds", name)
        with pytest.raises(InvalidScenario, match=f"--set world='{name}': world: .*{why}"):
            load_scenario("baseline", sets=[f"world='{name}'"])

    def test_whose_settings_cannot_be_stored_are_refused(self, home: Path) -> None:
        with pytest.raises(InvalidScenario, match=r"Unstorable\.Config cannot be stored"):
            load_scenario("baseline", sets=["world='my_plugin:Unstorable'"])
