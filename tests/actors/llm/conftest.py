"""Play an episode in memory with language models that a test writes the answers of."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest

from gdg_runtime.actors.episode import build_episode
from gdg_runtime.actors.llm.chat import Chat, ChatReply, Usage
from gdg_runtime.actors.ports import Sinks
from gdg_runtime.actors.resolved import load_episode
from gdg_runtime.runtime import RunEnd, drive
from gdg_runtime.runtime.errors import EffectFault

Say = Callable[[Chat], "str | ChatReply | EffectFault"]


class Scripted:
    """A provider, behind the port that real ones implement."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.asked: list[Chat] = []

    async def chat(self, question: Chat) -> ChatReply:
        self.asked.append(question)
        answer = self.say(question)
        if isinstance(answer, EffectFault):
            raise answer
        if isinstance(answer, ChatReply):
            return answer
        return ChatReply(content=answer, usage=Usage(100, 10), model=question.model)


class Spoken:
    """What an episode wrote, and what its models were asked."""

    def __init__(self, files: list[BytesIO], asked: list[Chat]) -> None:
        self.raw = [file.getvalue() for file in files]
        self.events = [json.loads(line) for line in files[0].getvalue().splitlines()]
        self.header, *self.steps = [json.loads(line) for line in files[1].getvalue().splitlines()]
        self.text = files[3].getvalue().decode()
        self.metrics = json.loads(files[4].getvalue())
        self.asked = asked

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


@pytest.fixture
def converse(tmp_path: Path) -> Callable[..., Spoken]:
    """`converse(yaml_text, say)` plays the scenario; `say` answers each question."""

    def play(document: str, say: Say) -> Spoken:
        path = tmp_path / "scenario.yaml"
        path.write_text(document)
        episode = load_episode(path)
        files = [BytesIO() for _ in range(5)]
        provider = Scripted(say)
        kernel = build_episode(
            episode, Sinks(*[file.write for file in files]),
            providers=lambda path, model: provider,
        )  # fmt: skip
        ending = anyio.run(drive, kernel, backend="trio")
        assert ending is RunEnd.COMPLETED
        return Spoken(files, provider.asked)

    return play
