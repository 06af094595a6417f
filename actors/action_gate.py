"""The gate between agents and the world.

Only known tools that the agent's role allows pass, and only with valid arguments.
"""

from typing import Any

from pydantic import ValidationError

from ..runtime.wording import problems, shortened
from ..scenarios.actions import NOOP, Action, Applied, Event
from ..scenarios.world import World
from .messages import Ruled


class ActionGate:
    """Applies ruled actions; denied and invalid ones reach the world as a noop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tools = {tool.name: tool for tool in world.tools}
        self._roles = world.roles_taken()

    def apply(self, ruled: Ruled, events: list[Event]) -> Applied:
        """Apply one action; add its events to `events`."""
        action, agent, world = ruled.action, ruled.agent, self._world
        if action.tool is None:
            applied = world.apply(agent, action, None)
        elif ruled.denied_by is not None:
            data = {"tool": action.tool, "lever": ruled.denied_by, "reason": ruled.reason}
            events.append(Event("action_denied", data, agent, told=True))
            applied = self._refuse(agent, f"denied by {ruled.denied_by}: {ruled.reason}")
        else:
            applied = self._attempt(ruled, events)
        events += applied.events
        return applied

    def _attempt(self, ruled: Ruled, events: list[Event]) -> Applied:
        action, agent = ruled.action, ruled.agent
        name = action.tool or ""
        tool, role = self._tools.get(name), self._roles.get(agent)
        if tool is None:
            known = ", ".join(self._tools if role is None else role.tools) or "none"
            return self._invalid(agent, action, f"there is no tool {name!r}; use {known}", events)
        forbidden = None if role is None else role.refusal(name)
        if forbidden is not None:
            return self._invalid(agent, action, forbidden, events)
        try:
            arguments = tool.arguments.model_validate(action.args, strict=True)
        except ValidationError as error:
            return self._invalid(agent, action, plain_error(error), events)
        if ruled.vote_weight != 1.0:
            self._world.weigh(agent, ruled.vote_weight)
        applied = self._world.apply(agent, action, arguments)
        if not applied.ok:
            data = {"tool": action.tool, "error": applied.error}
            events.append(Event("action_failed", data, agent, told=True))
        elif applied.offer is not None and ruled.quote is not None:
            applied.offer.terms["quote"] = list(ruled.quote)
        return applied

    def _invalid(self, agent: str, action: Action, error: str, events: list[Event]) -> Applied:
        data = {"tool": action.tool, "error": error}
        events.append(Event("invalid_action", data, agent, told=True))
        return self._refuse(agent, error)

    def _refuse(self, agent: str, error: str) -> Applied:
        """Take the agent's turn away; the world sees a noop."""
        applied = self._world.apply(agent, NOOP, None)
        applied.ok, applied.error = False, error
        return applied


_MOST_FAULTS = 5
"""Faults that are listed."""
_LONGEST = 80
"""Characters of a name or a value that are shown."""


def plain_error(error: ValidationError) -> str:
    """Say what is wrong with each argument, and what was given."""
    parts = []
    found = problems(error)
    for problem in found[:_MOST_FAULTS]:
        where = ".".join(str(part)[:_LONGEST] for part in problem.where) or "arguments"
        parts.append(f"{where}: {problem.message}, got {_shown(problem.given)}")
    if len(found) > _MOST_FAULTS:
        parts.append(f"and {len(found) - _MOST_FAULTS} more faults")
    return "; ".join(parts)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool | None) else (
        f"a {type(value).__name__}"
    )  # fmt: skip
    return shortened(text, _LONGEST, "...")
