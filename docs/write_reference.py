"""Writes docs/cli.md and docs/scenario-files.md from the code: `python docs/write_reference.py`.

A test compares the pages with what this makes, so they can't become untrue.
"""

import ast
import inspect
import textwrap
import types
from collections.abc import Collection, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import click
from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gdg_runtime.actors.agents.policy_agents import GoalLedAgent
from gdg_runtime.actors.llm.agent import LlmAgent
from gdg_runtime.adapters.cli import cli
from gdg_runtime.goals.model import GoalDraft
from gdg_runtime.goals.policy import GoalPolicy, GoalWeights
from gdg_runtime.goals.schemas import BeliefDraft, ScheduledTaskDraft
from gdg_runtime.scenarios.measures.metric import METRICS
from gdg_runtime.scenarios.schema.episode import EpisodeConfig
from gdg_runtime.scenarios.schema.language_model import LlmConfig, ModelConfig, ModelOverrides
from gdg_runtime.scenarios.schema.sections import model_in
from gdg_runtime.scenarios.worlds.release_manager.world import ReleaseManagerWorld
from gdg_runtime.scenarios.worlds.sandbox.world import SandboxWorld

HERE = Path(__file__).parent


# --- the command line ---------------------------------------------------------------------------


def cli_page() -> str:
    """Every command with its arguments and options."""
    context = click.Context(cli, info_name="gdg-runtime")
    parts = [
        "# The command line\n",
        "Written from the code by `docs/write_reference.py`.\n",
        "Exit codes: 0 done, 1 the run failed, 2 bad input, 3 verification failed, 4 paused (a "
        "budget is used\nup, or a provider is down), 130 stopped by the user. Every option can be "
        "set by an environment\nvariable: `GDG_START_SEED=7` is `--seed 7` of `start`.\n"
        "`GDG_TRACEBACK=1` shows Python tracebacks. Of `goals`, 1 also means that a command was "
        "refused; GDG_GOALS_DB\nand GDG_GOALS_URL say where the goals are, GDG_TOKEN holds a "
        "server's token, and GOAL_SYSTEM,\nGOAL_SHADOW and GOAL_CANARY_PERCENT are the flags of "
        "goals.\n",
        "Ctrl-C (or SIGTERM) stops a run at the end of the step; a second one stops at once. The "
        "run can be\nresumed either way.\n",
    ]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        parts += _all(name, command, context)
    return "\n".join(parts)


def _all(name: str, command: click.Command, context: click.Context) -> Iterator[str]:
    """A command, and those below it."""
    yield _command(name, command)
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            below = command.get_command(context, sub)
            assert below is not None
            yield from _all(f"{name} {sub}", below, context)


def _command(name: str, command: click.Command) -> str:
    arguments = [
        f" {parameter.human_readable_name}"
        for parameter in command.params
        if isinstance(parameter, click.Argument)
    ]
    lines = [
        f"## gdg-runtime {name}{''.join(arguments)}\n",
        f"{inspect.cleandoc(command.help or '')}\n",
    ]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    if options:
        lines.append("| option | meaning |\n|---|---|")
        for option in options:
            names = ", ".join(f"`{spelled}`" for spelled in option.opts)
            lines.append(f"| {names} | {_cell(_option(option))} |")
        lines.append("")
    return "\n".join(lines)


def _option(option: click.Option) -> str:
    text = option.help or ""
    if isinstance(option.type, click.Choice):
        text += f" One of {', '.join(option.type.choices)}."
    if option.show_default and option.default not in (None, False, ()):
        text += f" Default: {option.default}."
    return text.strip()


# --- scenario files -----------------------------------------------------------------------------


def scenario_page() -> str:
    """Every key of a scenario file, from the models that check it."""
    parts = [
        "# Scenario files\n",
        "Written from the code by `docs/write_reference.py`.\n",
        INTRODUCTION,
        _section("The file", EpisodeConfig, ""),
        _section("A language model", ModelConfig, MODELS),
        _section("Agent type `llm`", LlmAgent.Params, AGENTS),
        _section("Agent type `goal_led`", GoalLedAgent.Params, GOAL_LED),
        _section("A goal", GoalDraft, GOALS, but=("owner",)),
        _section("A belief", BeliefDraft, "Below `goals.beliefs`.\n"),
        _section("A scheduled task", ScheduledTaskDraft, TASKS, but=("owner",)),
        _section("The policy of goals", GoalPolicy, "Below `goals.policy`.\n"),
        _section("The weights of goals", GoalWeights, "Below `goals.weights`.\n"),
    ]
    for world in (SandboxWorld, ReleaseManagerWorld):
        title = f"The world `{world.name}`"
        parts.append(
            _section(
                title,
                world.Config,
                f"{world.summary} These keys go under "
                "`world.params`, or as sections of their own at the top.\n",
            )
        )
        for name, policy in world.policies.items():
            summary = (inspect.getdoc(policy) or "").partition("\n")[0]
            parts.append(
                _section(
                    f"Agent type `{name}` of `{world.name}`",
                    policy.Params,
                    f"{summary}\n",
                    heading="###",
                )
            )
    parts.append("## Metrics\n\n| name | what it says |\n|---|---|")
    parts += [f"| `{name}` | {_cell(text)} |" for name, text in METRICS.items()]
    return "\n".join(parts) + "\n"


