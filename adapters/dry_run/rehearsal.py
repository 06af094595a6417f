"""Rehearse the first steps of an episode with fake models, and measure what agents ask them.

Nothing is kept. No model is called and no other effect is performed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil, floor
from random import Random
from typing import Any, Literal

import anyio

from ...actors.episode import build_episode
from ...actors.llm.actions import NOOP_TOOL
from ...actors.llm.agent import LlmAgent
from ...actors.llm.chat import Chat, ChatMessage, ChatReply, ToolCall, Usage
from ...actors.llm.memory import estimated_tokens
from ...actors.ports import Observer, Sinks
from ...actors.resolved import ResolvedEpisode
from ...runtime.drivers.live import drive
from ...runtime.effects import EffectRequest, Outcome, asking
from ...runtime.errors import EffectWithheld
from ...scenarios.json_schema import UNIONS, resolve
from ...scenarios.schema.episode import MetricsConfig, SafetyConfig
from ...scenarios.world import Moment

_AGENTS, _MODELS = "agents/", "models/"
_PER_MESSAGE = 4
"""Tokens of a message besides its text."""
_TURN = 40
"""Tokens of a remembered turn, where the rehearsal was too short to see one."""
_ENOUGH = 50
"""Questions per turn after which an agent is taken for one that never stops asking."""

Kind = Literal["turn", "offer", "summary", "other"]
"""Subject of an LLM agent's question; those of other agents are all `other`."""
_DEEPEST = 20
_MANY = 10**9
_WORDS = "what the others have said so far leaves room for doubt and for one more try "


@dataclass
class Asked:
    """The questions of one kind that one agent asked, summed up."""

    count: int = 0
    tokens: int = 0
    """Tokens of the messages that do not come from the agent's memory."""
    longest: int = 0
    """The most of these tokens, and of the schema's, in one question."""
    schema_tokens: int = 0
    """Tokens of the schemas and the lists of tools, which some providers charge for."""
    remembered: int = 0
    """Turns in the agent's memory."""
    memory_tokens: int = 0
    max_tokens: int = 0
    """The highest limit on the tokens of a reply."""

    @property
    def turn_tokens(self) -> float:
        """Tokens of a remembered turn, on average."""
        return self.memory_tokens / self.remembered if self.remembered else _TURN

    def note(self, question: Chat, remembers: bool) -> None:
        """Count a question; `remembers` if the middle of it is the agent's memory."""
        messages = question.messages
        memory = messages[1:-1] if remembers else ()
        of_memory = sum(map(_tokens, memory))
        tokens = sum(map(_tokens, messages)) - of_memory
        form = _form_tokens(question)
        limit = question.sampling.get("max_tokens")
        self.count += 1
        self.tokens += tokens
        self.longest = max(self.longest, tokens + form)
        self.schema_tokens += form
        self.remembered += len(memory) // 2
        self.memory_tokens += of_memory
        self.max_tokens = max(self.max_tokens, limit if isinstance(limit, int) else 0)


@dataclass
class Rehearsal:
    """The questions of the first steps of an episode."""

    steps: int = 0
    """Steps that were played."""
    asked: dict[str, dict[Kind, Asked]] = field(default_factory=dict)
    """By agent."""
    withheld: set[str] = field(default_factory=set)
    """Effects other than models that agents wanted, which were not performed."""
    failures: int = 0
    """Times that an agent's code raised an error."""
    endless: bool = False
    """Some agent would not stop asking; the rehearsal was cut short."""

    def of(self, agent: str, kind: Kind) -> Asked:
        """Return an agent's questions of one kind, which may be none."""
        return self.asked.get(agent, {}).get(kind, Asked())


def rehearse(episode: ResolvedEpisode, steps: int, *, busy: bool) -> Rehearsal:
    """Play at most `steps` steps, with models that use every tool (busy) or none.

    Raises what an episode raises: RunFailed.
    """
    stage = _Stage(_shortened(episode, steps), busy=busy)
    anyio.run(stage.play, backend="trio")
    return stage.found


class _Stage(Observer):
    """Hosts the rehearsal of an episode: everything that reaches out ends here."""

    def __init__(self, episode: ResolvedEpisode, *, busy: bool) -> None:
        self.episode = episode
        self.busy = busy
        self.found = Rehearsal()
        self.questions = 0
        self.enough = _ENOUGH * episode.config.simulation.steps * len(episode.agents)
        self.worded = {one.agent for one in episode.agents if issubclass(one.made_of, LlmAgent)}
        """The agents whose questions are made like those of `type: llm`."""
        self.latest: dict[str, Chat] = {}

    async def play(self) -> None:
        sinks = Sinks(self._count_failures, len, len, len, len)
        kernel = build_episode(
            self.episode, sinks, observer=self, providers=lambda path, model: self
        )
        await drive(kernel, answers=self)

    def step_closed(self, moment: Moment, agent_steps: int) -> None:
        self.found.steps += 1

    async def chat(self, question: Chat) -> ChatReply:
        """Answer for all models, as their provider."""
        self.questions += 1
        if self.questions > self.enough:
            self.found.endless = True
            raise EffectWithheld("the rehearsal has heard enough")
        request = asking.get()
        self._note(request.actor.removeprefix(_AGENTS).partition("/")[0], question)
        return FakeModel(self.busy, Random(f"{request.actor}/{request.number}")).reply(question)

    def saw(self, request: EffectRequest) -> None:
        """Do nothing: there is nothing to prepare."""

    def answer(self, request: EffectRequest) -> Outcome | None:
        """Let models be asked; call off every other effect."""
        if request.effect.startswith(_MODELS):
            return None
        self.found.withheld.add(request.effect)
        return Outcome("cancelled")

    def _note(self, agent: str, question: Chat) -> None:
        remembers = agent in self.worded
        if remembers:
            before = self.latest.get(agent)
            self.latest[agent] = question
            if before is not None and question.messages[:-2] == before.messages:
                return  # asked a second time; how often models need that is not for us to show
        kind = _kind(question) if remembers else "other"
        kinds = self.found.asked.setdefault(agent, {})
        kinds.setdefault(kind, Asked()).note(question, remembers and kind in ("turn", "offer"))

    def _count_failures(self, written: bytes) -> None:
        self.found.failures += written.count(b'"agent_failed"')


