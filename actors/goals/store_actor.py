"""The GoalStore as an actor of an episode.

Its clock is the run's logical time, its ids and traces come from its own keyed randomness, and its
database is made anew by every execution of the run: what it holds follows from the messages it got.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from pydantic import ValidationError

from ...goals import commands
from ...goals.checkers.checker import LexicalChecker
from ...goals.commands import COMMANDS, Command
from ...goals.decisions import met
from ...goals.fields import utc_text
from ...goals.identity import Caller, Trace
from ...goals.lifecycle import release_expired
from ...goals.model import Goal, GoalState, Weights
from ...goals.policy import GoalFlags
from ...goals.schemas import (
    Answer,
    BeliefPatch,
    GoalAnswer,
    LedgerView,
    Refused,
    TaskAnswer,
    TaskView,
)
from ...goals.store import goal_rows, ledger_rows
from ...goals.store.database import Database
from ...goals.store.ledger_rows import dump_lines
from ...goals.store_api import GoalStore, ask_deferred
from ...runtime.actor import Actor, handles
from ...runtime.context import Context
from ...runtime.kernel import Kernel
from ...runtime.message import ActorRef, Message
from ...runtime.order import OUTSIDE
from ...runtime.wording import first_problem
from ...scenarios.actions import Event
from ...scenarios.observation import CurrentGoal
from ...scenarios.schema.episode import EpisodeConfig, agent_ids, targets
from ...scenarios.schema.goals import GoalsConfig, OwnGoal
from ...scenarios.world import Moment
from ..llm.chat import ModelBinding
from ..messages import (
    AssignGoals,
    CloseGoals,
    GoalsAssigned,
    Log,
    Measured,
    OutsideCommand,
    RecorderRef,
)
from ..ports import GoalFiles
from .access import agent_of, as_asked_by, not_allowed, unfit_command
from .judge import Judge

_WORD_BITS = 32
_PAGE = 200
_FOR_EVER = timedelta(days=36_500)
"""Keeps answers for 100 years: a client outside knows nothing of the run's logical time."""


EPISODE_KEYS = "episode:"
"""Prefix of an episode's own selection keys; from outside they are refused."""
_DIRECTOR, _SCENARIO = "director", "scenario"
_OVER = Refused(code="episode-over", detail="the episode is over; nothing was done")
_COUNTED = {
    "goal_created": "created",
    "goal_adopted": "adopted",
    "goal_selected_for_execution": "selected",
    "goal_satisfied": "satisfied",
    "goal_failed": "failed",
    "goal_abandoned": "abandoned",
    "goal_blocked_by_belief": "blocked",
    "goal_shadow_selected": "shadow_selected",
}
"""The events that are counted, and the names of the counts."""
PATH = "goals"
"""The path of the GoalStore's actor."""
StoreRef = ActorRef[AssignGoals | Measured | CloseGoals | Command | OutsideCommand]


def _origin(ctx: Context) -> str:
    """Return the path of the current message's sender, gone or not."""
    assert ctx.envelope is not None
    return ctx.envelope.origin


class Executing(NamedTuple):
    """The goal that an agent executes now."""

    goal_id: str
    told: CurrentGoal
    attempt: int
    trace: Trace


class GoalCounts:
    """Counts of the events of goals, over all agents and for each, for metrics.json."""

    def __init__(self) -> None:
        self._by_agent: dict[str | None, dict[str, int]] = {}

    def count(self, agent: str | None, event: str) -> None:
        """Count an event, if it is one of those that are counted."""
        name = _COUNTED.get(event)
        if name is not None:
            counts = self._by_agent.setdefault(agent, dict.fromkeys(_COUNTED.values(), 0))
            counts[name] += 1

    def to_json(self, by_state: Mapping[str, int]) -> dict[str, Any]:
        """Return the counts; `by_state` has the goals that there are at the end."""
        by_agent = self._by_agent.values()
        total = {name: sum([counts[name] for counts in by_agent]) for name in _COUNTED.values()}
        agents = {agent: counts for agent, counts in self._by_agent.items() if agent is not None}
        return {**total, "by_state": dict(by_state), "agents": agents}


