"""Agents whose goals follow from what a slow provider says: reproducible goals."""

from typing import Any

from consulting import ConsultingAgent, consult

from gdg_runtime.actors.agents import AgentContext
from gdg_runtime.actors.goals.client import GoalRefused
from gdg_runtime.scenarios.actions import Action


class PursuingAgent(ConsultingAgent):
    """Proposes, adopts, completes and abandons goals, as the provider says."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        advice = await ctx.effect(consult, f"goal {self.agent} {ctx.step}")
        try:
            await self._follow(int(advice[:4], 16), advice, ctx)
        except GoalRefused as refused:
            ctx.note("goal_refused", code=refused.code)
        return await super().act(observation, ctx)

    async def _follow(self, number: int, advice: str, ctx: AgentContext) -> None:
        goals = ctx.goals
        match number % 4:
            case 0 | 1:
                value = number % 100 / 100
                honest = {"contradicts": ["quiet"]} if number % 8 else {}
                made = await goals.propose(f"follow {advice[:10]}", value=value, **honest)
                await goals.adopt(made.id)
            case 2:
                for goal in await goals.list("executing"):
                    await goals.complete(goal.id, success=number % 3 > 0)
            case 3:
                ranked = await goals.ranked()
                if len(ranked) > 2:
                    await goals.abandon(ranked[-1].goal.id, advice[:8])
