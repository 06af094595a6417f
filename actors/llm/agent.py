"""The agent that asks a language model: `type: llm`."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from ...runtime.errors import EffectError
from ...scenarios.actions import NOOP, Action, Tool
from ...scenarios.interactions import REJECT, Decision, InteractionResult, Offer
from ...scenarios.observation import Observation, Source
from ...scenarios.world import Moment, Policy, World
from ..agents.agent import Agent, Misfit
from ..agents.context import AgentContext
from ..agents.policy_agents import misfit_of_policy
from ..goals.client import GoalRefused
from ..goals.tools import GOAL_TOOLS, tools_now, use
from ..messages import Acted, GovernanceRef, Turn
from .actions import (
    NOOP_TOOL,
    ActionSchema,
    Choices,
    Unreadable,
    decision_schema,
    read_action,
    read_decision,
)
from .chat import ChatMessage, ModelUse
from .memory import Memory, MemoryConfig, Remembered
from .prompt import offer_prompt, repair_prompt, summary_prompt, system_prompt, told, turn_prompt
from .quoting import as_data

Read = TypeVar("Read", Action, Decision)

_SHOWN = 200
"""Characters that an event shows of an invalid reply, and a note of each text of a result; the
journal and the event log have all of it."""
_WHOLE = 600
"""Characters of a note of a whole result."""
_LIST = 4_000
"""Characters of a note of its goals."""
_NOTES = 8
"""Most notes of the time since the last turn that the next prompt has."""


class LlmAgent(Agent):
    """Observes in words, asks its model for an action of the schema that fits now, remembers.

    A reply that is no valid action is asked for once more, with the error; then, or when the model
    gives no answer at all, the fallback acts. A turn in which nothing can be done costs no call.
    """

    needs_model = True
    tools: tuple[Tool, ...]
    schema: ActionSchema
    system: ChatMessage

    class Params(BaseModel):
        """The settings of an LLM agent, besides its model, role and budget."""

        model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

        persona: str = Field(default="", max_length=100_000)
        """Who the agent is, in the second person: `You are cautious.`"""
        goals: tuple[str, ...] = ()
        """What it is after, in words."""
        memory: MemoryConfig = MemoryConfig()
        fallback: str = Field(default="noop", min_length=1, max_length=200)
        """Who acts where the model's answer fails: `noop`, or a scripted policy of the world."""
        offers: Literal["model", "reject", "fallback"] = "model"
        """Who answers other agents' offers; `model` costs a call for each."""
        reasoning: bool = True
        """Whether the model gives a reason before each action, which costs tokens."""
        max_text: int = Field(default=600, ge=16, le=1_000_000)
        """Most characters of each text that the agent reads or writes."""

    @classmethod
    def misfit(cls, params: Mapping[str, Any], world: type[World]) -> Misfit | None:
        return misfit_of_policy("fallback", params.get("fallback", "noop"), world)

    def __init__(self, agent: str, governance: GovernanceRef, params: BaseModel) -> None:
        super().__init__(agent, governance, params)
        assert isinstance(params, LlmAgent.Params)
        self.settings = params
        self.memory = Memory(params.memory)
        self.moment = Moment(0, 0, 0, 0.0)
        self.notes: list[str] = []
        """Events since the last turn, in words."""
        self.fallback: Policy | None = None

    def on_start(self, ctx: AgentContext) -> None:  # type: ignore[override]
        binding = self.binding
        assert binding is not None
        world, role = binding.world, binding.role
        settings, tools = self.settings, world.tools
        self.tools = tuple([tool for tool in tools if role is None or tool.name in role.tools])
        known = (*self.tools, *GOAL_TOOLS) if ctx.goals.known else self.tools
        self.schema = ActionSchema(known, reasoning=settings.reasoning, max_text=settings.max_text)
        system = system_prompt(
            self.agent, world, role, known, settings.persona, settings.goals,
            reasoning=settings.reasoning,
        )  # fmt: skip
        self.system = ChatMessage(role="system", content=system)
        if settings.fallback != "noop":
            self.fallback = world.policies[settings.fallback](self.agent)

    # --- turns ------------------------------------------------------------------------------

    def on_turn(self, message: Turn, ctx: AgentContext) -> Any:
        self.moment = message.moment
        return super().on_turn(message, ctx)

    async def act(self, observation: Observation, ctx: AgentContext) -> Action:
        options = observation.options()
        usable = [tool for tool in self.tools if options is None or tool.name in options]
        if not usable:
            return NOOP
        if self.memory.is_full:
            await self._make_room(ctx)
        ctx.exposed(observation.sources(), self.memory.steps())
        choices = observation.choices()
        if ctx.goals.known:
            action = await self._choose_with_goals(observation, usable, choices, ctx)
        else:
            action = await self._choose(observation, usable, choices, ctx)
        if action is None:
            action = NOOP if self.fallback is None else self.fallback.act(observation, ctx.rng)
        answered = _as_answer(action, self.settings)
        steps = (self.moment.index, self.moment.index)
        self.memory.add(Remembered(told(self.moment, self.notes), answered, steps))
        self.notes = []
        return action

    async def _choose(
        self, observation: Observation, tools: Sequence[Tool], choices: Choices, ctx: AgentContext
    ) -> Action | None:
        """Have the model choose among these tools; None where it does not."""
        schema = self.schema.now(tools, choices)
        prompt = turn_prompt(self.moment, observation, self.notes, self.settings.max_text)
        read = partial(read_action, tools=tools, choices=choices)
        return await self._answer_of_model(prompt, schema, read, ctx)

    async def _choose_with_goals(
        self, observation: Observation, usable: Sequence[Tool], choices: Choices, ctx: AgentContext
    ) -> Action | None:
        """Let the model choose among its goal tools too. One of them can be used in a turn, before
        the turn's action."""
        own, ids = await tools_now(ctx.goals)
        action = await self._choose(observation, [*usable, *own], {**choices, **ids}, ctx)
        if action is None or action.tool not in {tool.name for tool in own}:
            return action
        try:
            result = await use(action.tool or "", action.args, ctx.goals)
        except GoalRefused as error:
            self._note_refusal(action.tool, str(error))
        else:
            self._note(f"Your {action.tool} worked: {as_data(result, _SHOWN, _LIST)}")
        return await self._choose(observation, usable, choices, ctx)

    async def decide(self, offer: Offer, ctx: AgentContext) -> Decision:
        settings = self.settings
        if settings.offers == "reject":
            return REJECT
        decision = None
        if settings.offers == "model":
            prompt = offer_prompt(offer, settings.max_text, reasoning=settings.reasoning)
            source = Source("offer", offer.offer_id, offer.initiator)
            ctx.exposed([source], self.memory.steps())
            schema = decision_schema(reasoning=settings.reasoning, max_text=settings.max_text)
            decision = await self._answer_of_model(prompt, schema, read_decision, ctx)
        if decision is None and self.fallback is not None:
            decision = self.fallback.decide(offer, ctx.rng)
        return decision or REJECT

    # --- what comes back --------------------------------------------------------------------

    def learn(self, acted: Acted, ctx: AgentContext) -> None:
        # What a world answers may be text of others, such as a page that a tool has read.
        if acted.error is not None:
            self._note_refusal(acted.tool, acted.error)
        elif acted.result:
            self._note(f"Your {acted.tool} worked: {as_data(acted.result, _SHOWN, _WHOLE)}")

    def update(self, outcome: InteractionResult, ctx: AgentContext) -> None:
        if self.fallback is not None:
            self.fallback.update(outcome)
        whose = "Your offer to" if outcome.initiated else "The offer of"
        end = "declined."
        if outcome.accepted:
            end = f"accepted; quality {outcome.p:.2f}, your payoff {outcome.payoff:+.2f}."
        self._note(f"{whose} {outcome.other} was {end}")

    def _note_refusal(self, tool: str | None, why: str) -> None:
        self._note(f"Your {tool} was refused: {as_data({'why': why}, _SHOWN, _WHOLE)}")

    def _note(self, text: str) -> None:
        self.notes = [*self.notes, text][-_NOTES:]

    # --- the model --------------------------------------------------------------------------

    async def _answer_of_model(
        self, prompt: str, schema: dict[str, Any], read: Callable[[str], Read], ctx: AgentContext
    ) -> Read | None:
        """Return what the model says, asked a second time if the first answer can't be read.

        None, with an event, if there is no answer or none that can be read.
        """
        asked = [self.system, *self.memory.messages(), ChatMessage(role="user", content=prompt)]
        fallback, first_error = self.settings.fallback, None
        while True:
            try:
                reply = await ctx.llm.chat(asked, json_schema=schema)
            except EffectError as error:
                ctx.note("model_failed", model=ctx.llm.model, error=str(error), fallback=fallback)
                return None
            try:
                answer = read(reply.content)
            except Unreadable as error:
                if first_error is not None:
                    ctx.notebook.used(ModelUse(invalid=1))
                    ctx.note(
                        "invalid_action", error=str(error), reply=_short(reply.content),
                        finish_reason=reply.finish_reason, fallback=fallback,
                    )  # fmt: skip
                    return None
                first_error = str(error)
                repair = repair_prompt(first_error, self.settings.max_text)
                asked += [
                    ChatMessage(role="assistant", content=reply.content[:_SHOWN] or "(nothing)"),
                    ChatMessage(role="user", content=repair),
                ]
                continue
            if first_error is not None:
                ctx.notebook.used(ModelUse(repaired=1))
                ctx.note("action_repaired", error=first_error)
            return answer

    async def _make_room(self, ctx: AgentContext) -> None:
        """Forget the older half of what is remembered, or have it summed up."""
        old, summary = self.memory.old(), None
        if self.memory.config.policy == "summarise":
            summary = await self._summary(old, self.memory.config, ctx)
        self.memory.forget(len(old), summary)
        if summary is None:
            ctx.note("memory_truncated", turns=len(old))
        else:
            ctx.note("memory_summarised", turns=len(old), summary=summary.answered)

    async def _summary(
        self, old: Sequence[Remembered], config: MemoryConfig, ctx: AgentContext
    ) -> Remembered | None:
        """Have the model sum old turns up; None if it does not."""
        turns = [{"told": turn.told, "answered": turn.answered} for turn in old]
        most, system = config.summary_tokens, self.system.content
        try:
            reply = await ctx.llm.chat(
                summary_prompt(turns, words=most // 2), system=system, max_tokens=most
            )
        except EffectError as error:
            ctx.note("model_failed", model=ctx.llm.model, error=str(error), fallback="truncate")
            return None
        if not reply.content:
            return None
        steps = (old[0].steps[0], old[-1].steps[1])
        question, answer = "What do you remember of the steps before?", reply.content[: 8 * most]
        return Remembered(question, answer, steps)


def _as_answer(action: Action, settings: LlmAgent.Params) -> str:
    """Return an action in the form in which the model is asked for it."""
    answer: dict[str, Any] = {"action": {"tool": action.tool or NOOP_TOOL, **action.args}}
    if settings.reasoning and action.reasoning is not None:
        answer = {"reasoning": action.reasoning, **answer}
    return json.dumps(answer, ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
