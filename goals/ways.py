"""How each kind of command is carried out, as a table."""

from collections.abc import Callable
from typing import Any, NamedTuple

from . import (
    adoption,
    believing,
    commands,
    completion,
    decisions,
    editing,
    execution,
    importing,
    reading,
    rollout,
)
from .commands import Answer, Command, GoalAnswer
from .fields import utc_text
from .forms import BeliefView, GoalView
from .model import Goal
from .operation import Operation
from .ranking import weights_view
from .scheduling import next_task
from .store import belief_rows, decision_rows, goal_rows, task_rows


class Way(NamedTuple):
    """How a kind of command is carried out."""

    span: str
    """The name of its span in the trace."""
    changes: bool
    """Whether it may write."""
    work: Callable[[Operation, Any], Answer]


def _goal(goal: Goal) -> GoalAnswer:
    return GoalAnswer(goal=GoalView.of(goal))


def _create(op: Operation, command: commands.CreateGoal) -> GoalAnswer:
    return _goal(editing.create(op, command.draft))


def _read(op: Operation, command: commands.ReadGoal) -> GoalAnswer:
    return _goal(op.goal(command.goal_id))


def _list(op: Operation, command: commands.ListGoals) -> commands.GoalPage:
    goals, cursor = goal_rows.page_of_goals(
        op.tx, states=command.states, category=command.category, owner=command.owner,
        include_deleted=command.include_deleted, limit=command.limit, cursor=command.cursor,
    )  # fmt: skip
    items = tuple(GoalView.of(goal) for goal in goals)
    return commands.GoalPage(items=items, next_cursor=cursor)


def _edit(op: Operation, command: commands.EditGoal) -> GoalAnswer:
    return _goal(editing.update(op, command.goal_id, command.patch, command.expected_version))


def _adopt(op: Operation, command: commands.AdoptGoal) -> GoalAnswer:
    adopted = adoption.adopt(op, command.goal_id, command.expected_version)
    return GoalAnswer(goal=GoalView.of(adopted.goal), warnings=adopted.warnings)


def _approve(op: Operation, command: commands.ApproveGoal) -> GoalAnswer:
    return _goal(adoption.approve(op, command.goal_id, command.expected_version))


def _abandon(op: Operation, command: commands.AbandonGoal) -> GoalAnswer:
    return _goal(execution.abandon(op, command.goal_id, command.reason))


def _delete(op: Operation, command: commands.DeleteGoal) -> GoalAnswer:
    return _goal(editing.delete(op, command.goal_id, command.expected_version))


def _rank(op: Operation, command: commands.RankGoals) -> commands.Ranking:
    found = reading.prioritized(op, command.states, command.owner, command.limit)
    return commands.Ranking(
        items=tuple(ranked.view() for ranked in found.items),
        weights_used=weights_view(found.weights, op.policy),
        considered=found.considered,
    )


def _explain(op: Operation, command: commands.ExplainGoal) -> commands.Explanation:
    found = reading.explain(op, command.goal_id)
    return commands.Explanation(
        ranked=found.ranked.view(),
        weights_used=weights_view(found.weights, op.policy),
        lines=found.lines,
    )


def _history(op: Operation, command: commands.ReadHistory) -> commands.History:
    events, after = reading.history(op, command.goal_id, command.after, command.limit)
    return commands.History(items=tuple(events), next_after=after)


def _next_task(op: Operation, command: commands.NextTask) -> commands.TaskAnswer:
    step = next_task(op, op.flags, command.selection_key, command.owner)
    shadow = None if step.shadow is None else GoalView.of(step.shadow)
    return commands.TaskAnswer(task=step.task, shadow=shadow)


def _complete(op: Operation, command: commands.CompleteGoal) -> GoalAnswer:
    return _goal(completion.complete(
        op, command.goal_id, success=command.success, measured=command.measured,
        attempt=command.attempt, reason=command.reason,
    ))  # fmt: skip


def _release(op: Operation, command: commands.ReleaseGoal) -> GoalAnswer:
    goal = op.goal(command.goal_id)
    return _goal(execution.release(op, goal, "released", command.reason))


def _schedule(op: Operation, command: commands.ScheduleTask) -> commands.Done:
    task_rows.put_scheduled(op.tx, command.task, op.now_us)
    return commands.Done()


