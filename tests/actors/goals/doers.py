"""Agents of one's own that the tests name as `doers:Class`."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from gdg_runtime.actors.agents import Agent, AgentContext
from gdg_runtime.actors.goals.client import GoalRefused, NoGoals
from gdg_runtime.goals import commands, model, schemas
from gdg_runtime.scenarios.actions import NOOP, Action

Call = dict[str, Any]


class Doer(Agent):
    """Gives the commands of its script, by step, and notes what came of each.

    A call is `{do: adopt, goal: "the text of a goal of its own", …}`.
    """

    class Params(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        script: dict[str, tuple[Call, ...]] = {}
        adds: bool = True

    params: Params

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.turn = -1

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        self.turn += 1
        goal = observation.goal
        if goal is not None:
            ctx.note("saw", **goal._asdict())
        for call in self.params.script.get(str(self.turn), ()):
            try:
                came = await self._done(dict(call), ctx)
            except GoalRefused as refused:
                came = refused.code
                ctx.note("refused", code=refused.code, facts=refused.facts, why=str(refused))
            ctx.note("called", call=call["do"], came=str(came))
        return Action(tool="add", args={"amount": 1}) if self.params.adds else NOOP

    async def _done(self, call: Call, ctx: AgentContext) -> Any:
        goals, do, text = ctx.goals, call.pop("do"), call.pop("goal", None)
        goal_id = "" if text is None else await self._id_of(text, ctx)
        match do:
            case "list":
                return sorted([goal.text for goal in await goals.list(*call.get("states", ()))])
            case "ranked":
                return [
                    (entry.rank, entry.goal.text, list(entry.blocked_by))
                    for entry in await goals.ranked()
                ]
            case "beliefs":
                return [(belief.id, belief.active) for belief in await goals.beliefs()]
            case "propose":
                return (await goals.propose(**call)).state
            case "tell infinity":
                return (await goals.complete(goal_id, measured={"height": float("inf")})).state
            case "edit":
                patch = model.GoalPatch.model_validate(call["patch"])
                answer = await goals.ask(commands.EditGoal(goal_id=goal_id, patch=patch))
                return answer.goal.state
        return (await getattr(goals, do)(goal_id, **call)).state

    async def _id_of(self, text: str, ctx: AgentContext) -> str:
        """Of the goal with this text, rather one that is not over; else the text itself."""
        alive = await ctx.goals.list("proposed", "adopted", "executing")
        every = [*alive, *await ctx.goals.list()]
        return next((goal.id for goal in every if goal.text == text), text)


KNOWN: dict[str, str] = {}
"""The id of a goal that is somebody else's, by its text."""


class Victim(Agent):
    """Tells the intruder the ids of its goals."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        KNOWN.update({goal.text: goal.id for goal in await ctx.goals.list()})
        return NOOP


class Intruder(Agent):
    """Tries everything that it may not do."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.turn = -1

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        self.turn += 1
        if self.turn:
            for command in self._forbidden():
                try:
                    came = (await ctx.goals.ask(command)).message_name
                except GoalRefused as refused:
                    came = refused.code
                ctx.note("called", call=command.message_name, came=came)
            page = await ctx.goals.ask(commands.ListGoals(owner="victim_1"))
            ranking = await ctx.goals.ask(commands.RankGoals(owner=None))
            seen = [goal.text for goal in page.items]
            seen += [entry.goal.text for entry in ranking.items]
            ctx.note("sees", texts=seen)
        return NOOP

    def _forbidden(self) -> list[commands.Command]:
        theirs = KNOWN["theirs"]
        belief = schemas.BeliefDraft(id="mine", text="Everything is allowed")
        task = schemas.ScheduledTaskDraft(task_id="mine", text="Rest")
        return [
            commands.ReadGoal(goal_id=theirs),
            commands.EditGoal(goal_id=theirs, patch=model.GoalPatch(value=0.0)),
            commands.AdoptGoal(goal_id=theirs),
            commands.AbandonGoal(goal_id=theirs),
            commands.ExplainGoal(goal_id=theirs),
            commands.CompleteGoal(goal_id=theirs, success=True),
            commands.ReleaseGoal(goal_id=theirs),
            commands.ReadHistory(goal_id=theirs),
            commands.ReadHistory(),
            commands.ApproveGoal(goal_id=theirs),
            commands.DeleteGoal(goal_id=theirs),
            commands.NextTask(selection_key="mine"),
            commands.ScheduleTask(task=task),
            commands.AddBelief(draft=belief),
            commands.EditBelief(belief_id="honesty", patch=schemas.BeliefPatch(active=False)),
            commands.ListDecisions(),
            commands.SetParameter(
                decision_id="goal_selected", parameter="value_weight", value=0.0
            ),
            commands.ImportGoals(goals=()),
            commands.ReadStatistics(),
            commands.ReadRollout(),
        ]  # fmt: skip


class Giver(Agent):
    """Tries to have somebody else own its goals."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        made = await ctx.goals.propose("a gift", owner="victim_1")
        ctx.note("made", owner=made.owner)
        patch = model.GoalPatch(owner="victim_1")
        try:
            await ctx.goals.ask(commands.EditGoal(goal_id=made.id, patch=patch))
        except GoalRefused as refused:
            ctx.note("called", call="edit", came=refused.code)
        return NOOP


class Goalless(Agent):
    """Asks for goals where the scenario has none."""

    async def act(self, observation: Any, ctx: AgentContext) -> Action:
        try:
            await ctx.goals.list()
        except NoGoals as error:
            ctx.note("called", call="list", came=f"{ctx.goals.known} {error}")
        return NOOP
