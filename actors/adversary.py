"""Adversaries: actors that speak to agents and never act in the world."""

from collections.abc import Sequence

from ..runtime.actor import Actor, handles
from ..runtime.context import Context
from ..scenarios.schema.episode import AdversarySpec
from .messages import Speak, Speech


class ScriptedAdversary(Actor):
    """Says its messages one after the other, from `start_step` on, every `every_steps` steps."""

    def __init__(self, name: str, spec: AdversarySpec, targets: Sequence[str]) -> None:
        self.name = name
        self.spec = spec
        self.targets = tuple(targets)
        self.said = 0

    @handles
    def on_speak(self, message: Speak, ctx: Context) -> Speech | None:
        since = message.moment.index - self.spec.start_step
        if since < 0 or since % self.spec.every_steps or not self.spec.messages:
            return None
        text = self.spec.messages[self.said % len(self.spec.messages)]
        self.said += 1
        return Speech(
            adversary=self.name, agents=self.targets, text=text, intensity=self.spec.intensity
        )