def _add_belief(op: Operation, command: commands.AddBelief) -> commands.BeliefAnswer:
    return commands.BeliefAnswer(belief=BeliefView.of(believing.add(op, command.draft)))


def _read_belief(op: Operation, command: commands.ReadBelief) -> commands.BeliefAnswer:
    return commands.BeliefAnswer(belief=BeliefView.of(believing.find(op, command.belief_id)))


def _list_beliefs(op: Operation, command: commands.ListBeliefs) -> commands.BeliefPage:
    beliefs, cursor = belief_rows.page_of_beliefs(
        op.tx, active=command.active, limit=command.limit, cursor=command.cursor
    )
    items = tuple(BeliefView.of(belief) for belief in beliefs)
    return commands.BeliefPage(items=items, next_cursor=cursor)


def _edit_belief(op: Operation, command: commands.EditBelief) -> commands.BeliefAnswer:
    belief = believing.edit(op, command.belief_id, command.patch, command.expected_version)
    return commands.BeliefAnswer(belief=BeliefView.of(belief))


def _decisions(op: Operation, command: commands.ListDecisions) -> commands.Decisions:
    return commands.Decisions(
        decisions=tuple(decision_rows.read_decisions(op.tx)),
        records=tuple(decision_rows.records(op.tx, command.goal_id, command.limit)),
    )


def _set(op: Operation, command: commands.SetParameter) -> commands.ParameterAnswer:
    parameter, clamped = decisions.set_parameter(
        op.tx, command.decision_id, command.parameter, command.value
    )
    return commands.ParameterAnswer(parameter=parameter, clamped=clamped)


def _import(op: Operation, command: commands.ImportGoals) -> commands.Imported:
    came = importing.import_goals(op, command.goals)
    return commands.Imported(created=came.created, known=came.known, blocked=came.blocked)


def _statistics(op: Operation, command: commands.ReadStatistics) -> commands.Statistics:
    return reading.statistics(op)


def _rollout(op: Operation, command: commands.ReadRollout) -> commands.RolloutAnswer:
    since = rollout.BEGINNING if command.since is None else utc_text(command.since)
    stats = rollout.read_stats(op.tx, since=since)
    verdict, reasons = rollout.verdict(stats)
    return commands.RolloutAnswer(
        selections=stats.selections, finished=stats.finished, successes=stats.successes,
        success_rate=stats.success_rate, safety_blocks=stats.safety_blocks,
        violations=stats.violations, crashes=stats.crashes, verdict=verdict, reasons=reasons,
    )  # fmt: skip


WAYS: dict[type[Command], Way] = {
    commands.CreateGoal: Way("create", True, _create),
    commands.ReadGoal: Way("get", False, _read),
    commands.ListGoals: Way("list", False, _list),
    commands.EditGoal: Way("update", True, _edit),
    commands.AdoptGoal: Way("adopt", True, _adopt),
    commands.ApproveGoal: Way("approve", True, _approve),
    commands.AbandonGoal: Way("abandon", True, _abandon),
    commands.DeleteGoal: Way("delete", True, _delete),
    commands.RankGoals: Way("prioritized", False, _rank),
    commands.ExplainGoal: Way("explain", False, _explain),
    commands.ReadHistory: Way("history", False, _history),
    commands.NextTask: Way("next_task", True, _next_task),
    commands.CompleteGoal: Way("complete", True, _complete),
    commands.ReleaseGoal: Way("release", True, _release),
    commands.ScheduleTask: Way("schedule", True, _schedule),
    commands.AddBelief: Way("add_belief", True, _add_belief),
    commands.ReadBelief: Way("belief", False, _read_belief),
    commands.ListBeliefs: Way("beliefs", False, _list_beliefs),
    commands.EditBelief: Way("edit_belief", True, _edit_belief),
    commands.ListDecisions: Way("decisions", False, _decisions),
    commands.SetParameter: Way("set_parameter", True, _set),
    commands.ImportGoals: Way("import", True, _import),
    commands.ReadStatistics: Way("statistics", False, _statistics),
    commands.ReadRollout: Way("rollout", False, _rollout),
}
"""All commands, by their type."""

ANSWERS = {
    answer.message_name: answer
    for answer in (
        commands.Refused, GoalAnswer, commands.BeliefAnswer, commands.ParameterAnswer,
        commands.Imported, commands.TaskAnswer, commands.Done,
    )
}  # fmt: skip
"""Answers of commands that may write, by name."""
