"""For the contract checks: arguments made from schemas, and tests of what an observation says."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf, nan
from typing import Any

from pydantic import JsonValue, ValidationError

from ..actions import NOOP, Action, Applied, Role, Tool
from ..interactions import Decision, Offer
from ..json_schema import Schema, alternatives
from ..observation import Observation
from ..world import Policy, RngSource, World

_HUGE = 10**30


def example(tool: Tool, text: str) -> Action:
    """Return an action with the least arguments that should be valid; `text` goes where any text
    may."""
    schema = tool.json_schema
    properties = schema.get("properties", {})
    args = {
        name: _least_value(schema, properties[name], text) for name in schema.get("required", ())
    }
    return Action(tool=tool.name, args=args)


def bad_examples(tool: Tool, text: str) -> Iterator[tuple[str, Action]]:
    """Yield actions whose arguments the tool's model must refuse, each with what is wrong in it."""
    schema = tool.json_schema
    good = example(tool, text).args
    yield "an argument it does not have", _with(tool, good, "no_such_argument", 1)
    for name, field in schema.get("properties", {}).items():
        for value in _bad_values(_values_of(schema, field)):
            shown = f"{value!r}" if len(repr(value)) < 40 else f"{repr(value)[:36]}..."
            yield f"{name} = {shown}", _with(tool, good, name, value)


def _with(tool: Tool, good: Mapping[str, Any], name: str, value: Any) -> Action:
    return Action(tool=tool.name, args={**good, name: value})


def _values_of(root: Schema, field: Schema) -> list[Schema]:
    """List the schemas of which a value must meet one, null left out."""
    return [found for found in alternatives(root, field) if found.get("type") != "null"]


def _least_value(root: Schema, field: Schema, text: str) -> Any:
    schema = (_values_of(root, field) or [{}])[0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        return float(least) if kind == "number" else least
    return {"boolean": False, "array": [], "object": {}}.get(str(kind), text)


def _bad_values(schemas: list[Schema]) -> list[Any]:
    """Return values that none of the schemas should let through."""
    if len(schemas) != 1:
        return [nan, inf, -inf]
    schema = schemas[0]
    if "enum" in schema or "const" in schema:
        return ["no such choice", nan, _HUGE, -_HUGE]
    match schema.get("type"):
        case "integer" | "number":
            bad: list[Any] = ["many", nan, inf, -inf, _HUGE, -_HUGE, float(_HUGE)]
            least = schema.get("minimum", schema.get("exclusiveMinimum"))
            if least is None or least >= 0:
                bad.append(-1)
            return bad
        case "string":
            return [1, nan, ["text"]]
        case "boolean":
            return ["perhaps", 2, nan]
    return [nan, inf, "anything"]


Choices = Mapping[str, tuple[JsonValue, ...]]


def faults_of_roles(world: type[World]) -> Iterator[str]:
    """Yield what is wrong with a world's roles."""
    tools = [tool.name for tool in world.tools]
    for name, role in world.roles.items():
        if role.name != name:
            yield f"the role {name} calls itself {role.name}"
        for tool in role.tools:
            if tool not in tools:
                yield f"the role {name} may {tool}, but the world's tools are {', '.join(tools)}"
        if not (role.summary.strip() and role.prompt.strip()):
            yield f"the role {name} needs a summary and a prompt"


def chooser(world: type[World]) -> type[Policy]:
    """Make a policy that does at random what its observation offers, and takes every offer."""
    tools = {tool.name: tool for tool in world.tools}

    class Chooser(Policy):
        def act(self, observation: Observation, rng: RngSource) -> Action:
            stream = rng("options")
            options = observation.options()
            names = tuple(tools) if options is None else options
            if not names:
                return NOOP
            name = names[stream.below(len(names))]
            if name not in tools:
                return Action(tool=name)
            tool = tools[name]
            args = example(tool, observation.agent).args
            choices = observation.choices()
            for argument in tool.json_schema.get("properties", {}):
                values = _values(choices, tool, argument)
                if values:
                    args[argument] = values[stream.below(len(values))]
            return Action(tool=tool.name, args=args)

        def decide(self, offer: Offer, rng: RngSource) -> Decision:
            return Decision(accept=True, effort=0.5)

    return Chooser


class Witness:
    """Compares what observations offered with the results of actions."""

    def __init__(self, world: type[World], role: Role | None, *, chose: bool) -> None:
        """Begin without faults; `chose` says that agents use only what their observations offer."""
        self._tools = {tool.name: tool for tool in world.tools}
        self._role = role
        self._chose = chose
        self.faults: list[str] = []
        self.actions = 0

    def see(self, observation: Observation, action: Action, applied: Applied) -> None:
        """Take in one agent's turn."""
        options, choices = observation.options(), observation.choices()
        self.faults += self._of_names(options, choices)
        tool = self._tools.get(action.tool or "")
        if tool is None:
            return
        self.actions += 1
        offered = options is None or tool.name in options
        if applied.ok and not offered:
            self.faults.append(f"{tool.name} succeeded, but options() had only {options}")
        elif offered:
            self.faults += self._of_arguments(tool, action, choices, applied)

    def _of_names(self, options: Sequence[str] | None, choices: Choices) -> Iterator[str]:
        """Yield names that are not there, or that the role may not use."""
        tools = self._tools
        for name in options or ():
            if name not in tools:
                yield f"options() has {name!r}, which is no tool"
            elif self._role is not None and name not in self._role.tools:
                yield f"options() has {name}, which the role {self._role.name} may not use"
        keys: set[str] = set()
        for name, tool in tools.items():
            keys.update(_arguments(tool), [f"{name}.{argument}" for argument in _arguments(tool)])
        for key in choices:
            if key not in keys:
                yield f"choices() has {key!r}, which is no argument of a tool"
        for name in options or ():
            for argument in tools[name].json_schema.get("required", ()) if name in tools else ():
                if _values(choices, tools[name], argument) == ():
                    yield f"options() has {name}, but choices() has no {argument} for it"

    def _of_arguments(
        self, tool: Tool, action: Action, choices: Choices, applied: Applied
    ) -> Iterator[str]:
        """Yield values that were offered but not known, or that succeeded but were not offered."""
        strange = [
            f"{argument} = {value!r}"
            for argument, value in action.args.items()
            if (values := _values(choices, tool, argument)) is not None and value not in values
        ]
        if applied.ok and strange:
            yield f"{tool.name} succeeded with {', '.join(strange)}, which choices() did not have"
        if applied.unknown and not strange:
            yield f"{tool.name} with {action.args} was refused as unknown: {applied.error}"
        if self._chose:
            try:
                tool.arguments.model_validate(action.args, strict=True)
            except ValidationError:
                yield f"choices() has values that {tool.name} does not take: {action.args}"


def _arguments(tool: Tool) -> Sequence[str]:
    return tuple(tool.json_schema.get("properties", ()))


def _values(choices: Choices, tool: Tool, argument: str) -> tuple[Any, ...] | None:
    """Return the known values of a tool's argument; None where they are not known."""
    return choices.get(f"{tool.name}.{argument}", choices.get(argument))
