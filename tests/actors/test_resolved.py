"""Names become classes once: what a resolved episode holds."""

import sys
from pathlib import Path

import pytest

from gdg_runtime.actors.llm.agent import LlmAgent
from gdg_runtime.actors.resolved import (
    KINDS,
    ResolvedEpisode,
    default_catalogue,
    load_episode,
    resolve_episode,
)
from gdg_runtime.scenarios.catalogue import Catalogue, UnknownName
from gdg_runtime.scenarios.files.loader import load_scenario
from gdg_runtime.scenarios.world import Policy
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

DOCUMENT = """
scenario_id: cast
llm: {model: openai/test}
governance:
  transaction_tax_rate: 0.1
  levers: [{type: 'own_cast:Toll'}]
metrics: {track: [toxicity_rate, 'own_cast:Gauge']}
agents:
  - {type: honest, count: 2}
  - {type: llm, count: 2, name: speaker}
  - {type: 'own_cast:Mute'}
"""

OWN = """
from pathlib import Path
from gdg_runtime.actors.agents import Agent
from gdg_runtime.actors.levers import Lever
from gdg_runtime.scenarios.measures.metric import Metric

with Path("imported").open("a") as file:
    file.write("once\\n")

class Mute(Agent):
    pass

class Toll(Lever):
    name = "toll"

class Gauge(Metric):
    name = "gauge"
"""


@pytest.fixture
def cast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResolvedEpisode:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_cast", raising=False)
    Path("own_cast.py").write_text(OWN)
    Path("cast.yaml").write_text(DOCUMENT)
    return load_episode("cast.yaml")


def test_every_entry_has_its_class_in_the_order_of_the_file(cast: ResolvedEpisode) -> None:
    assert cast.world is SandboxWorld
    assert [found.__name__ for found in cast.agent_classes] == ["Honest", "LlmAgent", "Mute"]
    assert [found.__name__ for found in cast.lever_classes] == ["Toll"]
    assert [found.__name__ for found in cast.metric_classes] == ["Gauge"]
    assert cast.classes[0] is SandboxWorld and len(cast.classes) == 6
    assert [lever.name for lever in cast.make_levers().levers] == ["transaction_tax", "toll"]


def test_agents_have_their_entry_class_and_model(cast: ResolvedEpisode) -> None:
    assert [one.agent for one in cast.agents] == [
        "honest_1", "honest_2", "speaker_1", "speaker_2", "Mute_1",
    ]  # fmt: skip
    honest, _, speaker, other, mute = cast.agents
    assert honest.is_scripted and issubclass(honest.made_of, Policy)
    assert honest.model is None, "a scripted policy asks no model, whatever `llm:` says"
    assert speaker.made_of is LlmAgent and not speaker.is_scripted
    assert speaker.model is other.model, "agents of an entry share one config"
    assert mute.model is not None
    assert list(cast.models_asked) == ["agents/speaker_1", "agents/speaker_2", "agents/Mute_1"]
    assert len(cast.models) == 1


def test_a_name_is_looked_up_once_and_its_module_is_imported_once(
    cast: ResolvedEpisode, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path("imported").read_text() == "once\n"
    looked_up: list[tuple[str, str]] = []
    look_up = Catalogue._look_up

    def counting(self: Catalogue, kind: str, name: str) -> type:
        looked_up.append((kind, name))
        return look_up(self, kind, name)

    monkeypatch.setattr(Catalogue, "_look_up", counting)
    again = load_episode("cast.yaml")
    assert again == cast
    assert len(looked_up) == len(set(looked_up)) == 5


def test_a_stored_config_is_resolved_to_the_same_and_a_resolved_one_stays(
    cast: ResolvedEpisode,
) -> None:
    assert resolve_episode(cast) is cast
    assert resolve_episode(cast.config) == cast
    assert load_scenario("cast.yaml", catalogue=default_catalogue()) == cast.config


def test_a_name_that_is_gone_is_an_error(cast: ResolvedEpisode) -> None:
    rows = {**KINDS, "worlds": type(KINDS["worlds"])("world")}
    with pytest.raises(UnknownName, match="unknown world 'sandbox'"):
        resolve_episode(cast.config, Catalogue(rows))
