"""`ctx.goals`: an agent asks for its goals and changes them."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ...goals import commands
from ...goals.commands import Command
from ...goals.model import Belief, Goal, GoalState
from ...goals.schemas import BeliefPage, GoalAnswer, GoalPage, RankedView, Ranking, Refused
from ...runtime.context import Context
from ...runtime.errors import ActorError
from ...runtime.message import ActorRef
from ..action_gate import plain_error


class NoGoals(ActorError):
    """The scenario file has no goals."""

    def __init__(self, agent: str) -> None:
        super().__init__(
            f"agent {agent!r} has no GoalStore to ask: add `goals: {{}}` to the scenario file"
        )


class GoalRefused(ActorError):
    """The GoalStore did not do what was asked; `code` says why, as in goals.errors."""

    def __init__(self, refusal: Refused) -> None:
        self.code, self.facts = refusal.code, refusal.facts
        super().__init__(refusal.detail)


class Goals:
    """An agent's own goals. Each method asks the GoalStore and awaits its answer; all raise
    GoalRefused, and NoGoals where the scenario has none."""

    __slots__ = ("_ctx", "_store")

    def __init__(self, ctx: Context, store: ActorRef[Command] | None) -> None:
        self._ctx = ctx
        self._store = store

    @property
    def known(self) -> bool:
        """True if the scenario has goals at all."""
        return self._store is not None

    async def list(self, *states: GoalState | str) -> tuple[Goal, ...]:
        """List its goals in these states (all, without any), newest first; 200 at most."""
        wanted = tuple([GoalState(state) for state in states])
        page: GoalPage = await self.ask(commands.ListGoals(states=wanted, limit=200))
        return page.items

    async def ranked(self) -> tuple[RankedView, ...]:
        """Rank its proposed and adopted goals by falling score, with what blocks them."""
        ranking: Ranking = await self.ask(commands.RankGoals(limit=200))
        return ranking.items

    async def beliefs(self) -> tuple[Belief, ...]:
        """List the beliefs, 200 at most."""
        page: BeliefPage = await self.ask(commands.ListBeliefs(limit=200))
        return page.items

    async def propose(self, text: str, category: str = "exploration", **fields: Any) -> Goal:
        """Propose a goal; `fields` as of GoalDraft (value, effort, risk, success_metrics, …)."""
        draft = {"text": text, "category": category, **fields}
        return await self._changed(commands.CreateGoal, draft=draft)

    async def adopt(self, goal_id: str) -> Goal:
        """Adopt a proposed goal, if the beliefs allow it."""
        return await self._changed(commands.AdoptGoal, goal_id=goal_id)

    async def complete(
        self, goal_id: str, *, success: bool = True, measured: Mapping[str, float] | None = None,
        reason: str | None = None,
    ) -> Goal:  # fmt: skip
        """Complete the execution of a goal. What the world itself measures goes before
        `measured`."""
        return await self._changed(
            commands.CompleteGoal, goal_id=goal_id, success=success, measured=dict(measured or {}),
            reason=reason,
        )  # fmt: skip

    async def abandon(self, goal_id: str, reason: str | None = None) -> Goal:
        """Give a goal up for good."""
        return await self._changed(commands.AbandonGoal, goal_id=goal_id, reason=reason)

    async def ask(self, command: Command) -> Any:
        """Ask any command of `goals.commands` that agents may use."""
        if self._store is None:
            raise NoGoals(self._ctx.self.path)
        answer = await self._ctx.ask(self._store, command)
        if isinstance(answer, Refused):
            raise GoalRefused(answer)
        return answer

    async def _changed(self, kind: type[Command], **body: Any) -> Goal:
        try:
            command = kind.model_validate(body)
        except ValidationError as error:
            refusal = Refused(code="invalid-goal", detail=plain_error(error))
            raise GoalRefused(refusal) from None
        answer: GoalAnswer = await self.ask(command)
        return answer.goal
