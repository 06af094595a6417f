"""`type: llm`: an agent whose mind is a language model."""

import json
from collections.abc import Callable, Mapping, Sequence
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
from .actions import ActionSchema, Choices, Unreadable, decision_schema, read_action, read_decision
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
"""Things that have happened since the last turn that the next prompt tells at most."""


class LlmAgent(Agent):
    """Observes in words, asks its model for an action of the schema that fits now, remembers.

    A reply that is no valid action is asked for once more, with the error; then, or when the model
    gives no answer at all, the fallback acts. A turn in which nothing can be done costs no call.
    """

    needs_model = True

    class Params(BaseModel):
        """What a scenario file may say of an LLM agent, besides its model, role and budget."""

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
        """What has happened since the last turn."""
        self.tools: tuple[Tool, ...] = ()
        self.schema = ActionSchema((), reasoning=False, max_text=0)
        self.system = ChatMessage(role="system")
        self.fallback: Policy | None = None
        self._decision_schema = decision_schema(
            reasoning=params.reasoning, max_text=params.max_text
        )

    def on_start(self, ctx: AgentContext) -> None:  # type: ignore[override]
        binding = self.binding
        assert binding is not None
        world, role = binding.world, binding.role
        self.tools = tuple(
            [tool for tool in world.tools if role is None or tool.name in role.tools]
        )
        known = (*self.tools, *GOAL_TOOLS) if ctx.goals.known else self.tools
        self.schema = ActionSchema(
            known, reasoning=self.settings.reasoning, max_text=self.settings.max_text
        )
        system = system_prompt(
            self.agent, world, role, known, self.settings.persona, self.settings.goals,
            reasoning=self.settings.reasoning,
        )  # fmt: skip
        self.system = ChatMessage(role="system", content=system)
        if self.settings.fallback != "noop":
            self.fallback = world.policies[self.settings.fallback](self.agent)

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
        """The model's choice among these tools; None where it gives none."""
        schema = self.schema.now(tools, choices)
        prompt = turn_prompt(self.moment, observation, self.notes, self.settings.max_text)

        def read(content: str) -> Action:
            return read_action(content, tools, choices)

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
            self._note(f"Your {action.tool} was refused: "
                       f"{as_data({'why': str(error)}, _SHOWN, _WHOLE)}")  # fmt: skip
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
            decision = await self._answer_of_model(
                prompt, self._decision_schema, read_decision, ctx
            )
        if decision is None and self.fallback is not None:
            decision = self.fallback.decide(offer, ctx.rng)
        return decision or REJECT

    # --- what comes back --------------------------------------------------------------------

    def learn(self, acted: Acted, ctx: AgentContext) -> None:
        # What a world answers may be text of others, such as a page that a tool has read.
        if acted.error is not None:
            self._note(
                f"Your {acted.tool} was refused: {as_data({'why': acted.error}, _SHOWN, _WHOLE)}"
            )
        elif acted.result:
            self._note(f"Your {acted.tool} worked: {as_data(acted.result, _SHOWN, _WHOLE)}")

    def update(self, outcome: InteractionResult, ctx: AgentContext) -> None:
        if self.fallback is not None:
            self.fallback.update(outcome)
        whose = "Your offer to" if outcome.initiated else "The offer of"
        if not outcome.accepted:
            self._note(f"{whose} {outcome.other} was declined.")
        else:
            self._note(
                f"{whose} {outcome.other} was accepted; quality {outcome.p:.2f}, your payoff "
                f"{outcome.payoff:+.2f}."
            )

    def _note(self, text: str) -> None:
        self.notes = [*self.notes, text][-_NOTES:]

    # --- the model --------------------------------------------------------------------------

    async def _answer_of_model(
        self, prompt: str, schema: dict[str, Any], read: Callable[[str], Read], ctx: AgentContext
    ) -> Read | None:
        """What the model says, asked a second time if the first answer can't be read.

        None, with an event, if there is no answer or none that can be read.
        """
        asked = [self.system, *self.memory.messages(), ChatMessage(role="user", content=prompt)]
        first_error = None
        while True:
            try:
                reply = await ctx.llm.chat(asked, json_schema=schema)
            except EffectError as error:
                data = {"model": ctx.llm.model, "error": str(error), **self._stand_in}
                ctx.note("model_failed", **data)
                return None
            try:
                answer = read(reply.content)
            except Unreadable as error:
                if first_error is not None:
                    ctx.notebook.used(ModelUse(invalid=1))
                    ctx.note(
                        "invalid_action", error=str(error), reply=_short(reply.content),
                        finish_reason=reply.finish_reason, **self._stand_in,
                    )  # fmt: skip
                    return None
                first_error = str(error)
                asked += [
                    ChatMessage(role="assistant", content=reply.content[:_SHOWN] or "(nothing)"),
                    ChatMessage(
                        role="user", content=repair_prompt(first_error, self.settings.max_text)
                    ),
                ]
                continue
            if first_error is not None:
                ctx.notebook.used(ModelUse(repaired=1))
                ctx.note("action_repaired", error=first_error)
            return answer

    @property
    def _stand_in(self) -> dict[str, Any]:
        return {"fallback": self.settings.fallback}

    async def _make_room(self, ctx: AgentContext) -> None:
        """Forget the older half of what is remembered, or have it summed up."""
        config, memory = self.settings.memory, self.memory
        old = memory.old()
        if config.policy == "summarise":
            summary = await self._summary(old, config, ctx)
            if summary is not None:
                memory.forget(len(old), summary)
                ctx.note("memory_summarised", turns=len(old), summary=summary.answered)
                return
        memory.forget(len(old))
        ctx.note("memory_truncated", turns=len(old))

    async def _summary(
        self, old: Sequence[Remembered], config: MemoryConfig, ctx: AgentContext
    ) -> Remembered | None:
        """The model's summary of old turns; None if it gives none."""
        turns = [{"told": turn.told, "answered": turn.answered} for turn in old]
        prompt = summary_prompt(turns, words=config.summary_tokens // 2)
        try:
            reply = await ctx.llm.chat(
                prompt, system=self.system.content, max_tokens=config.summary_tokens
            )
        except EffectError as error:
            ctx.note("model_failed", model=ctx.llm.model, error=str(error), fallback="truncate")
            return None
        if not reply.content:
            return None
        steps = (old[0].steps[0], old[-1].steps[1])
        answered = reply.content[: 8 * config.summary_tokens]
        return Remembered("What do you remember of the steps before?", answered, steps)


def _as_answer(action: Action, settings: LlmAgent.Params) -> str:
    """An action in the form in which the model is asked for it."""
    chosen = {"tool": action.tool or "noop", **action.args}
    if settings.reasoning and action.reasoning is not None:
        answer: dict[str, Any] = {"reasoning": action.reasoning, "action": chosen}
    else:
        answer = {"action": chosen}
    return json.dumps(answer, ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