class GoalKeeper(Actor):
    """The actor that gives each agent its current goal, carries out commands, and measures success.

    An agent keeps the goal that it executes until its success metrics are met, or until it is
    completed, abandoned or released; only then the next one is selected.
    """

    def __init__(
        self, goals: GoalsConfig, config: EpisodeConfig, files: GoalFiles,
        recorder: RecorderRef, judge: Judge | None = None,
    ) -> None:  # fmt: skip
        self.config = config
        self.goals = goals
        self.files = files
        self.recorder = recorder
        self.agents = dict.fromkeys([agent for agent, _ in agent_ids(config)])
        self.judge = judge
        self.moment = Moment(0, 0, 0, 0.0)
        self.is_open = self.is_over = False
        self.changed_at = -1
        """The step whose planned changes of beliefs were made last."""
        self.executing: dict[str, Executing] = {}
        """The goal that each agent executes, by agent."""
        self.shadowed: dict[str, str] = {}
        """The goal that each agent would have taken last, were it not for shadow mode."""
        self.measured: dict[str, Mapping[str, float]] = {}
        """The world's last measurements, by agent."""
        self.busy: dict[str, None] = {}
        """The agents that have goals or scheduled tasks; others are not asked about every turn."""
        self.counts = GoalCounts()
        self.logged = 0
        """Number of the ledger's events that are in the event log so far."""
        self.changes = -1
        """The database's count of changes when they were looked for last."""

    def on_start(self, ctx: Context) -> None:
        self._ctx = ctx
        goals = self.goals
        flags = GoalFlags(
            system=goals.system, shadow=goals.shadow, canary_percent=goals.canary_percent
        )
        checker = LexicalChecker() if self.judge is None else self.judge.answers
        self.store = GoalStore(
            self.files.database, clock=self._now, bits=self._bits, checker=checker,
            policy=self.goals.policy, flags=flags,
            starting_weights=Weights(**dict(self.goals.weights)), keep_answers=_FOR_EVER,
        )  # fmt: skip

    # --- what the store gets of the run -------------------------------------------------------

    def _now(self) -> datetime:
        return self._ctx.now

    def _bits(self, count: int) -> int:
        stream, number = self._ctx.rng("ids"), 0
        for _ in range(0, count, _WORD_BITS):
            number = number << _WORD_BITS | stream.below(1 << _WORD_BITS)
        return number & (1 << count) - 1

    def _caller(self, actor: str) -> Caller:
        return Caller(actor=actor, trace=Trace.begin(self._bits))

    # --- turns --------------------------------------------------------------------------------

    @handles
    async def on_assign(self, message: AssignGoals, ctx: Context) -> GoalsAssigned | None:
        if self._is_forged(message, _DIRECTOR, ctx):
            return None
        self._ctx, self.moment = ctx, message.moment
        if not self.is_open:
            self.is_open = True
            await self._open(ctx)
        await self._change_beliefs(message.moment, ctx)
        if self.store.policy.lease_min is not None:
            self.store.perform("release_expired", self._caller("director"), release_expired)
        # Whoever's goal was released just now gets another one.
        self._log_new_events(ctx)
        goals = [await self._assigned(agent, ctx) for agent in message.agents]
        self._log_new_events(ctx)
        return GoalsAssigned(goals=goals)

    async def _open(self, ctx: Context) -> None:
        """Fill the store with what the scenario file says: beliefs, tasks, each agent's goals."""
        caller = self._caller("scenario")
        goals, config = self.goals, self.config
        for belief in goals.beliefs:
            await self._carry_out(commands.AddBelief(caller=caller, draft=belief), ctx)
        for planned in goals.tasks:
            for agent in targets(config, planned):
                own = {"task_id": f"{planned.task.task_id}:{agent}", "owner": agent}
                task = planned.task.model_copy(update=own)
                await self._carry_out(commands.ScheduleTask(caller=caller, task=task), ctx)
                self.busy[agent] = None
        ids: dict[tuple[str, str], str] = {}
        for agent, spec in _first_goals(goals, config):
            depends_on = tuple([ids[agent, name] for name in spec.goal.depends_on])
            draft = spec.goal.model_copy(update={"owner": agent, "depends_on": depends_on})
            made = await self._carry_out(commands.CreateGoal(caller=caller, draft=draft), ctx)
            assert isinstance(made, GoalAnswer), made
            if spec.name is not None:
                ids[agent, spec.name] = made.goal.id
            if spec.adopt:
                adoption = commands.AdoptGoal(caller=caller, goal_id=made.goal.id)
                await self._carry_out(adoption, ctx)
        self._log_new_events(ctx)

    async def _change_beliefs(self, moment: Moment, ctx: Context) -> None:
        """Do what the scenario file has planned for this step, before its first batch."""
        if moment.index == self.changed_at:
            return
        self.changed_at = moment.index
        for change in self.goals.belief_changes:
            if change.step == moment.index:
                patch = BeliefPatch(active=change.active)
                caller = self._caller("scenario")
                command = commands.EditBelief(caller=caller, belief_id=change.belief, patch=patch)
                await self._carry_out(command, ctx)

    async def _assigned(self, agent: str, ctx: Context) -> CurrentGoal | None:
        """Return what an agent is to do: the goal that it executes, or the one selected now."""
        current = self.executing.get(agent)
        if current is not None:
            return current.told
        if agent not in self.busy:
            return None
        caller = self._caller("director")
        key = f"{EPISODE_KEYS}{agent}@{self.moment.index}"
        question = commands.NextTask(caller=caller, selection_key=key, owner=agent)
        answer = await self._carry_out(question, ctx)
        if not isinstance(answer, TaskAnswer):
            return None
        if answer.shadow is not None:
            self.counts.count(agent, "goal_shadow_selected")
            if self.shadowed.get(agent) != answer.shadow.id:
                self.shadowed[agent] = answer.shadow.id
                data = {"goal_id": answer.shadow.id, "text": answer.shadow.text}
                self._log([Event("goal_shadow_selected", data, agent)], ctx)
        return None if answer.task is None else self._taken(agent, answer.task, caller.trace)

    def _taken(self, agent: str, task: TaskView, trace: Trace) -> CurrentGoal:
        deadline = None
        if task.goal_id is not None:
            goal = self.store.execute(commands.ReadGoal(goal_id=task.goal_id)).goal
            assert goal.owner == agent and goal.state is GoalState.EXECUTING, task
            deadline = None if goal.deadline is None else utc_text(goal.deadline)
        told = CurrentGoal(
            task.task_id, task.text, task.goal_id, task.attempt, deadline, task.success_metrics,
            task.metadata,
        )  # fmt: skip
        if task.goal_id is not None:
            self.executing[agent] = Executing(task.goal_id, told, task.attempt or 1, trace)
        return told

    @handles
    async def on_measured(self, message: Measured, ctx: Context) -> None:
        """Complete what has reached its success metrics."""
        if self._is_forged(message, _SCENARIO, ctx):
            return
        self._ctx, self.moment = ctx, message.moment
        for agent, figures in message.figures:
            self.measured[agent] = figures
            current = self.executing.get(agent)
            wanted = {} if current is None else current.told.success_metrics
            if current is not None and wanted and met(wanted, figures)[0]:
                done = commands.CompleteGoal(
                    caller=Caller(actor="scenario", trace=current.trace),
                    goal_id=current.goal_id, attempt=current.attempt, success=True,
                    measured={name: figures[name] for name in wanted},
                )  # fmt: skip
                await self._carry_out(done, ctx)
        self._log_new_events(ctx)

    # --- commands -----------------------------------------------------------------------------

    @handles
    async def on_command(self, message: Command, ctx: Context) -> Any:
        """Carry out an agent's command about its own goals."""
        self._ctx = ctx
        agent = agent_of(_origin(ctx))
        if agent is None:
            return not_allowed("only agents have goals")
        if self.is_over:
            return _OVER
        unfit = unfit_command(message)
        if unfit is not None:
            return unfit
        current = self.executing.get(agent)
        trace = Trace.begin(self._bits) if current is None else current.trace
        asked = as_asked_by(agent, message, Caller(actor=agent, trace=trace), self.store)
        if isinstance(asked, Refused):
            return asked
        if isinstance(asked, commands.CompleteGoal):
            # What the world measures counts, not what an agent says of it.
            said = {name: told for name, told in asked.measured.items() if name != "alignment"}
            measured = {**said, **self.measured.get(agent, {})}
            asked = asked.model_copy(update={"measured": measured})
        answer = await self._carry_out(asked, ctx)
        self._log_new_events(ctx)
        return answer

    @handles
    async def on_outside(self, message: OutsideCommand, ctx: Context) -> None:
        """Carry out a command from outside of the run; the answer goes back there."""
        if self._is_forged(message, OUTSIDE, ctx):
            return
        self._ctx = ctx
        answer = _OVER if self.is_over else await self._answer_outside(message, ctx)
        if not self.is_over:
            self._log_new_events(ctx)
        self.files.reception(message.request, answer)

    async def _answer_outside(self, message: OutsideCommand, ctx: Context) -> Any:
        kind = COMMANDS.get(message.command)
        if kind is None:
            return Refused(code="unknown-command", detail=f"no command {message.command!r}")
        try:
            command = kind.model_validate(message.body)
        except ValidationError as error:
            return Refused(code="invalid-goal", detail=first_problem(error).message)
        if isinstance(command, commands.NextTask):
            if not command.owner or command.owner in self.agents:
                return not_allowed(
                    "the episode itself gives its agents their tasks; ask for another owner's"
                )
            if command.selection_key.startswith(EPISODE_KEYS):
                return not_allowed(
                    f"selection keys that begin with {EPISODE_KEYS!r} are the episode's own"
                )
        return await self._carry_out(command, ctx)

    async def _carry_out(self, command: Command, ctx: Context) -> Any:
        """Carry a command out; a judge is asked as often as the store has a question."""
        judge = self.judge
        if judge is None:
            return self.store.ask(command)

        async def attempt() -> Answer:
            return self.store.ask(command)

        return await ask_deferred(attempt, partial(judge.answer, ctx=ctx), judge.answers)

    # --- the record -----------------------------------------------------------------------------

    def _log_new_events(self, ctx: Context) -> None:
        """Have what is new in the ledger in the event log too, and forget what is over."""
        changes = self.files.database.connection.total_changes
        if changes == self.changes:
            return
        self.changes = changes
        events: list[Event] = []
        with self.files.database.reading() as tx:
            while new := ledger_rows.events(tx, after=self.logged, limit=_PAGE):
                self.logged = new[-1].seq
                for entry in new:
                    goal = goal_rows.find_goal(tx, entry.goal_id, include_deleted=True)
                    assert goal is not None
                    events.append(self._event(entry, goal))
        self._log(events, ctx)

    def _event(self, entry: LedgerView, goal: Goal) -> Event:
        owner = goal.owner
        if owner is not None:
            self.busy[owner] = None
        self.counts.count(owner, entry.event)
        current = None if owner is None else self.executing.get(owner)
        if owner is not None and current is not None and current.goal_id == entry.goal_id:
            if entry.event == "goal_updated":
                told = current.told._replace(metadata=goal.metadata)
                self.executing[owner] = current._replace(told=told)
            elif goal.state is not GoalState.EXECUTING:
                del self.executing[owner]
        data: dict[str, Any] = {"goal_id": entry.goal_id}
        if entry.event == "goal_created":
            data |= {"text": goal.text, "category": goal.category}
        if entry.state_to is not None:
            data["state"] = entry.state_to
        if entry.reason is not None:
            data["reason"] = entry.reason
        return Event(entry.event, {**data, **entry.data, "by": entry.actor}, owner)

    def _is_forged(self, message: Message, origin: str, ctx: Context) -> bool:
        """Check the sender of a message that one actor alone may send; a forged one is logged and
        ignored."""
        sender = _origin(ctx)
        if sender == origin:
            return False
        data = {"message": message.message_name, "sender": sender}
        self._log([Event("goals_forgery_ignored", data, agent_of(sender))], ctx)
        return True

    def _log(self, events: list[Event], ctx: Context) -> None:
        if events:
            ctx.tell(self.recorder, Log(moment=self.moment, events=events))

    @handles
    def on_close(self, message: CloseGoals, ctx: Context) -> dict[str, Any]:
        if self._is_forged(message, _DIRECTOR, ctx):
            return {}
        self._ctx = ctx
        self._log_new_events(ctx)
        # What comes in from now on would stand in the database and nowhere else.
        self.is_over = True
        with self.files.database.reading() as tx:
            for line in dump_lines(tx):
                self.files.dump(line)
        figures = self.counts.to_json(self.store.execute(commands.ReadStatistics()).by_state)
        if self.judge is not None:
            figures["judge"] = self.judge.use._asdict()
        return figures


def _first_goals(goals: GoalsConfig, config: EpisodeConfig) -> list[tuple[str, OwnGoal]]:
    """List each agent's goals: those of the `goals:` section, then those of its own entry."""
    meant = [(spec, frozenset(targets(config, spec))) for spec in goals.list]
    found: list[tuple[str, OwnGoal]] = []
    for agent, entry in agent_ids(config):
        found += [(agent, spec) for spec, whom in meant if agent in whom]
        found += [(agent, spec) for spec in entry.goals]
    return found


def spawn_goals(
    kernel: Kernel, config: EpisodeConfig, files: GoalFiles | None, recorder: RecorderRef,
    judge: ModelBinding | None,
) -> StoreRef:  # fmt: skip
    """Spawn the GoalStore of an episode that has goals; without files it is kept in memory.

    `judge` is the language model that compares goals with beliefs, where one does.
    """
    goals = config.goals
    assert goals is not None
    files = files or GoalFiles(Database.open(":memory:"), lambda line: None)
    asked = None if judge is None else Judge(judge, with_rules=goals.checker == "both")
    return kernel.spawn(PATH, GoalKeeper, goals, config, files, recorder, asked)