INTRODUCTION = """\
One YAML file describes a run. `gdg-runtime validate FILE` names every fault with its line, the
path of the key, what was expected and the nearest valid name; nothing runs before all are mended.

```yaml
scenario_id: market            # names the run's folder
agents:
  - type: honest
    count: 3
  - type: my_module:MyAgent    # a class of your own
    params: {patience: 3}
governance:
  transaction_tax_rate: 0.05
simulation: {epochs: 10, steps_per_epoch: 10, seed: 42}
```

Any key can be overridden: `--set governance.transaction_tax_rate=0.1`, `--set agents.0.count=5`;
`--scenario-param key=value` reaches the world's own parameters, `--seed` and `--epochs` win last.

Other spellings are read too: those in the tables; `metrics_to_track` for `metrics.track`;
`rate_limits` for the sandbox's `limits`; keys of `safety` other than the kill switch as `limits`;
and the RunConfig of Goal Drift Gym (`scenario`, `scenario_params`, `engine`, `policy`, `agent`,
`adversary_agent`, `metrics.alignment.threshold`, `run_label`). Two spellings of one key that
disagree are a fault.
"""


MODELS = """\
`llm:` has the defaults of all agents, `models:` settings by role (or just a model's name), and an
agent's own entry what differs for it: beside its `type`, or below `llm:`. The most special wins.
`goals.judge` has what differs for the judge of goals.
What it all means for a run is in [llm-agents.md](llm-agents.md).
"""

AGENTS = """\
An agent that is a language model, in any world. These keys stand beside `type`, or below `params:`.
"""


GOAL_LED = """\
A scripted agent whose goals decide which of the world's policies it acts by: the one that
`metadata.policy` of its current goal or scheduled task names.
"""

GOALS = """\
Below `goals.list`, beside `target`; or below `goals` of an entry of `agents`. What goals mean for a
run is in [goals-in-episodes.md](goals-in-episodes.md).
"""

TASKS = """\
Below `goals.tasks`, beside `target`.
"""


_APART = (GoalDraft, BeliefDraft, ScheduledTaskDraft, GoalPolicy, GoalWeights)
"""Models with a section of the page to themselves."""


def _section(
    title: str, model: type[BaseModel], text: str, heading: str = "##", but: Collection[str] = ()
) -> str:
    lines = [f"{heading} {title}\n", text]
    if model.model_fields:
        lines.append("| key | type and range | default | meaning |\n|---|---|---|---|")
        lines += _rows(model, "", but)
    else:
        lines.append("No parameters.")
    return "\n".join([*lines, ""])


def _rows(model: type[BaseModel], prefix: str, but: Collection[str] = ()) -> list[str]:
    rows = []
    notes = _docstrings(model)
    for name, field in model.model_fields.items():
        if name in but:
            continue
        inner = _model_in(field.annotation)
        many = get_origin(field.annotation) is tuple
        if inner in _APART:
            note = _cell(notes.get(name, ""))
            rows.append(f"| `{prefix}{name}` | {'list' if many else 'mapping'} | empty | {note} |")
            continue
        path = f"{prefix}{name}" + ("[]" if many and inner is not None else "")
        default = "" if inner is not None else _default(field)
        kind = "section" if inner is not None and not many else _kind(field, inner)
        note = _cell(notes.get(name, "") + _spellings(name, field))
        rows.append(f"| `{path}` | {_cell(kind)} | {_cell(default)} | {note} |")
        if inner is LlmConfig:
            rows += _rows(inner, f"{path}.", but=set(ModelOverrides.model_fields))
        elif inner is not None and inner is not ModelOverrides:
            rows += _rows(inner, f"{path}.")
    return rows


def _model_in(annotation: Any) -> type[BaseModel] | None:
    model = model_in(annotation)
    if model is not None:
        return model
    for part in get_args(annotation):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def _kind(field: FieldInfo, inner: type[BaseModel] | None) -> str:
    text = "list" if inner is not None else _type(field.annotation)
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below",
             "min_length": "length at least", "max_length": "length at most"}  # fmt: skip
    bounds = [
        f"{word} {getattr(rule, bound)}"
        for rule in field.metadata
        for bound, word in words.items()
        if getattr(rule, bound, None) is not None
    ]
    return ", ".join([text, *bounds])


def _type(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        return "one of " + ", ".join(str(value) for value in get_args(annotation))
    if origin in (Union, types.UnionType):
        return " or ".join(
            "null" if part is type(None) else _type(part) for part in get_args(annotation)
        )
    if origin in (tuple, list):
        return "list"
    if origin is dict or annotation is dict:
        return "mapping"
    if origin is not None and hasattr(annotation, "__metadata__"):
        return _type(get_args(annotation)[0])
    known = {"int": "whole number", "float": "number", "str": "text", "bool": "true or false",
             "datetime": "date and time", "AwareDatetime": "date and time with zone"}  # fmt: skip
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join([str(member.value) for member in annotation])
    name = getattr(annotation, "__name__", str(annotation))
    return known.get(name, name)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None:
        return "null"
    if value in ((), {}, ""):
        return "empty"
    return f"`{value}`"


def _spellings(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    if not isinstance(alias, AliasChoices):
        return ""
    others = [f"`{choice}`" for choice in alias.choices if choice != name]
    return f" Also spelled {', '.join(others)}." if others else ""


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The strings that stand below the fields of a model and of its bases."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base in (object, BaseModel) or not issubclass(base, BaseModel):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(tree, ast.ClassDef)
        for above, below in zip(tree.body, tree.body[1:], strict=False):
            if (
                isinstance(above, ast.AnnAssign)
                and isinstance(above.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                found[above.target.id] = " ".join(below.value.value.split())
    return found


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES = {"cli.md": cli_page, "scenario-files.md": scenario_page}

if __name__ == "__main__":
    for page, write in PAGES.items():
        (HERE / page).write_text(write())