def _shortened(episode: ResolvedEpisode, steps: int) -> ResolvedEpisode:
    """Return the same episode, which ends after a few steps and never for another reason."""
    config, simulation = episode.config, episode.config.simulation
    per_epoch = min(simulation.steps_per_epoch, steps)
    epochs = min(simulation.epochs, max(1, steps // per_epoch))
    length = {"epochs": epochs, "steps_per_epoch": per_epoch}
    sections = {
        "simulation": simulation.model_copy(update=length),
        "safety": SafetyConfig(kill_switch_enabled=False),
        "supervision": config.supervision.model_copy(update={"max_failures": 1_000_000}),
        "metrics": MetricsConfig(),
    }
    return replace(episode, config=config.model_copy(update=sections), metric_classes=())


def _kind(question: Chat) -> Kind:
    if question.json_schema is None:
        return "summary"
    fields = question.json_schema.get("properties")
    names = fields if isinstance(fields, dict) else {}
    return "turn" if "action" in names else "offer" if "accept" in names else "other"


def _tokens(message: ChatMessage) -> int:
    calls = "".join([f"{call.name}{call.arguments}" for call in message.tool_calls])
    return _PER_MESSAGE + estimated_tokens(message.content + calls)


def _form_tokens(question: Chat) -> int:
    """Count the tokens of the schema and of the tools that come with a question."""
    forms: list[Any] = [tool.model_dump(mode="json") for tool in question.tools]
    if question.json_schema is not None:
        forms.append(question.json_schema)
    return sum([estimated_tokens(json.dumps(form, separators=(",", ":"))) for form in forms])


@dataclass(frozen=True)
class FakeModel:
    """Answers at once, in the form that is asked, at random.

    A busy one uses tools at random and accepts half of the offers; an idle one passes and declines.
    """

    busy: bool
    randomness: Random

    def reply(self, question: Chat) -> ChatReply:
        """Return a reply of the schema that is asked for, or a call of a tool, or words."""
        reply = partial(ChatReply, usage=Usage(0, 0), model=question.model)
        if question.json_schema is not None:
            return reply(content=self._json(question.json_schema))
        last = question.messages[-1] if question.messages else None
        if self.busy and question.tools and (last is None or last.role != "tool"):
            tool = self.randomness.choice(question.tools)
            call = ToolCall(id="call_1", name=tool.name, arguments=self._json(tool.parameters))
            return reply(tool_calls=(call,), finish_reason="tool_calls")
        return reply(content=self._text({}))

    def _json(self, schema: Mapping[str, Any]) -> str:
        return json.dumps(self._value(schema, schema, 0))

    def _value(self, root: Mapping[str, Any], schema: Any, depth: int) -> Any:
        """Return a value that the schema allows, as far as its simple keywords go."""
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return None
        if "$ref" in schema:
            return self._value(root, resolve(root, schema), depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._alternative(schema["enum"])
        for union in UNIONS:
            if schema.get(union):
                return self._value(root, self._alternative(schema[union]), depth + 1)
        kind = schema.get("type", "object" if "properties" in schema else "null")
        if isinstance(kind, list):
            kind = kind[0] if kind else "null"
        match kind:
            case "object":
                fields = schema.get("properties", {})
                return {name: self._value(root, field, depth + 1) for name, field in fields.items()}
            case "array":
                count = min(max(schema.get("minItems", 0), int(self.busy)), 100)
                return [self._value(root, schema.get("items"), depth + 1) for _ in range(count)]
            case "string":
                return self._text(schema)
            case "boolean":
                return self.busy and self.randomness.random() < 0.5
            case "integer" | "number":
                return self._number(schema, whole=kind == "integer")
        return None

    def _alternative(self, options: Sequence[Any]) -> Any:
        """Choose one; an idle model takes the schema that does nothing, or else the first."""
        if self.busy:
            return self.randomness.choice(options)
        return next((option for option in options if _does_nothing(option)), options[0])

    def _text(self, schema: Mapping[str, Any]) -> str:
        length = len(_WORDS) if self.busy else 8
        length = int(max(min(length, schema.get("maxLength", _MANY)), schema.get("minLength", 0)))
        return (_WORDS * (length // len(_WORDS) + 1))[:length]

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> float:
        """Return a number of the range that the schema allows; an integer where it is `whole`."""
        step = 1 if whole else 1e-6
        low = schema.get("minimum", schema.get("exclusiveMinimum", -step) + step)
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 1 + step) - step)
        if not self.busy or high <= low:
            return round(low) if whole else float(low)
        return self.randomness.randint(ceil(low), floor(high)) if whole else (low + high) / 2


def _does_nothing(option: Any) -> bool:
    """Tell whether a schema is the action without a tool, or null."""
    if not isinstance(option, Mapping):
        return False
    tool = option.get("properties", {}).get("tool", {})
    return option.get("type") == "null" or tool.get("enum") == [NOOP_TOOL]
