"""Play an episode with goals in memory and look at what it wrote and at what its store holds."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from gdg_runtime.actors.episode import build_episode
from gdg_runtime.actors.ports import GoalFiles, Sinks
from gdg_runtime.actors.resolved import load_episode
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store.ledger_rows import verify
from gdg_runtime.runtime import State

HERE = Path(__file__).parent


class Pursued:
    """What an episode with goals wrote."""

    def __init__(self, files: list[BytesIO]) -> None:
        written = [file.getvalue() for file in files]
        self.events = [json.loads(line) for line in written[0].splitlines()]
        self.steps = [json.loads(line) for line in written[1].splitlines()][1:]
        self.metrics = json.loads(written[4])
        self.rows = [json.loads(line) for line in written[5].splitlines()]

    def of_type(self, kind: str, agent: str | None = None) -> list[dict[str, Any]]:
        return [event for event in self.events
                if event["type"] == kind and agent in (None, event["agent"])]  # fmt: skip

    def table(self, name: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row.get("table") == name]

    def told(self, agent: str) -> list[Any]:
        """The texts of what the agent was to do, step by step; None: nothing."""
        return [line.get("goal", {}).get("text") for line in self.steps if line["agent"] == agent]

    def did(self, agent: str) -> list[tuple[str, str]]:
        """Each command that an agent gave, and the state or the code that it came to."""
        return [(event["call"], event["came"]) for event in self.of_type("called", agent)]

    def life(self, text: str) -> list[str]:
        """The events of the goals with this text, in order."""
        ids = [goal["id"] for goal in self.table("goals") if goal["text"] == text]
        return [event["type"] for event in self.events
                if event.get("goal_id") in ids and event["type"].startswith("goal_")]  # fmt: skip


Pursue = Callable[..., Pursued]


@pytest.fixture
def pursue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pursue:
    """`pursue(yaml_text, "key=value", …)` plays the scenario, with the agents of `doers.py`."""
    monkeypatch.syspath_prepend(str(HERE.parent))
    monkeypatch.syspath_prepend(str(HERE))

    def play(document: str, *sets: str) -> Pursued:
        path = tmp_path / "scenario.yaml"
        path.write_text(document)
        episode = load_episode(path, sets=sets)
        files = [BytesIO() for _ in range(6)]
        writes = [file.write for file in files]
        database = Database.open(":memory:")
        goals = GoalFiles(database, writes[5])
        kernel = build_episode(episode, Sinks(*writes[:5], goals=goals))
        assert kernel.run() is State.QUIET
        with database.reading() as tx:
            assert verify(tx) is None, "the ledger's chain holds"
        database.close()
        return Pursued(files)

    return play
