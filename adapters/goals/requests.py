"""Goal commands as requests to the HTTP API, and the API's answers as theirs."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from ...goals import answers, commands
from ...goals.answers import Answer, GoalAnswer
from ...goals.commands import Command
from ...goals.fields import utc_text
from ...goals.schemas import BeliefView, GoalView, ParameterView


class Call(NamedTuple):
    """A request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[Any], Answer]
    body: Any = None
    query: Mapping[str, Any] | None = None
    version: int | None = None
    """Sent as If-Match by requests that change something which has versions; None: any."""


def call_of(command: Command) -> Call:
    """The request for a command. Raises TypeError for one that the API does not have."""
    make = _CALLS.get(type(command))
    if make is None:
        raise TypeError(f"the HTTP API has no route for {command.message_name}")
    return make(command)


def _create(command: commands.CreateGoal) -> Call:
    return Call("POST", "/v1/goals", _goal, command.draft.model_dump(mode="json"))


def _read(command: commands.ReadGoal) -> Call:
    return Call("GET", _goal_path(command.goal_id), _goal)


def _list(command: commands.ListGoals) -> Call:
    query = {
        "state": list(command.states),
        "category": command.category,
        "owner": command.owner,
        "include_deleted": "true" if command.include_deleted else None,
        "limit": command.limit,
        "cursor": command.cursor,
    }
    return Call("GET", "/v1/goals", answers.GoalPage.model_validate, query=query)


def _edit(command: commands.EditGoal) -> Call:
    patch = command.patch.model_dump(mode="json", exclude_unset=True)
    path = _goal_path(command.goal_id)
    return Call("PATCH", path, _goal, patch, version=command.expected_version)


def _delete(command: commands.DeleteGoal) -> Call:
    path = _goal_path(command.goal_id)
    return Call("DELETE", path, _goal, version=command.expected_version)


def _adopt(command: commands.AdoptGoal) -> Call:
    path = _goal_path(command.goal_id, "adopt")
    return Call("POST", path, _goal, version=command.expected_version)


def _approve(command: commands.ApproveGoal) -> Call:
    path = _goal_path(command.goal_id, "approve")
    return Call("POST", path, _goal, version=command.expected_version)


def _abandon(command: commands.AbandonGoal) -> Call:
    return Call("POST", _goal_path(command.goal_id, "abandon"), _goal, _why(command.reason))


def _release(command: commands.ReleaseGoal) -> Call:
    return Call("POST", _goal_path(command.goal_id, "release"), _goal, _why(command.reason))


def _complete(command: commands.CompleteGoal) -> Call:
    body = command.model_dump(mode="json", include={"success", "measured", "attempt", "reason"})
    return Call("POST", _goal_path(command.goal_id, "complete"), _goal, body)


def _rank(command: commands.RankGoals) -> Call:
    query = {"state": list(command.states), "owner": command.owner, "limit": command.limit}
    return Call("GET", "/v1/goals/prioritized", answers.Ranking.model_validate, query=query)


def _explain(command: commands.ExplainGoal) -> Call:
    path = _goal_path(command.goal_id, "explain")
    return Call("GET", path, answers.Explanation.model_validate)


def _history(command: commands.ReadHistory) -> Call:
    query = {"after": command.after, "limit": command.limit}
    goal_id = command.goal_id
    path = "/v1/ledger" if goal_id is None else _goal_path(goal_id, "history")
    return Call("GET", path, answers.History.model_validate, query=query)


def _next(command: commands.NextTask) -> Call:
    body = {"selection_key": command.selection_key, "owner": command.owner}
    return Call("POST", "/v1/goals/next", answers.TaskAnswer.model_validate, body)


def _add_belief(command: commands.AddBelief) -> Call:
    return Call("POST", "/v1/beliefs", _belief, command.draft.model_dump(mode="json"))


def _read_belief(command: commands.ReadBelief) -> Call:
    return Call("GET", _belief_path(command.belief_id), _belief)


def _list_beliefs(command: commands.ListBeliefs) -> Call:
    active = None if command.active is None else str(command.active).lower()
    query = {"active": active, "limit": command.limit, "cursor": command.cursor}
    return Call("GET", "/v1/beliefs", answers.BeliefPage.model_validate, query=query)


def _edit_belief(command: commands.EditBelief) -> Call:
    patch = command.patch.model_dump(mode="json", exclude_unset=True)
    path = _belief_path(command.belief_id)
    return Call("PATCH", path, _belief, patch, version=command.expected_version)


def _decisions(command: commands.ListDecisions) -> Call:
    query = {"goal_id": command.goal_id, "limit": command.limit}
    return Call("GET", "/v1/decisions", answers.Decisions.model_validate, query=query)


def _set(command: commands.SetParameter) -> Call:
    names = [quote(name, safe="") for name in (command.decision_id, command.parameter)]
    path = f"/v1/decisions/{names[0]}/parameters/{names[1]}"
    return Call("PUT", path, _parameter, {"value": command.value})


def _import(command: commands.ImportGoals) -> Call:
    body = command.model_dump(mode="json", include={"goals"})
    return Call("POST", "/v1/goals/import", answers.Imported.model_validate, body)


def _rollout(command: commands.ReadRollout) -> Call:
    query = {} if command.since is None else {"since": utc_text(command.since)}
    return Call("GET", "/v1/rollout", answers.RolloutAnswer.model_validate, query=query)


_CALLS: dict[type[Command], Callable[[Any], Call]] = {
    commands.CreateGoal: _create,
    commands.ReadGoal: _read,
    commands.ListGoals: _list,
    commands.EditGoal: _edit,
    commands.DeleteGoal: _delete,
    commands.AdoptGoal: _adopt,
    commands.ApproveGoal: _approve,
    commands.AbandonGoal: _abandon,
    commands.ReleaseGoal: _release,
    commands.CompleteGoal: _complete,
    commands.RankGoals: _rank,
    commands.ExplainGoal: _explain,
    commands.ReadHistory: _history,
    commands.NextTask: _next,
    commands.AddBelief: _add_belief,
    commands.ReadBelief: _read_belief,
    commands.ListBeliefs: _list_beliefs,
    commands.EditBelief: _edit_belief,
    commands.ListDecisions: _decisions,
    commands.SetParameter: _set,
    commands.ImportGoals: _import,
    commands.ReadRollout: _rollout,
}


def _goal_path(goal_id: str, what: str = "") -> str:
    path = f"/v1/goals/{quote(goal_id, safe='')}"
    return f"{path}/{what}" if what else path


def _belief_path(belief_id: str) -> str:
    return f"/v1/beliefs/{quote(belief_id, safe='')}"


def _why(reason: str | None) -> Any:
    return None if reason is None else {"reason": reason}


# --- answers --------------------------------------------------------------------------------------


def _goal(body: Any) -> GoalAnswer:
    fields = dict(body)
    warnings = fields.pop("warnings", ())
    return GoalAnswer(goal=GoalView.model_validate(fields), warnings=warnings)


def _belief(body: Any) -> answers.BeliefAnswer:
    return answers.BeliefAnswer(belief=BeliefView.model_validate(body))


def _parameter(body: Any) -> answers.ParameterAnswer:
    fields = dict(body)
    clamped = fields.pop("clamped")
    return answers.ParameterAnswer(parameter=ParameterView.model_validate(fields), clamped=clamped)
