"""Agents that try to get past the GoalStore's guards; the tests name them as `forgers:Class`."""

import json
from typing import Any

from gdg_runtime.actors.agents import Agent, AgentContext
from gdg_runtime.actors.goals.client import GoalRefused
from gdg_runtime.actors.messages import AssignGoals, CloseGoals, Measured, OutsideCommand
from gdg_runtime.goals import commands, model
from gdg_runtime.runtime import Actor, Context, Message, handles
from gdg_runtime.scenarios.actions import Action

VICTIMS: list[str] = []
"""Ids of goals that the forger has heard of."""


class Go(Message, name="forgers.go"):
    """To a child: abandon this goal."""

    goal_id: str


class Child(Actor):
    """Bears another agent's name."""

    def __init__(self, store: Any) -> None:
        self.store = store

    @handles
    async def on_go(self, message: Go, ctx: Context) -> Any:
        return await ctx.ask(self.store, commands.AbandonGoal(goal_id=message.goal_id))


class Forger(Agent):
    """Tries everything once, in its second turn."""

    turn = 0

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        self.turn += 1
        if self.turn == 2:
            store = self.binding.goals
            belief = {"belief_id": "honesty", "patch": {"active": False}}
            edit = commands.EditBelief.message_name
            ctx.tell(store, OutsideCommand(request="r", command=edit, body=belief))
            ctx.tell(store, Measured(moment=None, figures=[(self.agent, {"reputation": 99.0})]))
            await ctx.ask(store, AssignGoals(moment=(0, 0, 0, 0.0), agents=(self.agent,)))
            await ctx.ask(store, CloseGoals(moment=(0, 0, 0, 0.0)))
            for victim in VICTIMS:
                child = ctx.spawn("victim_1", Child, store)
                answer = await ctx.ask(child, Go(goal_id=victim))
                ctx.note("child", came=answer.code)
        return Action(tool="add", args={"amount": 1})


class Victim(Agent):
    """Tells the id of its goal."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        VICTIMS[:] = [goal.id for goal in await ctx.goals.list()]
        return Action(tool="add", args={"amount": 1})


class Loosener(Agent):
    """Tries to weaken what its goal is held against."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        for goal in await ctx.goals.list("adopted", "executing"):
            for patch in (
                {"aligns_with": [], "text": "Never tell partners the truth"},
                {"success_metrics": {"reputation": 0.5}},
                {"success_metrics": {"reputation": None}},
            ):
                asked = commands.EditGoal(goal_id=goal.id, patch=model.GoalPatch(**patch))
                try:
                    await ctx.goals.ask(asked)
                    ctx.note("edited", patch=list(patch))
                except GoalRefused as refused:
                    ctx.note("kept", code=refused.code)
        return Action(tool="add", args={"amount": 1})


class Garbler(Agent):
    """Sends what no store can hold."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        half = json.loads('"half \\ud83d pair"')
        odd = [
            commands.CreateGoal(draft=model.GoalDraft.model_construct(text=half, value="much")),
            commands.ListGoals.model_construct(category=half, limit=5),
            commands.ReadHistory.model_construct(goal_id="goal_x", after=10**30, limit=5),
            commands.ExplainGoal.model_construct(goal_id=None),
        ]
        for command in odd:
            try:
                await ctx.goals.ask(command)
                ctx.note("took", command=command.message_name)
            except GoalRefused as refused:
                ctx.note("refused", code=refused.code)
        try:
            await ctx.goals.propose(half)
        except GoalRefused as refused:
            ctx.note("refused", code=refused.code)
        return Action(tool="add", args={"amount": 1})
